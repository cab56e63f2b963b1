// The vector kernels of lib/vector.ts and lib/step.ts: the same formulas, W elements at a time, one pass over memory each.
//
// Compiled without contraction into fused multiply-adds: every operation is rounded by itself, as IEEE 754 has it, so that an element's
// bits depend neither on where in a vector it stands, nor on how vectors are cut into shards, nor on the instruction set.
#pragma once

#include "vector.decl.h"

namespace weft {
namespace WEFT_ISA {

WEFT_INLINE vf root(vf x) {
  vf r;
  for (int i = 0; i < W; i++) r[i] = __builtin_sqrtf(x[i]);
  return r;
}

// Runs body(i) on whole vectors, then once more on the tail through zero-filled copies: LOAD and STORE are the only accesses.
#define WEFT_EACH(n, ...)                                                                   \
  {                                                                                         \
    size_t i = 0;                                                                           \
    for (; i + W <= (n); i += W) {                                                          \
      auto LOAD = [&](const float* p) __attribute__((always_inline)) { return load(p + i); };       \
      auto STORE = [&](float* p, vf value) __attribute__((always_inline)) { store(p + i, value); }; \
      __VA_ARGS__                                                                           \
    }                                                                                       \
    const int rest = static_cast<int>((n) - i);                                             \
    if (rest > 0) {                                                                         \
      auto LOAD = [&](const float* p) __attribute__((always_inline)) {                              \
        vf v{};                                                                             \
        for (int l = 0; l < rest; l++) v[l] = p[i + l];                                     \
        return v;                                                                           \
      };                                                                                    \
      auto STORE = [&](float* p, vf value) __attribute__((always_inline)) {                         \
        for (int l = 0; l < rest; l++) p[i + l] = value[l];                                 \
      };                                                                                    \
      __VA_ARGS__                                                                           \
    }                                                                                       \
  }

void add(const float* x, float* y, size_t n) { WEFT_EACH(n, STORE(y, LOAD(y) + LOAD(x));) }
void axpy(float a, const float* x, float* y, size_t n) { WEFT_EACH(n, STORE(y, LOAD(y) + a * LOAD(x));) }
void scale(float a, float* x, size_t n) { WEFT_EACH(n, STORE(x, a * LOAD(x));) }
void scaledDifference(float a, const float* x, const float* y, float* out, size_t n) {
  WEFT_EACH(n, STORE(out, a * (LOAD(x) - LOAD(y)));)
}
void elastic(float alpha, const float* x, float* center, float* d, size_t n) {
  WEFT_EACH(n, const vf c = LOAD(center); const vf di = alpha * (LOAD(x) - c); STORE(d, di); STORE(center, c + di);)
}
void rebase(const float* center, float* x, float* base, size_t n) {
  WEFT_EACH(n, const vf c = LOAD(center); STORE(x, c + (LOAD(x) - LOAD(base))); STORE(base, c);)
}
void adagradApply(float gamma, float epsilon, const float* delta, float* sum, float* center, size_t n) {
  WEFT_EACH(n, const vf d = LOAD(delta); const vf k = LOAD(sum) + d * d; STORE(sum, k);
            STORE(center, LOAD(center) + gamma * d / (root(k) + epsilon));)
}
void sgdStep(float lr, float* x, const float* g, size_t n) { WEFT_EACH(n, STORE(x, LOAD(x) - lr * LOAD(g));) }
void momentumStep(float lr, float momentum, bool nesterov, float* x, const float* g, float* v, size_t n) {
  WEFT_EACH(n, const vf move = lr * LOAD(g); const vf vi = momentum * LOAD(v) - move; STORE(v, vi);
            STORE(x, LOAD(x) + (nesterov ? momentum * vi - move : vi));)
}
void adagradStep(float lr, float epsilon, float* x, const float* g, float* a, size_t n) {
  WEFT_EACH(n, const vf gi = LOAD(g); const vf ai = LOAD(a) + gi * gi; STORE(a, ai);
            STORE(x, LOAD(x) - lr * gi / root(ai + epsilon));)
}
void rmspropStep(float lr, float rho, float epsilon, float* x, const float* g, float* v, size_t n) {
  const float fresh = 1 - rho;
  WEFT_EACH(n, const vf gi = LOAD(g); const vf vi = rho * LOAD(v) + fresh * gi * gi; STORE(v, vi);
            STORE(x, LOAD(x) - lr * gi / root(vi + epsilon));)
}
void adamStep(const AdamConstants& c, float* x, const float* g, float* m, float* v, size_t n) {
  const float alpha = c.alpha, keep = c.keep, epsilon = c.epsilon, fresh1 = 1 - c.beta1, fresh2 = 1 - c.beta2;
  WEFT_EACH(n, const vf gi = LOAD(g); const vf mi = LOAD(m) + (gi - LOAD(m)) * fresh1;
            const vf vi = LOAD(v) + (gi * gi - LOAD(v)) * fresh2; STORE(m, mi); STORE(v, vi);
            STORE(x, keep * LOAD(x) - alpha * mi / (root(vi) + epsilon));)
}

// IEEE half precision by integer arithmetic, round to nearest even; the compiler turns what it can into its own instructions.
WEFT_INLINE uint16_t halfOf(float x) {
  uint32_t u;
  __builtin_memcpy(&u, &x, 4);
  const uint32_t sign = (u >> 16) & 0x8000, a = u & 0x7fffffff;
  if (a > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00);
  if (a >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);
  if (a < 0x38800000) {  // subnormal: adding 0.5 puts the bits, rounded, into the low end
    float f, half = 0.5f;
    __builtin_memcpy(&f, &a, 4);
    f += half;
    uint32_t v;
    __builtin_memcpy(&v, &f, 4);
    return static_cast<uint16_t>(sign | (v - 0x3f000000));
  }
  return static_cast<uint16_t>(sign | ((a + 0xc8000fff + ((a >> 13) & 1)) >> 13));
}
WEFT_INLINE float floatOf(uint16_t h) {
  const uint32_t sign = static_cast<uint32_t>(h & 0x8000) << 16, a = h & 0x7fff;
  uint32_t u;
  float f;
  if (a >= 0x7c00) u = 0x7f800000 | ((a & 0x3ff) << 13);
  else if (a >= 0x400) u = (a << 13) + 0x38000000;
  else {
    f = static_cast<float>(a) * 5.9604644775390625e-8f;  // 2⁻²⁴
    __builtin_memcpy(&u, &f, 4);
  }
  u |= sign;
  __builtin_memcpy(&f, &u, 4);
  return f;
}
void toHalf(const float* x, uint16_t* out, size_t n) {
#if WEFT_WIDTH >= 8
  // F16C takes eight at a time; every CPU with AVX2 has it.
  typedef uint16_t h8 __attribute__((vector_size(16), aligned(2), may_alias));
  typedef float f8 __attribute__((vector_size(32), aligned(4), may_alias));
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    *reinterpret_cast<h8*>(out + i) = (h8)__builtin_ia32_vcvtps2ph256(*reinterpret_cast<const f8*>(x + i), 0);
  }
  for (; i < n; i++) out[i] = halfOf(x[i]);
#else
  for (size_t i = 0; i < n; i++) out[i] = halfOf(x[i]);
#endif
}
void fromHalf(const uint16_t* x, float* out, size_t n) {
#if WEFT_WIDTH >= 8
  typedef short h8 __attribute__((vector_size(16), aligned(2), may_alias));
  typedef float f8 __attribute__((vector_size(32), aligned(4), may_alias));
  size_t i = 0;
  for (; i + 8 <= n; i += 8) *reinterpret_cast<f8*>(out + i) = __builtin_ia32_vcvtph2ps256(*reinterpret_cast<const h8*>(x + i));
  for (; i < n; i++) out[i] = floatOf(x[i]);
#else
  for (size_t i = 0; i < n; i++) out[i] = floatOf(x[i]);
#endif
}
void toBfloat(const float* x, uint16_t* out, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint32_t u;
    __builtin_memcpy(&u, x + i, 4);
    const uint32_t rounded = (u + 0x7fff + ((u >> 16) & 1)) >> 16;
    out[i] = static_cast<uint16_t>((u & 0x7fffffff) > 0x7f800000 ? (u >> 16) | 0x40 : rounded);
  }
}
void fromBfloat(const uint16_t* x, float* out, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const uint32_t u = static_cast<uint32_t>(x[i]) << 16;
    __builtin_memcpy(out + i, &u, 4);
  }
}
void clip(float limit, const float* x, float* out, size_t n) {
  const vf most = splat(limit), infinite = splat(__builtin_inff());
  WEFT_EACH(n, vf v = LOAD(x); v = (v > most) & (v < infinite) ? most : v; v = (v < -most) & (v > -infinite) ? -most : v; STORE(out, v);)
}

}  // namespace WEFT_ISA
}  // namespace weft
