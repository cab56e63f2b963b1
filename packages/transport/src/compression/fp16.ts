import { fromHalf, toHalf } from '@weft/native';
import { checkedCodec } from './codec.js';
import { asUint16 } from './uint16-view.js';

// code = element:f16[n]                                                                2 n bytes, little-endian

/**
 * IEEE 754 half precision (binary16), rounded to nearest even: 11 significant bits, down to 2⁻²⁴. What rounds to more than 65504 is ±∞;
 * NaN stays NaN.
 */
export const fp16 = checkedCodec({
  name: 'fp16',
  blockElements: 1,
  limit: 65504,
  bytes: (n) => 2 * n,
  encode(x, out) {
    toHalf(x, asUint16(out));
  },
  decode(bytes, out) {
    fromHalf(asUint16(bytes), out);
  },
});
