// Payload GB/s of a 4 MiB request and its 4 MiB reply over loopback between two processes, beside a bare Node socket echo.
// Interleaved ABBA in one run; median and best of the rounds; ratio > 1: better than the bare socket.
// Usage: node bench/loopback.mjs [--rounds N] [--exchanges N]
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import { connect, listen, payloadPool } from '../dist/index.js';

const BYTES = 4 * 1024 ** 2;
const option = (name, value) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? value : Number(process.argv[at + 1]);
};

async function serve(token) {
  const answer = new Uint8Array(BYTES);
  const pool = payloadPool({ maxRetainedBytes: 4 * BYTES });
  const handler = () => ({ payload: answer });
  const identity = { role: 'shard', rank: 0, run: 'bench' };
  const withCrc = await listen({ identity, token, handler, pool });
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
  const rounds = option('--rounds', 8);
  const exchanges = option('--exchanges', 50);
  const token = randomBytes(32);
  const child = fork(fileURLToPath(import.meta.url), ['--server']);
  child.send(token.toString('hex'));
  const [ports] = await once(child, 'message');
  const rows = [
    { name: 'bare Node socket', client: await bareClient(ports.bare), rates: [] },
    { name: 'weft, no crc', client: await weftClient(ports['no crc'], token, false), rates: [] },
    { name: 'weft, crc32c', client: await weftClient(ports.crc, token, true), rates: [] },
  ];
  const time = async (row) => {
    const start = performance.now();
    for (let i = 0; i < exchanges; i++) await row.client.exchange();
    return (2 * BYTES * exchanges) / (performance.now() - start) / 1e6;
  };
  for (const row of rows) await time(row); // warm
  for (let round = 0; round < rounds; round++) {
    for (const row of round % 2 === 0 ? rows : rows.toReversed()) row.rates.push(await time(row));
  }
  const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
  const base = median(rows[0].rates);
  for (const { name, rates } of rows) {
    const cells = [median(rates), Math.max(...rates), Math.min(...rates), median(rates) / base].map((x) =>
      x.toFixed(2),
    );
    console.log(`${name.padEnd(18)} median ${cells[0]} GB/s  best ${cells[1]}  worst ${cells[2]}  ratio ${cells[3]}`);
  }
  for (const { client } of rows) await client.close();
  child.disconnect();
}

if (process.argv.includes('--server')) {
  const [hex] = await once(process, 'message');
  await serve(Buffer.from(hex, 'hex'));
} else {
  await main();
}
