// `pnpm bench hdfs`: a gibibyte in shards out of a real HDFS, beside Hadoop's own Java client and curl; all on this machine, from the page cache.
import { execFile, fork, spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { HADOOP_VERSION, prepareHadoop, startHadoop } from '../packages/hdfs-loader/dist/hadoop/index.js';
import { dataHome, openStorage } from '../packages/hdfs-loader/dist/index.js';
import { ingestRows } from './ingest-rows.mjs';
import { quick, ratioOf, say, summary, writeResult } from './result.mjs';

const MiB = 1024 ** 2;
const SHARD_BYTES = 128 * MiB;
const SHARDS = quick ? 2 : 8;
const ROUNDS = quick ? 1 : 4;
const READ_AHEAD_BYTES = 64 * MiB;
const BLOCKS = { 'blocks of 128 MiB': 128 * MiB, 'blocks of 1 MiB': MiB };
const run = promisify(execFile);
const rate = (milliseconds) => (SHARDS * SHARD_BYTES) / 1e6 / (milliseconds / 1000);

const paths = (folder) => Array.from({ length: SHARDS }, (_, i) => `${folder}/shard-${i}`);

/** In a process of its own: the most memory that a streamed read holds, above what the process had before. */
async function measureMemory([url, folder]) {
  const { storage } = openStorage(url, { readAheadBytes: READ_AHEAD_BYTES });
  const drain = async () => {
    for (const path of paths(folder)) {
      for await (const piece of storage.read(path, { reuse: true }))
        peak = Math.max(peak, process.memoryUsage.rss(), piece.length);
    }
  };
  let peak = 0;
  await storage.stat(folder);
  globalThis.gc();
  const before = process.memoryUsage.rss();
  await drain();
  await storage.close();
  process.send({ bytes: peak - before });
}

/** Hadoop's client, in one warm JVM; null where Java cannot compile it. */
async function javaClient(hadoop, { java, jarsDir }, files) {
  const source = fileURLToPath(new URL('HdfsPeer.java', import.meta.url));
  const classPath = `${hadoop.confDir}:${join(jarsDir, '*')}`;
  const child = spawn(
    java.path,
    ['-Xmx1g', '-cp', classPath, source, hadoop.defaultFs, hadoop.url.replace('hdfs', 'webhdfs'), ...files],
    {
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (scheme) => {
    child.stdin.write(`${scheme}\n`);
    const { value, done } = await lines.next();
    if (done) return null;
    const [bytes, milliseconds] = value.split(' ').map(Number);
    if (bytes !== SHARDS * SHARD_BYTES) throw new Error(`java read ${bytes} bytes`);
    return milliseconds;
  };
  const end = async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  };
  return { read, end };
}

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** One block size: every way to read, in turn and back again. */
async function measure(hadoop, prepared, { label, blockBytes }) {
  const folder = `/bench/${blockBytes}`;
  const into = new Uint8Array(SHARD_BYTES);
  const { storage } = openStorage(hadoop.url);
  const overHttp = openStorage(hadoop.url, { directReads: false }).storage;
  const content = randomFillSync(new Uint8Array(SHARD_BYTES));
  for (const path of paths(folder)) await storage.write(path, content, { blockSize: blockBytes });
  const java = await javaClient(hadoop, prepared, paths(folder));
  const curl = paths(folder).flatMap((path) => [
    '-o',
    '/dev/null',
    `${hadoop.url.replace('hdfs', 'http')}/webhdfs/v1${path}?op=OPEN`,
  ]);
  const readAll = async (from) => {
    for (const path of paths(folder)) await from.readInto(path, into);
    if (Buffer.compare(into, content) !== 0) throw new Error('weft read other bytes than were written');
  };
  const stream = async () => {
    let bytes = 0;
    for (const path of paths(folder))
      for await (const piece of storage.read(path, { reuse: true })) bytes += piece.length;
    if (bytes !== SHARDS * SHARD_BYTES) throw new Error(`weft streamed ${bytes} bytes`);
  };
  const ways = {
    weft: () => timed(() => readAll(storage)),
    'java hdfs://': () => java.read('hdfs'),
    curl: () => timed(() => run('curl', ['-sfL', ...curl])).catch(() => null),
    'java webhdfs://': () => java.read('webhdfs'),
    'weft streamed': () => timed(stream),
    'weft over WebHDFS': () => timed(() => readAll(overHttp)),
  };
  const values = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  // The first round warms all up: page cache, JIT, connections.
  for (let round = 0; round <= ROUNDS; round++) {
    const names = Object.keys(ways);
    for (const name of round % 2 ? names.toReversed() : names) {
      const milliseconds = await ways[name]();
      if (round > 0 && milliseconds !== null) values[name].push(rate(milliseconds));
    }
  }
  await java.end();
  await storage.close();
  await overHttp.close();
  const row = (what, weft, peers, goal) => {
    const best = { best: 'max' };
    const summaries = Object.fromEntries(
      peers.filter((p) => values[p].length > 0).map((p) => [p, summary(values[p], best)]),
    );
    const own = summary(values[weft], best);
    const ratio = ratioOf(
      own.median,
      Object.values(summaries).map((s) => s.median),
      best,
    );
    const others = Object.entries(summaries).map(([name, s]) => `${name} ${s.median} (${s.max})`);
    say(
      `${label}, ${what}: ${own.median} (${own.max}) MB/s; ${others.join(', ') || 'no peer could be had'}: ${ratio ?? '–'}${goal ? `, goal ${goal}` : ''}`,
    );
    return { name: `${label}, ${what}`, unit: 'MB/s', weft: own, peers: summaries, ratio, ...(goal ? { goal } : {}) };
  };
  return [
    row('into memory, beside the Java client', 'weft', ['java hdfs://'], 1.0),
    row('into memory, beside curl on WebHDFS', 'weft', ['curl'], 1.2),
    row('as a stream, beside the Java client', 'weft streamed', ['java hdfs://'], null),
    row('over WebHDFS alone', 'weft over WebHDFS', ['java webhdfs://', 'curl'], null),
  ];
}

async function memoryRow(hadoop) {
  const flags = quick ? ['--quick'] : [];
  const args = ['--memory', hadoop.url, `/bench/${BLOCKS['blocks of 128 MiB']}`, ...flags];
  const child = fork(fileURLToPath(import.meta.url), args, { execArgv: ['--expose-gc'] });
  const [{ bytes }] = await once(child, 'message');
  const own = Math.round(bytes / MiB);
  say(
    `peak memory of the stream: ${own} MiB above the process before, for ${(SHARDS * SHARD_BYTES) / MiB} MiB read; read-ahead ${READ_AHEAD_BYTES / MiB} MiB`,
  );
  return {
    name: `peak memory of a stream, read-ahead ${READ_AHEAD_BYTES / MiB} MiB`,
    unit: 'MiB',
    weft: { median: own, min: own },
    peers: {},
    ratio: null,
  };
}

async function main() {
  const { env } = process;
  const localRepositories = [join(homedir(), '.m2', 'repository')];
  const prepared = await prepareHadoop({
    dataHome: dataHome(env),
    javaHome: env.JAVA_HOME,
    searchPath: env.PATH,
    repository: env.WEFT_MAVEN_REPOSITORY,
    localRepositories,
  });
  // Not the quick start of tests: what runs in a team's cluster has its compilers.
  const hadoop = await startHadoop({ ...prepared, dataNodes: 1, replication: 1, jvmArgs: ['-Xmx1g'] });
  try {
    const rows = [];
    for (const [label, blockBytes] of Object.entries(BLOCKS))
      rows.push(...(await measure(hadoop, prepared, { label, blockBytes })));
    rows.push(await memoryRow(hadoop), ...(await ingestRows(hadoop.url)));
    writeResult('hdfs', { versions: { hadoop: HADOOP_VERSION }, rows });
  } finally {
    await hadoop.close();
  }
}

if (process.argv[2] === '--memory') await measureMemory(process.argv.slice(3));
else await main();
