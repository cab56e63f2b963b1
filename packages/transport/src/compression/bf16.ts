import { fromBfloat, toBfloat } from '@weft/native';
import { expectCode, expectSpace } from './code-checks.js';
import type { ElementCodec } from './codec.js';
import { asUint16 } from './uint16-view.js';

// code = element:bf16[n]                                                               2 n bytes, little-endian

/**
 * bfloat16, the upper half of a float32, rounded to nearest even: 8 significant bits with float32's range. What rounds to more than
 * 3.39·10³⁸ is ±∞; NaN stays NaN.
 */
export const bf16: ElementCodec = {
  name: 'bf16',
  blockElements: 1,
  limit: 2 ** 127 * (2 - 2 ** -7),
  bytes: (n) => 2 * n,
  encode(x, out) {
    expectSpace('bf16', x.length, 2 * x.length, out.length);
    toBfloat(x, asUint16(out));
  },
  decode(bytes, out) {
    expectCode('bf16', out.length, 2 * out.length, bytes.length);
    fromBfloat(asUint16(bytes), out);
  },
};
