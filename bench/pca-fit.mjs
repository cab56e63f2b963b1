// weft's side of bench/pca.mjs, in a process of its own, so that its memory can be told: the protocol of pca-peer.py. Rows are read from the
// file in each pass, a chunk ahead of the arithmetic.
// Arguments: method, file of uint8 values, rows, features, components, threads, file for the components.

import { writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { Pca } from '../packages/preprocessing/dist/index.js';

const [method, path, , , , , out] = process.argv.slice(2);
const [rows, features, components, threads] = process.argv.slice(4, 8).map(Number);
const CHUNK_BYTES = 16 << 20;
const device = method === 'gpu' ? 'gpu' : 'cpu';

const most = Math.max(1, Math.min(rows, Math.floor(CHUNK_BYTES / features)));
const buffers = [new Uint8Array(most * features), new Uint8Array(most * features)];

async function* chunks() {
  const file = await open(path);
  const read = (start, turn) => {
    const count = Math.min(most, rows - start);
    return count > 0 ? file.read(buffers[turn], 0, count * features, start * features).then(() => count) : null;
  };
  try {
    let next = read(0, 0);
    for (let start = 0, turn = 0; next !== null; turn ^= 1) {
      const count = await next;
      next = read(start + count, turn ^ 1);
      yield { values: buffers[turn], rows: count, features };
      start += count;
    }
  } finally {
    await file.close();
  }
}

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
say({ versions: {} });
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'fit') continue;
  const started = performance.now();
  const pca = new Pca({ components, method: method === 'gpu' ? 'auto' : method });
  await pca.fit(chunks, { device, threads, onNotice: (text) => process.stderr.write(`${text}\n`) });
  const seconds = (performance.now() - started) / 1000;
  const peakMb = process.resourceUsage().maxRSS / 1024;
  writeFileSync(
    out,
    new Uint8Array(pca.componentMatrix.buffer, pca.componentMatrix.byteOffset, pca.componentMatrix.byteLength),
  );
  say({ seconds, peakMb });
}
