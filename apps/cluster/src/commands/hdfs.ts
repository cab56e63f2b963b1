/** `cluster hdfs up|down|status`: a Hadoop on this machine. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import {
  HADOOP_VERSION,
  type LocalStatus,
  localDown,
  localStatus,
  localUp,
  prepareHadoop,
} from '@weft/hdfs-loader/hadoop';
import type { Command } from 'commander';
import { parseByteSize } from '../byte-size.js';
import { hadoopConfig, terminal } from '../config.js';
import { ClusterError, interrupted, shown } from '../errors.js';
import { fetchView } from '../fetch-view.js';
import { bytes, duration, table } from '../format.js';
import { interruptible } from '../interruptible.js';

interface UpFlags {
  dir?: string;
  datanodes?: number;
  replication?: number;
  blockSize?: number;
  httpPort?: number;
  port?: number;
}

function wholeFlag(flag: string, o: { min: number; max: number }): (text: string) => number {
  return (text) => {
    const n = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (n >= o.min && n <= o.max) return n;
    throw new ClusterError('usage', `${flag}: a whole number from ${o.min} to ${o.max} expected, got ${shown(text)}`);
  };
}

/** Checksums are made over 512 bytes each. */
const CHECKSUM_BYTES = 512;
const SMALLEST_BLOCK = 1024;

/** `128MiB` or `134217728` → bytes */
export function parseBlockSize(text: string): number {
  const size = parseByteSize(text) ?? Number.NaN;
  if (Number.isSafeInteger(size) && size >= SMALLEST_BLOCK && size % CHECKSUM_BYTES === 0) return size;
  const what = `bytes, or as 128MiB, at least ${SMALLEST_BLOCK} and a multiple of ${CHECKSUM_BYTES}`;
  throw new ClusterError('usage', `--block-size: ${what} expected, got ${shown(text)}`);
}

async function up(flags: UpFlags): Promise<void> {
  const config = hadoopConfig(process.env);
  const dir = flags.dir ?? config.dir;
  const view = fetchView(process.stderr, {
    what: `Hadoop ${HADOOP_VERSION}`,
    terminal: terminal(process.stderr, process.env),
    now: () => performance.now(),
  });
  try {
    await interruptible({
      run: async (signal) => {
        const result = await localUp({
          dir,
          dataNodes: flags.datanodes,
          replication: flags.replication,
          blockSize: flags.blockSize,
          httpPort: flags.httpPort,
          rpcPort: flags.port,
          onNotice: view.line,
          signal,
          prepare: async () => {
            const prepared = await prepareHadoop({ ...config, onProgress: view.progress, signal });
            view.stop();
            return prepared;
          },
        }).catch((error: unknown) => {
          throw signal.aborted ? interrupted() : error;
        });
        const { url, already } = result;
        process.stdout.write(
          `HDFS is up${already ? ' already' : ''}: ${url}\n` +
            `  fs.defaultFS ${result.defaultFs}, data in ${result.layout.dir}\n` +
            'Try:\n' +
            `  pnpm cluster ingest fashion-mnist ${url}/fmnist\n` +
            `  pnpm cluster start --dataset ${url}/fmnist\n` +
            `  pnpm cluster hdfs down${flags.dir === undefined ? '' : ` --dir ${flags.dir}`}\n`,
        );
      },
      onKill: () => view.stop(),
    });
  } finally {
    view.stop();
  }
}

async function down({ dir = hadoopConfig(process.env).dir }: { dir?: string }): Promise<void> {
  const onNotice = (line: string): void => void process.stderr.write(`${line}\n`);
  const ended = await localDown({ dir, onNotice });
  process.stdout.write(ended === 0 ? `HDFS was down: ${dir}\n` : `HDFS is down; its data stays in ${dir}\n`);
}

function statusText(s: LocalStatus, nowMs: number): string {
  const rows = s.daemons.map(({ id, pid, sinceMs, address, memoryBytes }) => [
    id,
    pid === null ? 'down' : String(pid),
    sinceMs === null ? '–' : duration((nowMs - sinceMs) / 1000),
    address,
    memoryBytes === null ? '–' : bytes(memoryBytes),
  ]);
  const lines = [`HDFS ${s.up ? 'is up' : 'is down'}: ${s.url ?? 'never started'}`, `  data in ${s.dir}`];
  if (s.fileSystem) {
    const { liveDataNodes, capacityBytes, usedBytes, safeMode } = s.fileSystem;
    const mode = safeMode ? 'on: nothing can be written' : 'off';
    lines.push(`  fs.defaultFS ${s.defaultFs}`);
    lines.push(
      `  live DataNodes ${liveDataNodes}, ${bytes(usedBytes)} of ${bytes(capacityBytes)} used, safe mode ${mode}`,
    );
  }
  if (rows.length > 0) lines.push('', table([['daemon', 'pid', 'up for', 'address', 'memory'], ...rows]));
  return `${lines.join('\n')}\n`;
}

async function status(flags: { dir?: string; json?: boolean }): Promise<void> {
  const found = await localStatus(flags.dir ?? hadoopConfig(process.env).dir);
  process.stdout.write(flags.json ? `${JSON.stringify(found)}\n` : statusText(found, Date.now()));
  if (found.up) return;
  const missing = found.daemons.filter(({ pid }) => pid === null).map(({ id, logFile }) => `${id} (${logFile})`);
  const why = missing.length > 0 ? `not running: ${missing.join(', ')}` : 'its NameNode does not answer';
  throw new ClusterError('down', `HDFS is down: ${found.daemons.length === 0 ? 'never started' : why}`);
}

/** Adds the commands to the command line. */
export function addHdfs(root: Command): void {
  const hdfs = root.command('hdfs').description('a Hadoop on this machine: start it, end it, ask how it is');
  const dir = ['--dir <dir>', "folder for its data (hdfs in weft's data folder)"] as const;
  const port = { min: 1, max: 65_535 };
  hdfs
    .command('up')
    .description(
      'fetch Hadoop once, start it, and wait until it can be written to; options not given are as the last time',
    )
    .option(...dir)
    .option('--datanodes <n>', 'DataNodes (1)', wholeFlag('--datanodes', { min: 1, max: 64 }))
    .option(
      '--replication <n>',
      'copies of each block (as many as DataNodes, at most 3)',
      wholeFlag('--replication', { min: 1, max: 64 }),
    )
    .option('--block-size <bytes>', 'bytes of a block, or as 128MiB (128MiB)', parseBlockSize)
    .option('--http-port <port>', "WebHDFS, the port of weft's URLs (9870)", wholeFlag('--http-port', port))
    .option('--port <port>', "Hadoop's own protocol, the port of fs.defaultFS (8020)", wholeFlag('--port', port))
    .action((flags: UpFlags) => up(flags));
  hdfs
    .command('down')
    .description('end it in order; its data stays')
    .option(...dir)
    .action((flags: { dir?: string }) => down(flags));
  hdfs
    .command('status')
    .description('its processes, address and space; exit status 3 when it is down')
    .option(...dir)
    .option('--json', 'one JSON object')
    .action((flags: { dir?: string; json?: boolean }) => status(flags));
}
