// Convolution by its definition, for few input channels (the first layer of a network), over an image padded beforehand.
//
//   y[p][k] = relu(b[k] + Σ_(i,j,c) x[p·stride + (i,j)][c] · w[i][j][c][k])
//   dw[i][j][c][k] += Σ_p x[p·stride + (i,j)][c] · dy[p][k];   db[k] += Σ_p dy[p][k]
#pragma once

#include "simd.h"

namespace weft {
namespace WEFT_ISA {

template <int P, int N>
WEFT_INLINE void directPixels(const Direct& s, const float* x, const float* w, const float* bias, float* y) {
  const int step = s.strideWidth * s.channels;
  const int across = s.kernelWidth * s.channels;
  vf sum[P][N];
#pragma GCC unroll 2
  for (int n = 0; n < N; n++) {
    const vf b = bias ? load(bias + n * W) : zero();
#pragma GCC unroll 8
    for (int p = 0; p < P; p++) sum[p][n] = b;
  }
  for (int i = 0; i < s.kernelHeight; i++) {
    const float* row = x + static_cast<ptrdiff_t>(i) * s.paddedWidth * s.channels;
    for (int j = 0; j < across; j++) {
      vf right[N];
#pragma GCC unroll 2
      for (int n = 0; n < N; n++) right[n] = load(w + n * W);
      w += s.filters;
#pragma GCC unroll 8
      for (int p = 0; p < P; p++) {
        const vf left = splat(row[j + static_cast<ptrdiff_t>(p) * step]);
#pragma GCC unroll 2
        for (int n = 0; n < N; n++) sum[p][n] += left * right[n];
      }
    }
  }
#pragma GCC unroll 8
  for (int p = 0; p < P; p++) {
#pragma GCC unroll 2
    for (int n = 0; n < N; n++) {
      store(y + static_cast<ptrdiff_t>(p) * s.filters + n * W, s.relu ? relu(sum[p][n]) : sum[p][n]);
    }
  }
}

template <int N>
static void directFilters(const Direct& s, const float* x, const float* w, const float* bias, float* y) {
  constexpr int P = WEFT_WIDTH == 16 ? 8 : WEFT_WIDTH == 8 ? 5 : 4;
  const int step = s.strideWidth * s.channels;
  for (int oy = 0; oy < s.outHeight; oy++) {
    const float* row = x + static_cast<ptrdiff_t>(oy) * s.strideHeight * s.paddedWidth * s.channels;
    float* out = y + static_cast<ptrdiff_t>(oy) * s.outWidth * s.filters;
    int ox = 0;
    for (; ox + P <= s.outWidth; ox += P) directPixels<P, N>(s, row + ox * step, w, bias, out + ox * s.filters);
    for (; ox + 2 <= s.outWidth; ox += 2) directPixels<2, N>(s, row + ox * step, w, bias, out + ox * s.filters);
    for (; ox < s.outWidth; ox++) directPixels<1, N>(s, row + ox * step, w, bias, out + ox * s.filters);
  }
}

static void directForward(const Direct& s, const float* padded, const float* w, const float* bias, float* y) {
  int k = 0;
  for (; k + 2 * W <= s.filters; k += 2 * W) directFilters<2>(s, padded, w + k, bias ? bias + k : nullptr, y + k);
  if (k < s.filters) directFilters<1>(s, padded, w + k, bias ? bias + k : nullptr, y + k);
}

// T taps × N vectors of dw stay in registers while every pixel of the image passes.
template <int T, int N>
static __attribute__((noinline)) void directTaps(const Direct& s, const int* offsets, const float* x, const float* y,
                                                 const float* dy, float* dw, float* db) {
  vf sum[T][N], bias[N];
#pragma GCC unroll 2
  for (int n = 0; n < N; n++) {
    bias[n] = zero();
#pragma GCC unroll 9
    for (int t = 0; t < T; t++) sum[t][n] = load(dw + static_cast<ptrdiff_t>(t) * s.filters + n * W);
  }
  const float* at[T];
  for (int oy = 0; oy < s.outHeight; oy++) {
    const float* row = x + static_cast<ptrdiff_t>(oy) * s.strideHeight * s.paddedWidth * s.channels;
#pragma GCC unroll 9
    for (int t = 0; t < T; t++) at[t] = row + offsets[t];
    const ptrdiff_t line = static_cast<ptrdiff_t>(oy) * s.outWidth * s.filters;
    for (int ox = 0; ox < s.outWidth; ox++) {
      const ptrdiff_t pixel = line + static_cast<ptrdiff_t>(ox) * s.filters;
      const ptrdiff_t left = static_cast<ptrdiff_t>(ox) * s.strideWidth * s.channels;
#pragma GCC unroll 2
      for (int n = 0; n < N; n++) {
        vf g = load(dy + pixel + n * W);
        if (s.relu) g = whenPositive(load(y + pixel + n * W), g);
        bias[n] += g;
#pragma GCC unroll 9
        for (int t = 0; t < T; t++) sum[t][n] += splat(at[t][left]) * g;
      }
    }
  }
#pragma GCC unroll 2
  for (int n = 0; n < N; n++) {
    if (db) store(db + n * W, load(db + n * W) + bias[n]);
#pragma GCC unroll 9
    for (int t = 0; t < T; t++) store(dw + static_cast<ptrdiff_t>(t) * s.filters + n * W, sum[t][n]);
  }
}

template <int N>
static void directFilterGradientColumns(const Direct& s, const float* padded, const float* y, const float* dy, float* dw,
                                        float* db) {
  constexpr int T = WEFT_WIDTH == 16 ? 9 : 5;
  const int across = s.kernelWidth * s.channels, taps = s.kernelHeight * across;
  for (int first = 0; first < taps;) {
    const int some = taps - first >= T ? T : taps - first >= 3 ? 3 : 1;
    int offsets[T];
    for (int t = 0; t < some; t++) {
      const int tap = first + t;
      offsets[t] = tap / across * s.paddedWidth * s.channels + tap % across;
    }
    float* to = dw + static_cast<ptrdiff_t>(first) * s.filters;
    float* bias = first == 0 ? db : nullptr;
    if (some == T) directTaps<T, N>(s, offsets, padded, y, dy, to, bias);
    else if (some == 3) directTaps<3, N>(s, offsets, padded, y, dy, to, bias);
    else directTaps<1, N>(s, offsets, padded, y, dy, to, bias);
    first += some;
  }
}

static void directFilterGradient(const Direct& s, const float* padded, const float* y, const float* dy, float* dw, float* db) {
  int k = 0;
  for (; k + 2 * W <= s.filters; k += 2 * W) {
    directFilterGradientColumns<2>(s, padded, y + k, dy + k, dw + k, db ? db + k : nullptr);
  }
  if (k < s.filters) directFilterGradientColumns<1>(s, padded, y + k, dy + k, dw + k, db ? db + k : nullptr);
}

}  // namespace WEFT_ISA
}  // namespace weft
