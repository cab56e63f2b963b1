import { INT8_BLOCK, int8Bytes, int8DecodeBlocks, int8EncodeBlocks } from '@weft/native';
import { checkedCodec } from './codec.js';

// code  = block*                                                                       n + 4 ⌈n / 256⌉ bytes
// block = scale:f32 q:i8[m]             m = 256, in the last block the rest; little-endian

/**
 * Int8 with one scale for each 256 elements: s = max |x| / 127, q = round-half-even(x / s), decoded s q.
 *
 * A block with NaN or ∞ in it has s = NaN and q = 0: all of it decodes to NaN, so that it is seen; a scale that is not finite decodes to
 * NaN. A block whose s is 0 in float32 is all zeros.
 */
export const int8 = checkedCodec({
  name: 'int8',
  blockElements: INT8_BLOCK,
  limit: Number.POSITIVE_INFINITY,
  bytes: int8Bytes,
  encode(x, out) {
    int8EncodeBlocks(x, out);
  },
  decode(bytes, out) {
    int8DecodeBlocks(bytes, out);
  },
});
