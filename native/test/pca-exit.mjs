/** A thread, and then the process, ends in the middle of a call. */
import { createRequire } from 'node:module';
import { isMainThread, Worker } from 'node:worker_threads';

const addon = createRequire(import.meta.url)('../build/Release/weft.node');
const features = 1200;
const o = { features, device: 'cpu', threads: 1, runtime: '', blas: '', solver: '' };
const x = new Uint8Array(features * 3000).fill(1);
new addon.PcaScatter(o).add(x, 3000);

if (isMainThread) {
  await new Promise((resolve) => new Worker(new URL(import.meta.url)).on('exit', resolve));
  console.log('the thread has ended');
  new addon.PcaScatter(o).add(x, 3000);
}
setTimeout(() => process.exit(isMainThread ? 7 : 0), 1);
