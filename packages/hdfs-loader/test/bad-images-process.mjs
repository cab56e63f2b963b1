// A process of source-position.test.ts: ingests class folders, leaving bad images out; before its n-th change of the storage it kills itself.
import { classFolders, fileStorage, ingest } from '../dist/index.js';

const [, , from, path, n] = process.argv;
let changes = 0;
const storage = fileStorage();
for (const method of ['write', 'rename', 'delete', 'mkdirs']) {
  const original = storage[method].bind(storage);
  storage[method] = (...args) => {
    if (changes++ === Number(n)) process.kill(process.pid, 'SIGKILL');
    return original(...args);
  };
}
const source = classFolders(storage, from, { imageSize: { height: 2, width: 2 }, onBadImage: 'skip', testShare: 0.3 });
await ingest(source, { storage, path }, { shardBytes: 70 });
process.stdout.write(String(changes));
