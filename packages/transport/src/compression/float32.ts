import { expectCode, expectSpace } from './code-checks.js';
import type { ElementCodec } from './codec.js';

// code = element:f32[n]                                                                4 n bytes, little-endian

const asBytes = (x: Float32Array) => new Uint8Array(x.buffer, x.byteOffset, x.byteLength);

/** The elements as they are. */
export const float32: ElementCodec = {
  name: 'float32',
  blockElements: 1,
  limit: Number.POSITIVE_INFINITY,
  bytes: (n) => 4 * n,
  encode(x, out) {
    expectSpace('float32', x.length, 4 * x.length, out.length);
    out.set(asBytes(x));
  },
  decode(bytes, out) {
    expectCode('float32', out.length, 4 * out.length, bytes.length);
    asBytes(out).set(bytes);
  },
};
