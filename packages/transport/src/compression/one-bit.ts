import { ONE_BIT_BLOCK, oneBitBytes, oneBitDecodeBlocks, oneBitEncodeBlocks } from '@weft/native';
import { checkedCodec } from './codec.js';

// code  = block*                                                                       72 ⌊n / 512⌋ (+ 8 + ⌈m / 8⌉) bytes
// block = positive:f32 negative:f32 sign:bit[m]      m = 512, in the last block the rest; bit i of a block is bit i % 8 of byte ⌊i / 8⌋

/**
 * One bit an element: its sign, decoded as the mean of the block's elements of that sign (Seide, Fu, Droppo, Li, Yu 2014, "1-bit
 * stochastic gradient descent and its application to data-parallel distributed training of speech DNNs": the two values with the least
 * square error). The paper takes a column of a weight matrix as a block; here it is 512 elements of the flat vector.
 *
 * Zero has the sign of its bit. A block with NaN or ∞ in it decodes to NaN. Of use with error feedback only, hence for deltas.
 */
export const oneBit = checkedCodec({
  name: '1-bit',
  blockElements: ONE_BIT_BLOCK,
  limit: Number.POSITIVE_INFINITY,
  bytes: oneBitBytes,
  encode(x, out) {
    oneBitEncodeBlocks(x, out);
  },
  decode(bytes, out) {
    oneBitDecodeBlocks(bytes, out);
  },
});
