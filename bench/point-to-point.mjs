// Frames between two processes over loopback, beside iperf3, bare Node sockets and bare Node TLS sockets. Part of
// `pnpm bench transport`.
import { execFile, fork, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connect, listen, payloadPool } from '../packages/transport/dist/index.js';
import { quick, ratioOf, say, summary } from './result.mjs';

const MiB = 1024 ** 2;
const PUSH_BYTES = 4e6;
const SMALL_BYTES = 64;
const ROUNDS = quick ? 4 : 12;
const STREAM_BYTES = quick ? 256 * MiB : 768 * MiB;
const STREAM = 16;
const ECHO = 17;
const DONE = 18;
const PSK_CIPHER = { ciphers: 'TLS_AES_128_GCM_SHA256', minVersion: 'TLSv1.3' };
const VARIANTS = {
  plain: { tls: 'off', crc: false },
  crc: { tls: 'off', crc: true },
  tls: { tls: 'on' },
};
const identity = (role) => ({ role, rank: 0, run: 'bench' });

/** The other process: weft's servers, and bare sockets that swallow or echo. */
async function serve(token) {
  const center = new Uint8Array(PUSH_BYTES);
  const small = new Uint8Array(SMALL_BYTES);
  const handler = ({ kind, payload }) => {
    if (kind === STREAM) return undefined;
    if (kind === DONE) return {};
    return { sendView: payload.length > SMALL_BYTES ? center : small };
  };
  const ports = {};
  for (const [name, variant] of Object.entries(VARIANTS)) {
    const pool = payloadPool({ maxRetainedBytes: 64 * MiB });
    ports[name] = (await listen({ identity: identity('shard'), token, handler, pool, ...variant })).port;
  }
  const bare = async (server, onSocket) => {
    server.on(server instanceof tls.Server ? 'secureConnection' : 'connection', onSocket);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server.address().port;
  };
  const psk = { ...PSK_CIPHER, pskCallback: () => token, pskIdentityHint: 'bench' };
  /** Swallows what comes; answers with one byte when the stream's length has come. */
  const swallow = (socket) => {
    let received = 0;
    socket.on('data', (chunk) => {
      received += chunk.length;
      if (received < STREAM_BYTES) return;
      received -= STREAM_BYTES;
      socket.write('.');
    });
  };
  const echo = (bytes, answer) => (socket) => {
    let received = 0;
    socket.on('data', (chunk) => {
      received += chunk.length;
      for (; received >= bytes; received -= bytes) socket.write(answer);
    });
  };
  ports.bareTls = await bare(tls.createServer(psk), swallow);
  ports.barePush = await bare(net.createServer({ noDelay: true }), echo(PUSH_BYTES, center));
  ports.bareSmall = await bare(net.createServer({ noDelay: true }), echo(SMALL_BYTES, small));
  process.send(ports);
  await once(process, 'disconnect');
  process.exit(0);
}

/** GB/s of payloads of so many bytes, one way. */
function streamOver(connection, payloadBytes) {
  const view = new Uint8Array(payloadBytes).fill(7);
  return async () => {
    const start = performance.now();
    const inFlight = [];
    for (let sent = 0; sent < STREAM_BYTES; sent += payloadBytes) {
      inFlight.push(connection.notify(STREAM, {}, view));
      if (inFlight.length >= 4) await inFlight.shift();
    }
    await Promise.all(inFlight);
    await connection.request(DONE, {});
    return STREAM_BYTES / (performance.now() - start) / 1e6;
  };
}

function streamOverBare(socket, payloadBytes) {
  const view = new Uint8Array(payloadBytes).fill(7);
  return async () => {
    const done = once(socket, 'data');
    const start = performance.now();
    for (let sent = 0; sent < STREAM_BYTES; sent += payloadBytes) {
      if (!socket.write(view)) await once(socket, 'drain');
    }
    await done;
    return STREAM_BYTES / (performance.now() - start) / 1e6;
  };
}

/** One exchange with a bare socket: resolves when as many bytes have come back. */
function bareExchange(socket, bytes) {
  const view = new Uint8Array(bytes).fill(7);
  let received = 0;
  const waiting = [];
  socket.on('data', (chunk) => {
    received += chunk.length;
    for (; received >= bytes; received -= bytes) waiting.shift()();
  });
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      socket.write(view);
    });
}

async function rateEachWay(exchange, count) {
  const start = performance.now();
  for (let i = 0; i < count; i++) await exchange();
  return (PUSH_BYTES * count) / (performance.now() - start) / 1e6;
}

async function latencies(exchange, count) {
  const times = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await exchange();
    times.push((performance.now() - start) * 1e3);
  }
  times.sort((a, b) => a - b);
  return { p50: times[count >> 1], p99: times[Math.floor(count * 0.99)] };
}

async function requestsPerSecond(exchange, count) {
  const start = performance.now();
  let begun = 0;
  const lane = async () => {
    while (begun < count) {
      begun += 1;
      await exchange();
    }
  };
  await Promise.all(Array.from({ length: 64 }, lane));
  return count / ((performance.now() - start) / 1e3);
}

async function iperf3(block) {
  const server = spawn('iperf3', ['-s', '-1', '-p', '5299', '--forceflush'], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(server.stdout, 'data');
  const exit = once(server, 'exit');
  const args = ['-c', '127.0.0.1', '-p', '5299', '-l', block, '-n', String(STREAM_BYTES), '-J'];
  const { stdout } = await promisify(execFile)('iperf3', args, { maxBuffer: 16 * MiB });
  await exit;
  return JSON.parse(stdout).end.sum_received.bits_per_second / 8e9;
}

/** The rows of frames between two processes, and the versions of the peers. */
export async function pointToPointRows() {
  const token = randomBytes(32);
  const child = fork(fileURLToPath(import.meta.url), ['--serve', ...(quick ? ['--quick'] : [])]);
  child.send(token.toString('hex'));
  const [ports] = await once(child, 'message');
  const open = (variant) =>
    connect({ host: '127.0.0.1', port: ports[variant], identity: identity('worker'), token, ...VARIANTS[variant] });
  const connections = { plain: await open('plain'), crc: await open('crc'), tls: await open('tls') };
  const plainSocket = async (port) => {
    const socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    return socket;
  };
  const pskCallback = () => ({ psk: token, identity: 'bench' });
  const bareTls = tls.connect({
    ...PSK_CIPHER,
    port: ports.bareTls,
    pskCallback,
    ca: [],
    checkServerIdentity: () => undefined,
  });
  await once(bareTls, 'secureConnect');
  const sockets = { push: await plainSocket(ports.barePush), small: await plainSocket(ports.bareSmall) };

  const measured = {};
  const take = (name, value) => {
    measured[name] = [...(measured[name] ?? []), value];
  };
  const streams = Object.entries(connections).flatMap(([name, connection]) =>
    [1, 4].map((size) => [`${name} ${size} MiB`, streamOver(connection, size * MiB)]),
  );
  const bareStreams = [1, 4].map((size) => [`bare TLS ${size} MiB`, streamOverBare(bareTls, size * MiB)]);
  const haveIperf = spawnSync('iperf3', ['--version']).status === 0;
  const blocks = haveIperf ? ['128K', '256K', '512K', '1M'] : [];
  const iperfs = blocks.map((block) => [`iperf3 -l ${block}`, () => iperf3(block)]);
  const both = { sendView: new Uint8Array(PUSH_BYTES).fill(7), receiveInto: new Uint8Array(PUSH_BYTES) };
  const pushes = [
    ['push', () => rateEachWay(() => connections.plain.request(ECHO, {}, both), 50)],
    [
      'bare push',
      (
        (exchange) => () =>
          rateEachWay(exchange, 50)
      )(bareExchange(sockets.push, PUSH_BYTES)),
    ],
  ];
  const smallView = { sendView: new Uint8Array(SMALL_BYTES), receiveInto: undefined };
  const request = () => connections.plain.request(ECHO, {}, smallView);
  const bareSmall = bareExchange(sockets.small, SMALL_BYTES);
  const smalls = [
    ['latency', () => latencies(request, 4000)],
    ['bare latency', () => latencies(bareSmall, 4000)],
    ['requests', () => requestsPerSecond(request, 20_000)],
    ['bare requests', () => requestsPerSecond(bareSmall, 20_000)],
  ];
  const all = [...streams, ...iperfs, ...bareStreams, ...pushes, ...smalls];
  for (let round = -1; round < ROUNDS; round++) {
    for (const [name, measure] of round % 2 === 0 ? all : all.toReversed()) {
      const value = await measure();
      if (round >= 0) take(name, value); // the first warms up
    }
  }
  for (const connection of Object.values(connections)) await connection.close();
  for (const socket of [bareTls, ...Object.values(sockets)]) socket.destroy();
  child.disconnect();
  return { rows: rowsOf(measured, blocks), versions: { iperf3: haveIperf ? versionOf() : 'not to be had' } };
}

const versionOf = () => spawnSync('iperf3', ['--version'], { encoding: 'utf8' }).stdout.split('\n', 1)[0];

function rowsOf(measured, blocks) {
  const rate = { best: 'max' };
  const time = { best: 'min' };
  /** Of several settings of one contender, the one with the best median. */
  const bestOf = (names) =>
    names.map((name) => summary(measured[name], rate)).reduce((a, b) => (b.median > a.median ? b : a));
  const row = (name, { unit, weft, peers, o, goal = null, leastGBs }) => {
    const present = Object.fromEntries(Object.entries(peers).filter(([, values]) => values !== null));
    const ratio = ratioOf(
      weft.median,
      Object.values(present).map(({ median }) => median),
      o,
    );
    const best = o.best;
    const ratioOfBest = ratioOf(
      weft[best],
      Object.values(present).map((values) => values[best]),
      o,
    );
    const shown = Object.entries({ weft, ...present }).map(([who, v]) => `${who} ${v.median} (${v[best]})`);
    say(`${name}, ${unit}, median (best): ${shown.join(', ')}: ratio ${ratio} (${ratioOfBest})`);
    return { name, unit, weft, peers: present, ratio, ratioOfBest, goal, ...(leastGBs && { leastGBs }) };
  };
  const iperf = blocks.length > 0 ? bestOf(blocks.map((block) => `iperf3 -l ${block}`)) : null;
  const stream = (name) => bestOf([`${name} 1 MiB`, `${name} 4 MiB`]);
  const of = (name, o) => summary(measured[name], o);
  const percentile = (name, p) =>
    summary(
      measured[name].map((v) => v[p]),
      time,
    );
  const GBs = { unit: 'GB/s', o: rate };
  const us = { unit: 'µs', o: time };
  return [
    row('frames one way, no checksum', { ...GBs, weft: stream('plain'), peers: { iperf3: iperf }, goal: 0.85 }),
    row('frames one way, crc32c', { ...GBs, weft: stream('crc'), peers: { iperf3: iperf }, goal: 0.85 }),
    row('frames one way, TLS 1.3', {
      ...GBs,
      weft: stream('tls'),
      peers: { 'bare Node TLS': stream('bare TLS') },
      goal: 0.85,
    }),
    row('push and pull of 4 MB, one shard, each way', {
      ...GBs,
      weft: of('push', rate),
      peers: { 'bare Node socket': of('bare push', rate) },
      leastGBs: 0.5,
    }),
    ...['p50', 'p99'].map((p) =>
      row(`request of 64 bytes, ${p}`, {
        ...us,
        weft: percentile('latency', p),
        peers: { 'bare Node socket': percentile('bare latency', p) },
      }),
    ),
    row('requests of 64 bytes, 64 in flight', {
      unit: '1/s',
      o: rate,
      weft: of('requests', rate),
      peers: { 'bare Node socket': of('bare requests', rate) },
    }),
  ];
}

if (process.argv.includes('--serve')) {
  const [hex] = await once(process, 'message');
  await serve(Buffer.from(hex, 'hex'));
}
