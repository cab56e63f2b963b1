// C = op(A) · op(B) with every element of C summed in the order of the depth, each operation rounded by itself (no fused multiply-add):
// the same bits on every instruction set and in lib/matrix.ts, so that ranks on different CPUs agree. A vector of C's columns is a
// register; a rest of columns goes through a zero-padded copy.
#pragma once

#include "matrix.inl.h"
#include "vector.decl.h"

namespace weft {
namespace WEFT_ISA {

// So many rows of B are packed, or read down, at once: 256 × 16 floats are half of a first-level cache.
constexpr int PRODUCT_DEPTH = 256;

size_t productScratch(const Product& p) {
  return static_cast<size_t>(p.rows + (p.depth < PRODUCT_DEPTH ? p.depth : PRODUCT_DEPTH)) * W;
}

void product(const Product& p, const float* a, const float* b, float* c, float* scratch) {
  const int rowStride = p.transposeA ? 1 : p.depth, depthStride = p.transposeA ? p.rows : 1;
  if (p.depth == 0) {
    for (size_t i = 0; i < static_cast<size_t>(p.rows) * p.columns; i++) c[i] = 0;
    return;
  }
  // B as it lies serves whole vectors of columns; one that is transposed is packed.
  const int whole = p.transposeB ? 0 : p.columns / W * W;
  float* packed = scratch + static_cast<size_t>(p.rows) * W;
  for (int k = 0; k < p.depth; k += PRODUCT_DEPTH) {
    const int depth = p.depth - k < PRODUCT_DEPTH ? p.depth - k : PRODUCT_DEPTH;
    const Left left{a + static_cast<ptrdiff_t>(k) * depthStride, rowStride, depthStride};
    if (whole > 0) multiply({p.rows, whole, depth}, left, b + static_cast<ptrdiff_t>(k) * p.columns, p.columns, c, p.columns, k > 0);
  }
  for (int j = whole; j < p.columns; j += W) {
    const int columns = p.columns - j < W ? p.columns - j : W;
    for (int k = 0; k < p.depth; k += PRODUCT_DEPTH) {
      const int depth = p.depth - k < PRODUCT_DEPTH ? p.depth - k : PRODUCT_DEPTH;
      for (int d = 0; d < depth; d++) {
        for (int l = 0; l < W; l++) {
          const ptrdiff_t row = k + d, column = j + l;
          packed[d * W + l] = l >= columns ? 0 : p.transposeB ? b[column * p.depth + row] : b[row * p.columns + column];
        }
      }
      const Left left{a + static_cast<ptrdiff_t>(k) * depthStride, rowStride, depthStride};
      multiply({p.rows, W, depth}, left, packed, W, scratch, W, k > 0);
    }
    for (ptrdiff_t r = 0; r < p.rows; r++) {
      for (int l = 0; l < columns; l++) c[r * p.columns + j + l] = scratch[r * W + l];
    }
  }
}

}  // namespace WEFT_ISA
}  // namespace weft
