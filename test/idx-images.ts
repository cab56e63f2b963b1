/** A small data set in the official IDX format, learnable in a few steps: class k is bright in its own rows, with seeded noise. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const SIDE = 28;
const CLASSES = 10;

/** A linear congruential generator (Numerical Recipes' constants): enough for noise. */
function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
}

function idx(magic: number, dimensions: readonly number[], data: Uint8Array): Buffer {
  const head = Buffer.alloc(4 + 4 * dimensions.length);
  head.writeUInt32BE(magic, 0);
  for (const [i, n] of dimensions.entries()) head.writeUInt32BE(n, 4 + 4 * i);
  return Buffer.concat([head, data]);
}

function images(count: number, next: () => number): { pixels: Uint8Array; labels: Uint8Array } {
  const pixels = new Uint8Array(count * SIDE * SIDE);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const label = i % CLASSES;
    labels[i] = label;
    for (let row = 0; row < SIDE; row++) {
      const bright = Math.floor((row * CLASSES) / SIDE) === label ? 128 : 0;
      for (let column = 0; column < SIDE; column++) pixels[(i * SIDE + row) * SIDE + column] = bright + (next() >> 1);
    }
  }
  return { pixels, labels };
}

/** Writes the four files into a folder. */
export function writeIdxImages(dir: string, o: { train: number; test: number }): void {
  mkdirSync(dir, { recursive: true });
  const next = noise(7);
  for (const [prefix, count] of [
    ['train', o.train],
    ['t10k', o.test],
  ] as const) {
    const { pixels, labels } = images(count, next);
    writeFileSync(join(dir, `${prefix}-images-idx3-ubyte.gz`), gzipSync(idx(0x0803, [count, SIDE, SIDE], pixels)));
    writeFileSync(join(dir, `${prefix}-labels-idx1-ubyte.gz`), gzipSync(idx(0x0801, [count], labels)));
  }
}
