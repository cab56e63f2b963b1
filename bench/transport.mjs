// Payload GB/s of a 4 MiB request and its 4 MiB reply over loopback between two processes, beside a bare Node socket echo.
// Interleaved ABBA in one run; median and best of the rounds; ratio > 1: better than the bare socket.
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { connect, listen, payloadPool } from '../packages/transport/dist/index.js';
import { quick, ratioOf, say, summary, writeResult } from './result.mjs';

const BYTES = 4 * 1024 ** 2;
async function serve(token) {
  const answer = new Uint8Array(BYTES);
  const pool = payloadPool({ maxRetainedBytes: 4 * BYTES });
  const handler = () => ({ payload: answer });
  const identity = { role: 'shard', rank: 0, run: 'bench' };
  const withCrc = await listen({ identity, token, handler, pool, crc: true });
  const withoutCrc = await listen({ identity, token, handler, pool, crc: false });
  const bare = net.createServer({ noDelay: true }, (socket) => {
    let received = 0;
    socket.on('data', (chunk) => {
      received += chunk.length;
      if (received < BYTES) return;
      received -= BYTES;
      socket.write(answer);
    });
  });
  bare.listen(0, '127.0.0.1');
  await once(bare, 'listening');
  process.send({ crc: withCrc.port, 'no crc': withoutCrc.port, bare: bare.address().port });
  await once(process, 'disconnect');
  process.exit(0);
}

async function weftClient(port, token, crc) {
  const connection = await connect({
    host: '127.0.0.1',
    port,
    identity: { role: 'worker', rank: 0, run: 'bench' },
    token,
    crc,
  });
  const payload = new Uint8Array(BYTES).fill(7);
  const into = new Uint8Array(BYTES);
  return { exchange: () => connection.request(16, {}, { payload, into }), close: () => connection.close() };
}

async function bareClient(port) {
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  const payload = new Uint8Array(BYTES).fill(7);
  let received = 0;
  let resolve = () => {};
  socket.on('data', (chunk) => {
    received += chunk.length;
    if (received < BYTES) return;
    received -= BYTES;
    resolve();
  });
  const exchange = () =>
    new Promise((done) => {
      resolve = done;
      socket.write(payload);
    });
  return { exchange, close: () => socket.destroy() };
}

async function main() {
  const rounds = quick ? 6 : 16;
  const exchanges = quick ? 20 : 50;
  const token = randomBytes(32);
  const child = fork(fileURLToPath(import.meta.url), ['--server']);
  child.send(token.toString('hex'));
  const [ports] = await once(child, 'message');
  const sides = {
    bare: { client: await bareClient(ports.bare), rates: [] },
    'no crc': { client: await weftClient(ports['no crc'], token, false), rates: [] },
    crc32c: { client: await weftClient(ports.crc, token, true), rates: [] },
  };
  const time = async ({ client }) => {
    const start = performance.now();
    for (let i = 0; i < exchanges; i++) await client.exchange();
    return (2 * BYTES * exchanges) / (performance.now() - start) / 1e6;
  };
  const all = Object.values(sides);
  for (const side of all) await time(side); // warm
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? all : all.toReversed()) side.rates.push(await time(side));
  }
  const best = { best: 'max' };
  const bare = summary(sides.bare.rates, best);
  const rows = ['no crc', 'crc32c'].map((name) => {
    const weft = summary(sides[name].rates, best);
    const ratio = ratioOf(weft.median, [bare.median], best);
    say(
      `4 MiB request and reply, ${name}: weft ${weft.median} GB/s (best ${weft.max}), bare socket ${bare.median} (best ${bare.max}): ratio ${ratio}`,
    );
    return {
      name: `4 MiB request and reply, ${name}`,
      unit: 'GB/s',
      weft,
      peers: { 'bare Node socket': bare },
      ratio,
      goal: null,
    };
  });
  for (const { client } of all) await client.close();
  child.disconnect();
  writeResult('transport', { versions: {}, rows });
}

if (process.argv.includes('--server')) {
  const [hex] = await once(process, 'message');
  await serve(Buffer.from(hex, 'hex'));
} else {
  await main();
}
