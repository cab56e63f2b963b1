// A process of staged-shards.test.ts: writes the training shards whose indexes it is told, of ten samples of 2 × 2 real numbers each.
import { fileStorage, writeShard } from '../dist/index.js';

const [, , dir, ...indexes] = process.argv;
for (const index of indexes.map(Number)) {
  const samples = {
    inputs: Float32Array.from({ length: 40 }, (_, i) => 10 * index + i / 4 - 8),
    labels: Uint16Array.from({ length: 10 }, (_, i) => (10 * index + i) % 3),
    count: 10,
    features: 4,
  };
  const shard = await writeShard(
    { storage: fileStorage(), dir },
    { subset: 'train', index, inputShape: [2, 2, 1], classes: 3, samples },
  );
  process.stdout.write(`${JSON.stringify({ index, shard })}\n`);
}
