import { bytesOf } from '../byte-view.js';
import { checkedCodec } from './codec.js';

// code = element:f32[n]                                                                4 n bytes, little-endian

/** The elements as they are. */
export const float32 = checkedCodec({
  name: 'float32',
  blockElements: 1,
  limit: Number.POSITIVE_INFINITY,
  bytes: (n) => 4 * n,
  encode(x, out) {
    out.set(bytesOf(x));
  },
  decode(bytes, out) {
    bytesOf(out).set(bytes);
  },
});
