import { fromBfloat, toBfloat } from '@weft/native';
import { checkedCodec } from './codec.js';
import { asUint16 } from './uint16-view.js';

// code = element:bf16[n]                                                               2 n bytes, little-endian

/**
 * bfloat16, the upper half of a float32, rounded to nearest even: 8 significant bits with float32's range. What rounds to more than
 * 3.39·10³⁸ is ±∞; NaN stays NaN.
 */
export const bf16 = checkedCodec({
  name: 'bf16',
  blockElements: 1,
  limit: 2 ** 127 * (2 - 2 ** -7),
  bytes: (n) => 2 * n,
  encode(x, out) {
    toBfloat(x, asUint16(out));
  },
  decode(bytes, out) {
    fromBfloat(asUint16(bytes), out);
  },
});
