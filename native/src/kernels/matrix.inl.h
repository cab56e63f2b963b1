// Small matrix products that stay in cache: C (rows × columns) = A (rows × depth) · B (depth × columns), or C += .
#pragma once

#include "simd.h"

namespace weft {
namespace WEFT_ISA {

struct Extent {
  int rows, columns, depth;  // columns: a multiple of W
};
/** Element (r, k) of A is data[r · rowStride + k · depthStride]. */
struct Left {
  const float* data;
  int rowStride, depthStride;
};

// R × (N vectors) of C live in registers while the depth runs: 12 × 2 accumulators of AVX-512's 32 registers, 6 × 2 of AVX2's 16.
constexpr int REGISTER_ROWS = WEFT_WIDTH == 16 ? 12 : WEFT_WIDTH == 8 ? 6 : 4;

template <int R, int N>
WEFT_INLINE void multiplyTile(int depth, Left a, const float* b, int ldb, float* c, int ldc, bool accumulate) {
  vf sum[R][N];
#pragma GCC unroll 12
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 2
    for (int n = 0; n < N; n++) sum[r][n] = accumulate ? load(c + static_cast<ptrdiff_t>(r) * ldc + n * W) : zero();
  }
  for (int k = 0; k < depth; k++) {
    vf right[N];
#pragma GCC unroll 2
    for (int n = 0; n < N; n++) right[n] = load(b + static_cast<ptrdiff_t>(k) * ldb + n * W);
    const float* p = a.data + static_cast<ptrdiff_t>(k) * a.depthStride;
#pragma GCC unroll 12
    for (int r = 0; r < R; r++) {
      const vf left = splat(p[static_cast<ptrdiff_t>(r) * a.rowStride]);
#pragma GCC unroll 2
      for (int n = 0; n < N; n++) sum[r][n] += left * right[n];
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 2
    for (int n = 0; n < N; n++) store(c + static_cast<ptrdiff_t>(r) * ldc + n * W, sum[r][n]);
  }
}

template <int R, int N>
static __attribute__((noinline)) void multiplyTileCall(int depth, Left a, const float* b, int ldb, float* c, int ldc,
                                                       bool accumulate) {
  multiplyTile<R, N>(depth, a, b, ldb, c, ldc, accumulate);
}

template <int N>
static void multiplyColumns(Extent e, Left a, const float* b, int ldb, float* c, int ldc, bool accumulate) {
  constexpr int R = REGISTER_ROWS;
  // As many equal row blocks as fit: 32 rows are 8 + 8 + 8 + 8, not 12 + 12 + 8, so that no block is too short to hide latency.
  const int blocks = (e.rows + R - 1) / R;
  int r = 0;
  for (int i = 0; i < blocks; i++) {
    const int rows = (e.rows - r + (blocks - i) - 1) / (blocks - i);
    const Left at{a.data + static_cast<ptrdiff_t>(r) * a.rowStride, a.rowStride, a.depthStride};
    float* to = c + static_cast<ptrdiff_t>(r) * ldc;
    switch (rows) {
#define WEFT_ROWS(n) \
  case n:            \
    multiplyTileCall<n, N>(e.depth, at, b, ldb, to, ldc, accumulate); \
    break;
#if WEFT_WIDTH == 16
      WEFT_ROWS(12) WEFT_ROWS(11) WEFT_ROWS(10) WEFT_ROWS(9) WEFT_ROWS(8) WEFT_ROWS(7)
#endif
#if WEFT_WIDTH >= 8
      WEFT_ROWS(6) WEFT_ROWS(5)
#endif
      WEFT_ROWS(4) WEFT_ROWS(3) WEFT_ROWS(2) WEFT_ROWS(1)
#undef WEFT_ROWS
    }
    r += rows;
  }
}

static void multiply(Extent e, Left a, const float* b, int ldb, float* c, int ldc, bool accumulate) {
  int n = 0;
  for (; n + 2 * W <= e.columns; n += 2 * W) multiplyColumns<2>(e, a, b + n, ldb, c + n, ldc, accumulate);
  if (n < e.columns) multiplyColumns<1>(e, a, b + n, ldb, c + n, ldc, accumulate);
}

}  // namespace WEFT_ISA
}  // namespace weft
