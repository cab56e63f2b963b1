// Winograd's minimal filtering F(4×4, 3×3) for stride-1 convolutions (Lavin & Gray 2016), forward and its exact adjoint.
//
//   Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A     d: 6×6 input tile, g: 3×3 filter, Y: 4×4 output tile
//
// over C channels and K filters the ⊙ is 36 products V_f (tiles × C) · U_f (C × K). The gradients are the transposed maps:
//   dM = A dY Aᵀ;  dU_f += V_fᵀ dM_f;  dg = Gᵀ dU G;  dV_f = dM_f U_fᵀ;  dd = B dV Bᵀ, added where tiles overlap.
#pragma once

#include "matrix.inl.h"
#include "simd.h"

namespace weft {
namespace WEFT_ISA {

// The points are 0, ±1, ±2, ∞.
WEFT_INLINE void inputTransform(const vf* d, int ds, vf* o, int os) {  // o = Bᵀ d
  const vf d0 = d[0], d1 = d[ds], d2 = d[2 * ds], d3 = d[3 * ds], d4 = d[4 * ds], d5 = d[5 * ds];
  const vf a = d4 - 4.0f * d2, b = d3 - 4.0f * d1, c = d4 - d2, e = 2.0f * (d3 - d1);
  o[0] = 4.0f * d0 - 5.0f * d2 + d4;
  o[os] = a + b;
  o[2 * os] = a - b;
  o[3 * os] = c + e;
  o[4 * os] = c - e;
  o[5 * os] = 4.0f * d1 - 5.0f * d3 + d5;
}
WEFT_INLINE void inputTransposed(const vf* v, int vs, vf* o, int os) {  // o = B v
  const vf v0 = v[0], v5 = v[5 * vs];
  const vf s12 = v[vs] + v[2 * vs], m12 = v[vs] - v[2 * vs], s34 = v[3 * vs] + v[4 * vs], m34 = v[3 * vs] - v[4 * vs];
  o[0] = 4.0f * v0;
  o[os] = -4.0f * m12 - 2.0f * m34 + 4.0f * v5;
  o[2 * os] = -5.0f * v0 - 4.0f * s12 - s34;
  o[3 * os] = m12 + 2.0f * m34 - 5.0f * v5;
  o[4 * os] = v0 + s12 + s34;
  o[5 * os] = v5;
}
WEFT_INLINE void outputTransform(const vf* m, int ms, vf* o, int os) {  // o = Aᵀ m
  const vf s12 = m[ms] + m[2 * ms], m12 = m[ms] - m[2 * ms], s34 = m[3 * ms] + m[4 * ms], m34 = m[3 * ms] - m[4 * ms];
  o[0] = m[0] + s12 + s34;
  o[os] = m12 + 2.0f * m34;
  o[2 * os] = s12 + 4.0f * s34;
  o[3 * os] = m12 + 8.0f * m34 + m[5 * ms];
}
WEFT_INLINE void outputTransposed(const vf* y, int ys, vf* o, int os) {  // o = A y
  const vf y0 = y[0], y1 = y[ys], y2 = y[2 * ys], y3 = y[3 * ys];
  const vf a = y0 + y2, b = y1 + y3, c = y0 + 4.0f * y2, e = 2.0f * y1 + 8.0f * y3;
  o[0] = y0;
  o[os] = a + b;
  o[2 * os] = a - b;
  o[3 * os] = c + e;
  o[4 * os] = c - e;
  o[5 * os] = y3;
}

struct Tiles {
  int across, count;
};
WEFT_INLINE Tiles tilesOf(const Winograd& s) {
  const int across = (s.outWidth + 3) / 4;
  return {across, across * ((s.outHeight + 3) / 4)};
}
// One frequency's stride: 16 more than it holds, so that 36 streams do not fall into one set of the first-level cache.
WEFT_INLINE size_t frequencyStride(int tiles, int channels) { return static_cast<size_t>(tiles) * channels + 16; }

static size_t winogradScratch(const Winograd& s) {
  const int block = s.blockTiles;
  return 36 * (2 * frequencyStride(block, s.channels) + frequencyStride(block, s.filters));
}

static void winogradFilter(const Winograd& s, const float* w, float* u, float* ut) {
  static const float G[6][3] = {{0.25f, 0, 0},
                                {-1 / 6.0f, -1 / 6.0f, -1 / 6.0f},
                                {-1 / 6.0f, 1 / 6.0f, -1 / 6.0f},
                                {1 / 24.0f, 1 / 12.0f, 1 / 6.0f},
                                {1 / 24.0f, -1 / 12.0f, 1 / 6.0f},
                                {0, 0, 1}};
  const int C = s.channels, K = s.filters;
  for (int c = 0; c < C; c++) {
    for (int k = 0; k < K; k += W) {
      vf t[6][3];
      for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 3; j++) {
          vf sum = zero();
          for (int r = 0; r < 3; r++) sum += G[i][r] * load(w + (static_cast<size_t>(r * 3 + j) * C + c) * K + k);
          t[i][j] = sum;
        }
      }
      for (int i = 0; i < 6; i++) {
        for (int j = 0; j < 6; j++) {
          const vf v = G[j][0] * t[i][0] + G[j][1] * t[i][1] + G[j][2] * t[i][2];
          const size_t f = i * 6 + j;
          store(u + (f * C + c) * K + k, v);
          if (ut) {
            for (int l = 0; l < W; l++) ut[(f * K + k + l) * C + c] = v[l];
          }
        }
      }
    }
  }
}

static void winogradFilterGradient(const Winograd& s, const float* du, float* dw) {
  static const float GT[3][6] = {{0.25f, -1 / 6.0f, -1 / 6.0f, 1 / 24.0f, 1 / 24.0f, 0},
                                 {0, -1 / 6.0f, 1 / 6.0f, 1 / 12.0f, -1 / 12.0f, 0},
                                 {0, -1 / 6.0f, -1 / 6.0f, 1 / 6.0f, 1 / 6.0f, 1}};
  const int C = s.channels, K = s.filters;
  for (int c = 0; c < C; c++) {
    for (int k = 0; k < K; k += W) {
      vf t[3][6];
      for (int j = 0; j < 6; j++) {
        for (int r = 0; r < 3; r++) {
          vf sum = zero();
          for (int i = 0; i < 6; i++) sum += GT[r][i] * load(du + (static_cast<size_t>(i * 6 + j) * C + c) * K + k);
          t[r][j] = sum;
        }
      }
      for (int r = 0; r < 3; r++) {
        for (int q = 0; q < 3; q++) {
          vf sum = zero();
          for (int j = 0; j < 6; j++) sum += GT[q][j] * t[r][j];
          store(dw + (static_cast<size_t>(r * 3 + q) * C + c) * K + k, sum);
        }
      }
    }
  }
}

// V ← Bᵀ d B for the tiles [first, last).
static void transformInput(const Winograd& s, const float* x, int first, int last, float* v, size_t vs) {
  const Tiles tiles = tilesOf(s);
  const int C = s.channels;
  for (int t = first; t < last; t++) {
    const int y0 = t / tiles.across * 4 - s.padTop, x0 = t % tiles.across * 4 - s.padLeft;
    const bool inside = y0 >= 0 && x0 >= 0 && y0 + 6 <= s.height && x0 + 6 <= s.width;
    for (int c = 0; c < C; c += W) {
      vf d[36], a[36], b[6];
      if (inside) {
        const float* p = x + (static_cast<ptrdiff_t>(y0) * s.width + x0) * C + c;
#pragma GCC unroll 6
        for (int j = 0; j < 6; j++) {
#pragma GCC unroll 6
          for (int i = 0; i < 6; i++) b[i] = load(p + (static_cast<ptrdiff_t>(i) * s.width + j) * C);
          inputTransform(b, 1, a + j, 6);
        }
      } else {
        for (int i = 0; i < 6; i++) {
          for (int j = 0; j < 6; j++) {
            const int r = y0 + i, q = x0 + j;
            const bool in = r >= 0 && q >= 0 && r < s.height && q < s.width;
            d[i * 6 + j] = in ? load(x + (static_cast<ptrdiff_t>(r) * s.width + q) * C + c) : zero();
          }
        }
        for (int j = 0; j < 6; j++) inputTransform(d + j, 6, a + j, 6);
      }
      float* o = v + static_cast<size_t>(t - first) * C + c;
#pragma GCC unroll 6
      for (int i = 0; i < 6; i++) {
        inputTransform(a + i * 6, 1, b, 1);
#pragma GCC unroll 6
        for (int j = 0; j < 6; j++) store(o + (i * 6 + j) * vs, b[j]);
      }
    }
  }
}

static void winogradForward(const Winograd& s, const float* x, const float* u, const float* bias, float* y, uint8_t* choice,
                            float* scratch) {
  const Tiles tiles = tilesOf(s);
  const int C = s.channels, K = s.filters, block = s.blockTiles;
  const size_t vs = frequencyStride(block, C), ms = frequencyStride(block, K);
  float* v = scratch;
  float* m = scratch + 36 * vs;
  const int pooledHeight = s.outHeight / 2, pooledWidth = s.outWidth / 2;
  for (int first = 0; first < tiles.count; first += block) {
    const int last = first + block < tiles.count ? first + block : tiles.count;
    transformInput(s, x, first, last, v, vs);
    for (int f = 0; f < 36; f++) {
      multiply({last - first, K, C}, {v + f * vs, C, 1}, u + static_cast<size_t>(f) * C * K, K, m + f * ms, K, false);
    }
    for (int t = first; t < last; t++) {
      const int oy = t / tiles.across * 4, ox = t % tiles.across * 4;
      for (int k = 0; k < K; k += W) {
        vf a[24], b[6], o[16];
        const float* p = m + static_cast<size_t>(t - first) * K + k;
#pragma GCC unroll 6
        for (int j = 0; j < 6; j++) {
#pragma GCC unroll 6
          for (int i = 0; i < 6; i++) b[i] = load(p + (i * 6 + j) * ms);
          outputTransform(b, 1, a + j, 6);
        }
        const vf offset = bias ? load(bias + k) : zero();
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) {
          outputTransform(a + i * 6, 1, o + i * 4, 1);
#pragma GCC unroll 4
          for (int j = 0; j < 4; j++) o[i * 4 + j] += offset;
        }
        if (s.pool) {
#pragma GCC unroll 2
          for (int i = 0; i < 2; i++) {
#pragma GCC unroll 2
            for (int j = 0; j < 2; j++) {
              const int py = oy / 2 + i, px = ox / 2 + j;
              if (py >= pooledHeight || px >= pooledWidth) continue;
              vf best = o[i * 8 + j * 2];
              vi which = vi{};
#pragma GCC unroll 3
              for (int n = 1; n < 4; n++) {
                const vf next = o[(i * 2 + n / 2) * 4 + j * 2 + n % 2];
                which = next > best ? vi{} + n : which;
                best = maximum(best, next);
              }
              if (s.relu) {
                which = best > vf{} ? which : vi{} + 4;
                best = relu(best);
              }
              const size_t at = (static_cast<size_t>(py) * pooledWidth + px) * K + k;
              store(y + at, best);
              storeBytes(choice + at, which);
            }
          }
          continue;
        }
        for (int i = 0; i < 4 && oy + i < s.outHeight; i++) {
          for (int j = 0; j < 4 && ox + j < s.outWidth; j++) {
            const vf value = s.relu ? relu(o[i * 4 + j]) : o[i * 4 + j];
            store(y + (static_cast<size_t>(oy + i) * s.outWidth + ox + j) * K + k, value);
          }
        }
      }
    }
  }
}

// dM ← A dY Aᵀ for the tiles [first, last); db += Σ dY. The masks of relu and of the pool are applied on the way.
static void transformOutputGradient(const Winograd& s, const float* y, const uint8_t* choice, const float* dy, int first,
                                    int last, float* dm, size_t ms, float* db) {
  const Tiles tiles = tilesOf(s);
  const int K = s.filters, pooledHeight = s.outHeight / 2, pooledWidth = s.outWidth / 2;
  for (int t = first; t < last; t++) {
    const int oy = t / tiles.across * 4, ox = t % tiles.across * 4;
    for (int k = 0; k < K; k += W) {
      vf g[16], a[24], b[6];
      vf sum = zero();
      if (s.pool) {
#pragma GCC unroll 2
        for (int i = 0; i < 2; i++) {
#pragma GCC unroll 2
          for (int j = 0; j < 2; j++) {
            const int py = oy / 2 + i, px = ox / 2 + j;
            const bool in = py < pooledHeight && px < pooledWidth;
            const size_t at = (static_cast<size_t>(py) * pooledWidth + px) * K + k;
            const vf value = in ? load(dy + at) : zero();
            const vi which = in ? loadBytes(choice + at) : vi{} + 4;
#pragma GCC unroll 4
            for (int n = 0; n < 4; n++) {
              g[(i * 2 + n / 2) * 4 + j * 2 + n % 2] = which == vi{} + n ? value : vf{};
            }
            sum += which < vi{} + 4 ? value : vf{};
          }
        }
      } else {
        for (int i = 0; i < 4; i++) {
          for (int j = 0; j < 4; j++) {
            const bool in = oy + i < s.outHeight && ox + j < s.outWidth;
            const size_t at = (static_cast<size_t>(oy + i) * s.outWidth + ox + j) * K + k;
            vf value = in ? load(dy + at) : zero();
            if (in && s.relu) value = whenPositive(load(y + at), value);
            g[i * 4 + j] = value;
            sum += value;
          }
        }
      }
      if (db) store(db + k, load(db + k) + sum);
      float* o = dm + static_cast<size_t>(t - first) * K + k;
      vf full[24];
#pragma GCC unroll 4
      for (int j = 0; j < 4; j++) outputTransposed(g + j, 4, full + j, 4);
      (void)a;
#pragma GCC unroll 6
      for (int i = 0; i < 6; i++) {
        outputTransposed(full + i * 4, 1, b, 1);
#pragma GCC unroll 6
        for (int j = 0; j < 6; j++) store(o + (i * 6 + j) * ms, b[j]);
      }
    }
  }
}

// dx += B dV Bᵀ for the tiles [first, last).
static void transformInputGradient(const Winograd& s, const float* dv, size_t vs, int first, int last, float* dx) {
  const Tiles tiles = tilesOf(s);
  const int C = s.channels;
  for (int t = first; t < last; t++) {
    const int y0 = t / tiles.across * 4 - s.padTop, x0 = t % tiles.across * 4 - s.padLeft;
    const bool inside = y0 >= 0 && x0 >= 0 && y0 + 6 <= s.height && x0 + 6 <= s.width;
    for (int c = 0; c < C; c += W) {
      vf a[36], b[6];
      const float* p = dv + static_cast<size_t>(t - first) * C + c;
#pragma GCC unroll 6
      for (int j = 0; j < 6; j++) {
#pragma GCC unroll 6
        for (int i = 0; i < 6; i++) b[i] = load(p + (i * 6 + j) * vs);
        inputTransposed(b, 1, a + j, 6);
      }
      float* o = dx + (static_cast<ptrdiff_t>(y0) * s.width + x0) * C + c;
#pragma GCC unroll 6
      for (int i = 0; i < 6; i++) {
        inputTransposed(a + i * 6, 1, b, 1);
        if (inside) {
#pragma GCC unroll 6
          for (int j = 0; j < 6; j++) {
            float* q = o + (static_cast<ptrdiff_t>(i) * s.width + j) * C;
            store(q, load(q) + b[j]);
          }
          continue;
        }
        for (int j = 0; j < 6; j++) {
          if (y0 + i < 0 || x0 + j < 0 || y0 + i >= s.height || x0 + j >= s.width) continue;
          float* q = o + (static_cast<ptrdiff_t>(i) * s.width + j) * C;
          store(q, load(q) + b[j]);
        }
      }
    }
  }
}

static void winogradBackward(const Winograd& s, const float* x, const float* ut, const float* y, const uint8_t* choice,
                             const float* dy, float* dx, float* du, float* db, float* scratch) {
  const Tiles tiles = tilesOf(s);
  const int C = s.channels, K = s.filters, block = s.blockTiles;
  const size_t vs = frequencyStride(block, C), ms = frequencyStride(block, K);
  float* v = scratch;
  float* dv = v + 36 * vs;
  float* dm = dv + 36 * vs;
  if (dx) {
    const size_t n = static_cast<size_t>(s.height) * s.width * C;
    for (size_t i = 0; i < n; i += W) store(dx + i, zero());
  }
  for (int first = 0; first < tiles.count; first += block) {
    const int last = first + block < tiles.count ? first + block : tiles.count;
    transformOutputGradient(s, y, choice, dy, first, last, dm, ms, db);
    if (du) {
      transformInput(s, x, first, last, v, vs);
      for (int f = 0; f < 36; f++) {
        multiply({C, K, last - first}, {v + f * vs, 1, C}, dm + f * ms, K, du + static_cast<size_t>(f) * C * K, K, true);
      }
    }
    if (!dx) continue;
    for (int f = 0; f < 36; f++) {
      multiply({last - first, C, K}, {dm + f * ms, K, 1}, ut + static_cast<size_t>(f) * C * K, C, dv + f * vs, C, false);
    }
    transformInputGradient(s, dv, vs, first, last, dx);
  }
}

}  // namespace WEFT_ISA
}  // namespace weft
