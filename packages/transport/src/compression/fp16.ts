import { fromHalf, toHalf } from '@weft/native';
import { expectCode, expectSpace } from './code-checks.js';
import type { ElementCodec } from './codec.js';
import { asUint16 } from './uint16-view.js';

// code = element:f16[n]                                                                2 n bytes, little-endian

/**
 * IEEE 754 half precision (binary16), rounded to nearest even: 11 significant bits, down to 2⁻²⁴. What rounds to more than 65504 is ±∞;
 * NaN stays NaN.
 */
export const fp16: ElementCodec = {
  name: 'fp16',
  blockElements: 1,
  limit: 65504,
  bytes: (n) => 2 * n,
  encode(x, out) {
    expectSpace('fp16', x.length, 2 * x.length, out.length);
    toHalf(x, asUint16(out));
  },
  decode(bytes, out) {
    expectCode('fp16', out.length, 2 * out.length, bytes.length);
    fromHalf(asUint16(bytes), out);
  },
};
