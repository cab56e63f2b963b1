// The block codecs of lib/blocks.ts, compiled without contraction as vector.inl.h is: the same bytes on every instruction set.
#pragma once

#include "block-bytes.h"
#include "vector.decl.h"

namespace weft {
namespace WEFT_ISA {

constexpr uint32_t NOT_FINITE = 0x7f800000, QUIET_NAN = 0x7fc00000;
// The largest scale s for which 127 s is finite.
constexpr float LARGEST_SCALE = 0x1.020406p+121f;

typedef int8_t vs __attribute__((vector_size(WEFT_WIDTH), aligned(1), may_alias));
// Bytes go to integers by way of 16 bits: the compiler has an instruction for each half of the way, and none for the whole.
typedef int16_t vw __attribute__((vector_size(WEFT_WIDTH * 2)));
typedef float f8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t i8 __attribute__((vector_size(32), aligned(4), may_alias));
// Half as many doubles as floats are a register.
constexpr int D = W / 2;
typedef float vh __attribute__((vector_size(WEFT_WIDTH * 2), aligned(4), may_alias));
typedef int32_t vhi __attribute__((vector_size(WEFT_WIDTH * 2), aligned(4), may_alias));
typedef double vd __attribute__((vector_size(WEFT_WIDTH * 4)));

WEFT_INLINE void encodeInt8(const float* x, uint8_t* out) {
  vi bits{};
  for (size_t i = 0; i < INT8_BLOCK; i += W) {
    const vi a = (vi)load(x + i) & 0x7fffffff;
    bits = a > bits ? a : bits;
  }
  int32_t top = 0;
  for (int l = 0; l < W; l++) top = bits[l] > top ? bits[l] : top;
  float s;
  __builtin_memcpy(&s, &top, 4);
  s /= 127;
  s = s > LARGEST_SCALE ? LARGEST_SCALE : s;
  if (static_cast<uint32_t>(top) >= NOT_FINITE) __builtin_memcpy(&s, &QUIET_NAN, 4);
  __builtin_memcpy(out, &s, 4);
  if (!(s > 0)) {
    __builtin_memset(out + 4, 0, INT8_BLOCK);
    return;
  }
  // Adding 1.5 · 2²³ rounds to nearest even and leaves the integer in the low bits. A subnormal s can be so coarse that x / s > 127.
  const vf magic = splat(12582912.0f), most = splat(127), least = splat(-127);
  for (size_t i = 0; i < INT8_BLOCK; i += W) {
    vf v = load(x + i) / s;
    v = v > most ? most : v;
    v = v < least ? least : v;
    *reinterpret_cast<vs*>(out + 4 + i) = __builtin_convertvector(__builtin_convertvector((vi)(v + magic) - (vi)magic, vw), vs);
  }
}

void int8EncodeBlocks(const float* x, size_t n, uint8_t* out) {
  for (; n >= INT8_BLOCK; n -= INT8_BLOCK, x += INT8_BLOCK, out += 4 + INT8_BLOCK) encodeInt8(x, out);
  if (n == 0) return;
  float padded[INT8_BLOCK] = {};
  uint8_t bytes[4 + INT8_BLOCK];
  __builtin_memcpy(padded, x, n * 4);
  encodeInt8(padded, bytes);
  __builtin_memcpy(out, bytes, 4 + n);
}

void int8DecodeBlocks(const uint8_t* bytes, size_t n, float* out) {
  while (n > 0) {
    const size_t m = n < INT8_BLOCK ? n : INT8_BLOCK;
    uint32_t bits;
    __builtin_memcpy(&bits, bytes, 4);
    float s;
    __builtin_memcpy(&s, &bits, 4);
    const uint8_t* q = bytes + 4;
    size_t i = 0;
    if ((bits & NOT_FINITE) == NOT_FINITE) {
      for (; i < m; i++) __builtin_memcpy(out + i, &QUIET_NAN, 4);
    }
    for (; i + W <= m; i += W) {
      const vw words = __builtin_convertvector(*reinterpret_cast<const vs*>(q + i), vw);
      store(out + i, s * __builtin_convertvector(__builtin_convertvector(words, vi), vf));
    }
    for (; i < m; i++) out[i] = s * static_cast<float>(static_cast<int8_t>(q[i]));
    bytes += 4 + m;
    out += m;
    n -= m;
  }
}

/** Bit l: the sign bit of x[l]. */
WEFT_INLINE uint32_t signsOf(f8 x) {
#if defined(__AVX__)
  return static_cast<uint32_t>(__builtin_ia32_movmskps256(x));
#else
  uint32_t signs = 0;
  const i8 bits = (i8)x;
  for (int l = 0; l < 8; l++) signs |= (static_cast<uint32_t>(bits[l]) >> 31) << l;
  return signs;
#endif
}

/** m a multiple of 8, zero-filled beyond `count`: zeros add nothing to a sum that starts at +0. */
WEFT_INLINE void encodeOneBit(const float* x, size_t m, size_t count, uint8_t* out) {
  vd positive[8 / D] = {}, negative[8 / D] = {};
  size_t below = 0;
  for (size_t i = 0; i < m; i += 8) {
    for (int h = 0; h < 8 / D; h++) {
      const vhi v = *reinterpret_cast<const vhi*>(x + i + h * D), mask = v >> 31;
      positive[h] += __builtin_convertvector((vh)(v & ~mask), vd);
      negative[h] += __builtin_convertvector((vh)(v & mask), vd);
    }
    const uint32_t signs = signsOf(*reinterpret_cast<const f8*>(x + i));
    below += static_cast<size_t>(__builtin_popcount(signs));
    out[8 + i / 8] = static_cast<uint8_t>(signs);
  }
  double up = 0, down = 0;
  for (int l = 0; l < 8; l++) {
    up += positive[l / D][l % D];
    down += negative[l / D][l % D];
  }
  float means[2] = {count > below ? static_cast<float>(up / static_cast<double>(count - below)) : 0.0f,
                    below > 0 ? static_cast<float>(down / static_cast<double>(below)) : 0.0f};
  uint32_t bits[2];
  __builtin_memcpy(bits, means, 8);
  if ((bits[0] & NOT_FINITE) == NOT_FINITE || (bits[1] & NOT_FINITE) == NOT_FINITE) {
    bits[0] = bits[1] = QUIET_NAN;
    __builtin_memset(out + 8, 0, m / 8);
  }
  __builtin_memcpy(out, bits, 8);
}

void oneBitEncodeBlocks(const float* x, size_t n, uint8_t* out) {
  for (; n >= ONE_BIT_BLOCK; n -= ONE_BIT_BLOCK, x += ONE_BIT_BLOCK, out += 8 + ONE_BIT_BLOCK / 8) {
    encodeOneBit(x, ONE_BIT_BLOCK, ONE_BIT_BLOCK, out);
  }
  if (n == 0) return;
  float padded[ONE_BIT_BLOCK] = {};
  __builtin_memcpy(padded, x, n * 4);
  encodeOneBit(padded, (n + 7) / 8 * 8, n, out);
}

void oneBitDecodeBlocks(const uint8_t* bytes, size_t n, float* out) {
  const i8 lanes = {1, 2, 4, 8, 16, 32, 64, 128};
  while (n > 0) {
    const size_t m = n < ONE_BIT_BLOCK ? n : ONE_BIT_BLOCK;
    int32_t means[2];
    __builtin_memcpy(means, bytes, 8);
    const uint8_t* signs = bytes + 8;
    const i8 positive = means[0] - i8{}, negative = means[1] - i8{};
    size_t i = 0;
    for (; i + 8 <= m; i += 8) {
      const i8 set = ((static_cast<int32_t>(signs[i / 8]) - i8{}) & lanes) != 0;
      *reinterpret_cast<i8*>(out + i) = (negative & set) | (positive & ~set);
    }
    for (; i < m; i++) __builtin_memcpy(out + i, &means[signs[i / 8] >> (i % 8) & 1], 4);
    bytes += 8 + (m + 7) / 8;
    out += m;
    n -= m;
  }
}

}  // namespace WEFT_ISA
}  // namespace weft
