// Prints which kernels ran and a digest of what those of compression gave: `node kernel-bits.mjs [twins]`, with WEFT_KERNELS or without.
import { createHash } from 'node:crypto';
import { int8Bytes, oneBitBytes } from '../dist/blocks.js';
import { KERNELS, PORTABLE } from '../dist/kernels.js';
import { addon } from '../dist/native.js';

const found = addon();
const twins = process.argv[2] === 'twins';
const k = twins ? PORTABLE : KERNELS;
const hash = createHash('sha256');
const take = (v) => hash.update(new Uint8Array(v.buffer, v.byteOffset, v.byteLength));

// Lehmer's generator over many magnitudes, with every float's rare neighbours among it.
const RARE = [0, -0, 2 ** -149, -(2 ** -126), 3.4028234663852886e38, 65504, -65520, 1e-30];
function values(n, seed, spread = 1) {
  let x = seed * 48271 + 1;
  const next = () => {
    x = (x * 48271) % 2147483647;
    return x / 2147483647;
  };
  return Float32Array.from({ length: n }, (_, i) =>
    spread > 1 && i % 97 === 5 ? RARE[Math.floor(next() * RARE.length)] : (2 * next() - 1) * spread ** (next() * 2 - 1),
  );
}

for (const n of [0, 1, 7, 8, 9, 31, 255, 256, 257, 511, 512, 513, 1000, 10_007]) {
  for (const spread of [1, 1e3, 1e30]) {
    // A view that starts off any vector's boundary
    const x = values(n + 1, n + 1, spread).subarray(1);
    const y = new Float32Array(n);
    const code = new Uint8Array(int8Bytes(n));
    k.int8EncodeBlocks(x, code);
    take(code);
    k.int8DecodeBlocks(code, y);
    take(y);
    const bits = new Uint8Array(oneBitBytes(n));
    k.oneBitEncodeBlocks(x, bits);
    take(bits);
    k.oneBitDecodeBlocks(bits, y);
    take(y);
    k.clip(65504, x, y);
    take(y);
    // As error feedback uses them, with factors that float32 holds
    k.add(x, y);
    take(y);
    k.axpy(-1, x, y);
    take(y);
    k.scale(Math.fround(0.9), y);
    take(y);
    k.scaledDifference(1, x, y, y);
    take(y);
    const [indexes, largest] = [new Uint32Array(n >> 3), new Float32Array(n >> 3)];
    k.topK(x, indexes, largest);
    take(indexes);
    take(largest);
    const half = new Uint16Array(n);
    for (const [to, from] of [
      ['toHalf', 'fromHalf'],
      ['toBfloat', 'fromBfloat'],
    ]) {
      k[to](x, half);
      take(half);
      k[from](half, y);
      take(y);
    }
  }
}
for (const [rows, columns, depth] of [
  [1, 1, 1],
  [29, 3, 300],
  [4, 225, 700],
  [100, 37, 4],
  [12, 64, 31],
]) {
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      const c = new Float32Array(rows * columns);
      k.matrixProduct(values(rows * depth, 1), values(depth * columns, 2), c, {
        rows,
        columns,
        depth,
        transposeA,
        transposeB,
      });
      take(c);
      k.orthonormalize(c, columns);
      take(c);
    }
  }
}
console.log(`${twins ? 'twins' : found.ok ? found.addon.kernels : 'none'} ${hash.digest('hex')}`);
