// Kernels over rows of data: what a covariance is taken of.
#pragma once

#include "simd.h"

namespace weft {
namespace WEFT_ISA {

typedef double vd __attribute__((vector_size(WEFT_WIDTH * 8)));
typedef double vdu __attribute__((vector_size(WEFT_WIDTH * 8), aligned(8), may_alias));

static void centreBytes(const uint8_t* x, const float* s, float* out, size_t n) {
  size_t i = 0;
  for (; i + W <= n; i += W) store(out + i, __builtin_convertvector(loadBytes(x + i), vf) - load(s + i));
  for (; i < n; i++) out[i] = static_cast<float>(x[i]) - s[i];
}

static void centreFloats(const float* x, const float* s, float* out, size_t n) {
  size_t i = 0;
  for (; i + W <= n; i += W) store(out + i, load(x + i) - load(s + i));
  for (; i < n; i++) out[i] = x[i] - s[i];
}

static double addMoments(const float* x, double* sums, size_t n) {
  vd squares = {};
  size_t i = 0;
  for (; i + W <= n; i += W) {
    const vd v = __builtin_convertvector(load(x + i), vd);
    vdu* sum = reinterpret_cast<vdu*>(sums + i);
    *sum = *sum + v;
    squares += v * v;
  }
  double total = 0;
  for (int lane = 0; lane < W; lane++) total += squares[lane];
  for (; i < n; i++) {
    const double v = x[i];
    sums[i] += v;
    total += v * v;
  }
  return total;
}

}  // namespace WEFT_ISA
}  // namespace weft
