// One way and back over loopback between two processes, interleaved in one run:
// payload GB/s of a stream of 4 MiB notifications beside iperf3 at its best block length (it takes 1 MiB at most), and the
// time of a 64-byte request and how many a second go through, beside a bare Node socket that echoes.
import { execFile, fork, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connect, listen, payloadPool } from '../packages/transport/dist/index.js';
import { quick, ratioOf, say, summary, writeResult } from './result.mjs';

const BYTES = 4 * 1024 ** 2;
const IN_FLIGHT = 4;
const BLOCKS = ['128K', '256K', '512K', '1M'];
const SECONDS = quick ? 0.5 : 1;
const ECHO = 17;
const STREAM = 16;
const identity = (role) => ({ role, rank: 0, run: 'bench' });
const handler = ({ kind, payload }) => (kind === ECHO ? { sendView: payload } : undefined);

/** The other process: receives the streams, and echoes for the bare socket. */
async function receive({ ports, token }) {
  const o = { host: '127.0.0.1', identity: identity('worker'), token: Buffer.from(token, 'hex'), handler };
  const pool = payloadPool({ maxRetainedBytes: 2 * IN_FLIGHT * BYTES });
  await connect({ ...o, pool, port: ports.crc });
  await connect({ ...o, pool, port: ports['no crc'], crc: false });
  const bare = net.connect({ host: '127.0.0.1', port: ports.bare, noDelay: true });
  bare.on('data', (chunk) => bare.write(chunk));
  await once(process, 'disconnect');
  process.exit(0);
}

async function accept(token, crc) {
  let onConnection;
  const connection = new Promise((resolve) => {
    onConnection = resolve;
  });
  const server = await listen({ identity: identity('shard'), token, handler, crc, onConnection });
  return { port: server.port, connection, close: () => server.close() };
}

/** GB/s of a stream of notifications, until the peer has handled the last. */
async function stream(connection, views) {
  const start = performance.now();
  let bytes = 0;
  await Promise.all(
    views.map(async (view) => {
      while (performance.now() - start < SECONDS * 1000) {
        await connection.notify(STREAM, {}, view);
        bytes += view.byteLength;
      }
    }),
  );
  await connection.request(STREAM, {});
  return bytes / (performance.now() - start) / 1e6;
}

async function iperf(block) {
  const port = await new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
  const server = spawn('iperf3', ['-s', '-1', '-p', port, '--forceflush'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(server, 'exit');
  await once(server.stdout, 'data');
  const args = ['-c', '127.0.0.1', '-p', port, '-l', block, '-t', Math.ceil(SECONDS), '-J'];
  const { stdout } = await promisify(execFile)('iperf3', args);
  await ended;
  return JSON.parse(stdout).end.sum_received.bits_per_second / 8e9;
}

/** µs of each of n exchanges, one after the other. */
async function times(exchange, n) {
  const all = [];
  for (let i = 0; i < n; i++) {
    const start = performance.now();
    await exchange();
    all.push((performance.now() - start) * 1e3);
  }
  return all.sort((a, b) => a - b);
}

/** Exchanges a second with 64 in flight. */
async function rate(exchange) {
  const start = performance.now();
  let n = 0;
  const lane = async () => {
    for (; performance.now() - start < SECONDS * 1000; n++) await exchange();
  };
  await Promise.all(Array.from({ length: 64 }, lane));
  return n / (performance.now() - start);
}

async function main() {
  const token = randomBytes(32);
  const sides = { crc: await accept(token, true), 'no crc': await accept(token, false) };
  const bare = net.createServer({ noDelay: true }).listen(0, '127.0.0.1');
  await once(bare, 'listening');
  const child = fork(fileURLToPath(import.meta.url), ['--receive']);
  const ports = { crc: sides.crc.port, 'no crc': sides['no crc'].port, bare: bare.address().port };
  child.send({ ports, token: token.toString('hex') });
  const [socket] = await once(bare, 'connection');
  const connections = { crc: await sides.crc.connection, 'no crc': await sides['no crc'].connection };
  const views = Array.from({ length: IN_FLIGHT }, () => new Uint8Array(BYTES).fill(7));
  const small = new Uint8Array(64);
  const waiting = [];
  socket.on('data', (chunk) => {
    for (let n = chunk.length; n > 0; n -= small.length) waiting.shift()?.();
  });
  const exchanges = {
    weft: () => connections.crc.request(ECHO, {}, { sendView: small }),
    bare: () => new Promise((resolve) => waiting.push(resolve) && socket.write(small)),
  };
  const rates = { crc: [], 'no crc': [] };
  const blocks = Object.fromEntries(BLOCKS.map((block) => [block, []]));
  const small64 = { weft: { p50: [], p99: [], rate: [] }, bare: { p50: [], p99: [], rate: [] } };
  const withIperf = await promisify(execFile)('iperf3', ['--version']).then(
    ({ stdout }) => stdout.split('\n', 1)[0],
    () => null,
  );
  const steps = [
    ...Object.keys(rates).map((name) => async () => rates[name].push(await stream(connections[name], views))),
    ...(withIperf ? BLOCKS : []).map((block) => async () => blocks[block].push(await iperf(block))),
    ...Object.keys(small64).map((name) => async () => {
      const all = await times(exchanges[name], quick ? 2000 : 5000);
      small64[name].p50.push(all[Math.floor(all.length * 0.5)]);
      small64[name].p99.push(all[Math.floor(all.length * 0.99)]);
      small64[name].rate.push(await rate(exchanges[name]));
    }),
  ];
  const rounds = quick ? 3 : 8;
  for (const step of steps) await step(); // warm
  for (const lists of [...Object.values(rates), ...Object.values(blocks)]) lists.length = 0;
  for (const { p50, p99, rate } of Object.values(small64)) for (const list of [p50, p99, rate]) list.length = 0;
  for (let i = 0; i < rounds; i++) for (const step of i % 2 === 0 ? steps : steps.toReversed()) await step();

  const rows = [];
  const add = (name, unit, best, { weft, peers, goal = null }) => {
    const of = (values) => summary(values, { best });
    const measured = Object.fromEntries(Object.entries(peers).map(([peer, values]) => [peer, of(values)]));
    const own = of(weft);
    const ratio = ratioOf(
      own.median,
      Object.values(measured).map((peer) => peer.median),
      { best },
    );
    rows.push({ name, unit, weft: own, peers: measured, ratio, goal });
    const beside = Object.entries(measured).map(([peer, { median }]) => `${peer} ${median}`);
    say(`${name}: weft ${own.median} ${unit} (best ${own[best]}), ${beside.join(', ') || 'no peer'}: ratio ${ratio}`);
  };
  const peers = withIperf ? Object.fromEntries(BLOCKS.map((block) => [`iperf3 -l ${block}`, blocks[block]])) : {};
  add('stream of 4 MiB, no crc', 'GB/s', 'max', { weft: rates['no crc'], peers, goal: 0.85 });
  add('stream of 4 MiB, crc32c', 'GB/s', 'max', { weft: rates.crc, peers, goal: 0.85 });
  for (const [key, what] of [
    ['p50', '64-byte request, p50'],
    ['p99', '64-byte request, p99'],
  ]) {
    add(what, 'µs', 'min', { weft: small64.weft[key], peers: { 'bare Node socket': small64.bare[key] } });
  }
  const perSecond = { weft: small64.weft.rate, peers: { 'bare Node socket': small64.bare.rate } };
  add('64-byte requests, 64 in flight', 'thousand/s', 'max', perSecond);
  await Promise.all(Object.values(sides).map((side) => side.close()));
  socket.destroy();
  bare.close();
  child.disconnect();
  writeResult('point-to-point', { versions: { iperf3: withIperf }, rows });
}

if (process.argv.includes('--receive')) {
  const [message] = await once(process, 'message');
  await receive(message);
} else {
  await main();
}
