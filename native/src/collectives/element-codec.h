// Elements as they are written on the wire: float32, IEEE half, bfloat16, or int8 in blocks of 256, each [scale: float32][int8 …].
#pragma once

#include "transfer.h"

namespace weft {

size_t wireBytes(Wire wire, size_t elements);
void encodeElements(Wire wire, const float* x, size_t n, uint8_t* out);
void decodeElements(Wire wire, const uint8_t* bytes, size_t n, float* out);
/** y ← y ⊕ x. max: NaN where either is, +0 above −0, so that the order of its operands does not show. */
void reduceElements(Reduction op, const float* x, float* y, size_t n);

}  // namespace weft
