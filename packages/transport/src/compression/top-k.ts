import { add, topK as largest, scale } from '@weft/native';
import { TransportError } from '../errors.js';
import { asFloat32 } from '../float32-view.js';
import { expectState, spaceFor } from './code-checks.js';
import type { Compressor } from './scheme.js';

// code = k:u32 index:u32[k] value:f32[k]                                               4 + 8 k bytes, little-endian
//        index strictly ascending, each below n. An encoder sends k = ⌈ratio n⌉; a decoder takes any k ≤ n.

/** What top-k can be told. */
export interface TopKOptions {
  /** Share of the elements that a message carries, in (0, 1]; at least one element is sent. */
  readonly ratio: number;
  /** m of the momentum correction, in [0, 1). Without it g itself is accumulated. */
  readonly momentum?: number;
  /** Momentum factor masking: the velocity of what was sent is cleared. True unless said otherwise. */
  readonly masking?: boolean;
}

interface Sparse {
  readonly indexes: Uint32Array;
  readonly values: Float32Array;
}

/** Checks all of a message before any of it is used. */
function parse(bytes: Uint8Array, n: number): Sparse {
  const whole = bytes.length >= 4 && bytes.length % 4 === 0;
  const values = asFloat32(whole ? bytes : bytes.subarray(0, 0));
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const k = words[0];
  if (k === undefined || k > n || words.length !== 1 + 2 * k) {
    throw new TransportError(
      'protocol',
      `top-k: 4 + 8 k bytes with k ≤ ${n} expected, ${bytes.length} came${k === undefined ? '' : ` with k = ${k}`}`,
    );
  }
  const indexes = words.subarray(1, 1 + k);
  let least = 0;
  for (const index of indexes) {
    if (index < least || index >= n)
      throw new TransportError('protocol', `top-k: an index from ${least} to ${n - 1} expected, ${index} came`);
    least = index + 1;
  }
  return { indexes, values: values.subarray(1 + k) };
}

/**
 * The elements of largest magnitude, the others kept for later (Lin, Han, Mao, Wang, Dally 2018, "Deep gradient compression"):
 * u ← m u + g; v ← v + u; send the k largest of |v|; v ← 0 there, and u ← 0 there too (masking). v is the residual, u the velocity; without
 * momentum u = g.
 *
 * With momentum the sum of what was sent and v is that of all u; it stands for the receiver's momentum, which must then have none.
 * Selection is exact (the paper samples a threshold): by counting digits of the magnitudes' bits. Of equal magnitudes the lower index goes
 * first. The paper's warm-up of the ratio (25 %, 6.25 %, …, 0.1 % over four epochs) is one compressor after another with the same state.
 *
 * @throws {TransportError} `configuration` when an option is out of its range
 * @example topK({ ratio: 0.001, momentum: 0.9 })
 */
export function topK(options: TopKOptions): Compressor {
  const { ratio, momentum = 0, masking = true } = options;
  if (!(ratio > 0 && ratio <= 1))
    throw new TransportError('configuration', `top-k: 0 < ratio ≤ 1 expected, got ${ratio}`);
  if (!(momentum >= 0 && momentum < 1))
    throw new TransportError('configuration', `top-k: 0 ≤ momentum < 1 expected, got ${momentum}`);
  const m = Math.fround(momentum);
  const count = (n: number) => Math.min(n, Math.ceil(ratio * n));
  const bytesOf = (n: number) => 4 + 8 * count(n);
  return {
    scheme: 'top-k',
    message: 'delta',
    bytes: bytesOf,
    init: (n) => ({ residual: new Float32Array(n), velocity: new Float32Array(m > 0 ? n : 0) }),

    compress(g, state, out) {
      const n = g.length;
      const k = count(n);
      const { residual: v, velocity: u } = state;
      expectState('top-k', state, { residual: n, velocity: m > 0 ? n : 0 });
      const code = asFloat32(spaceFor('top-k', n, bytesOf(n), out));
      const words = new Uint32Array(code.buffer, code.byteOffset, code.length);
      if (m > 0) {
        scale(m, u);
        add(g, u);
      }
      add(m > 0 ? u : g, v);
      const indexes = words.subarray(1, 1 + k);
      words[0] = k;
      largest(v, indexes, code.subarray(1 + k));
      for (const i of indexes) v[i] = 0;
      if (m > 0 && masking) for (const i of indexes) u[i] = 0;
      return 4 * code.length;
    },

    decompress(bytes, out) {
      const { indexes, values } = parse(bytes, out.length);
      out.fill(0);
      for (let i = 0; i < indexes.length; i++) out[indexes[i]!] = values[i]!;
    },

    addDecompressed(bytes, y) {
      const { indexes, values } = parse(bytes, y.length);
      for (let i = 0; i < indexes.length; i++) y[indexes[i]!]! += values[i]!;
    },
  };
}
