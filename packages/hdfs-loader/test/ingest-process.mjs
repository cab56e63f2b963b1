// A process of ingest.test.ts: ingests syntheticSource() as its run() does; before its n-th change of the storage it kills itself.
import { fileStorage, ingest, samplesSource } from '../dist/index.js';

const [, , path, n, overwrite] = process.argv;
const samples = (count, first) => ({
  inputs: Uint8Array.from({ length: count * 4 }, (_, i) => first + Math.floor(i / 4)),
  labels: Uint16Array.from({ length: count }, (_, i) => (first + i) % 3),
  count,
  features: 4,
});
const source = samplesSource({
  name: 'synthetic',
  split: 'official',
  note: 'Made for tests.',
  inputShape: [2, 2, 1],
  labelNames: ['a', 'b', 'c'],
  fingerprint: '0123456789abcdef',
  train: samples(25, 0),
  test: samples(7, 100),
});
let changes = 0;
const storage = fileStorage();
for (const method of ['write', 'rename', 'delete', 'mkdirs']) {
  const original = storage[method].bind(storage);
  storage[method] = (...args) => {
    if (changes++ === Number(n)) process.kill(process.pid, 'SIGKILL');
    return original(...args);
  };
}
await ingest(source, { storage, path }, { shardBytes: 60, overwrite: overwrite === 'overwrite' });
process.stdout.write(String(changes));
