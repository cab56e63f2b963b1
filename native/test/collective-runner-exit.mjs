// Ends while a runner's thread is in the middle of a job: by process.exit, by the end of its worker thread (many times), or by being
// forgotten when it is idle. A fault in the addon ends the process by a signal.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { CollectiveRunner } from '../dist/index.js';

const start = (fd) =>
  new CollectiveRunner({ receive: [fd], send: [fd], rests: [new Uint8Array(0)], spins: fd % 2 === 0 ? 2000 : 0 });

/** Waits for a frame that never comes. */
const run = (runner) =>
  runner.run({
    vector: new Float32Array(1000),
    sends: Float64Array.of(0, 0, 1000, -1, 0, 0),
    receives: Float64Array.of(0, 0, 1000, -1, 0, 0),
    head: new Uint8Array(48),
    wire: 'float32',
    op: 'sum',
    factor: 1,
    crc: true,
    timeoutMs: 60_000,
  });

async function socket() {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect({ port: server.address().port, host: '127.0.0.1' }).pause();
  await Promise.all([once(server, 'connection'), once(near, 'connect')]);
  return near._handle.fd;
}

if (!isMainThread) {
  void run(start(workerData));
  if (workerData % 3 === 0) process.exit(0);
  parentPort.postMessage('running');
} else {
  const how = process.argv[2];
  const fd = await socket();
  if (how === 'exit') {
    void run(start(fd));
    setImmediate(() => process.exit(7));
  } else if (how === 'terminate') {
    for (let i = 0; i < 12; i++) {
      const worker = new Worker(new URL(import.meta.url), { workerData: i % 2 === 0 ? fd : await socket() });
      await Promise.race([once(worker, 'message'), once(worker, 'exit')]);
      await worker.terminate();
    }
    process.exit(0);
  } else {
    for (let i = 0; i < 20; i++) start(fd);
    for (let i = 0; i < 5; i++) {
      globalThis.gc();
      await new Promise((resolve) => setImmediate(resolve));
    }
    process.exit(0);
  }
}
