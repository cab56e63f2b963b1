// CRC-32C by folding, after V. Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009).
//
// A CRC is a remainder modulo P, so a register's 128 bits may be replaced by anything congruent that stands D bits later:
//   X = H·x⁶⁴ + L  →  X·xᴰ ≡ H·(xᴰ⁺⁶⁴ mod P) + L·(xᴰ mod P)
// which takes two carry-less products, and is added to the data D bits on. Bits are reflected: the low half is H, and bit i of a
// half stands for x⁶³⁻ⁱ. A product of two reflected halves comes out one power too high, and a remainder's 32 bits in the low end
// of a half stand 32 powers too high; hence the exponents less 33. What is left of the message, 16 bytes congruent to it, and the
// bytes behind them go through the CPU's crc32 instruction, which multiplies by x³² and reduces.
#include "crc32c-fold.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <cstring>

#define WEFT_FOLD128 __attribute__((target("sse4.2,pclmul")))
#define WEFT_FOLD512 __attribute__((target("sse4.2,pclmul,avx512f,avx512vl,avx512dq,vpclmulqdq")))

namespace weft {
namespace {

/** xⁿ mod P, reflected: bit i stands for x³¹⁻ⁱ. */
uint32_t power(unsigned n) {
  uint32_t c = 0x80000000;
  for (; n > 0; n--) c = c & 1 ? (c >> 1) ^ 0x82f63b78 : c >> 1;
  return c;
}

/** What moves a register on by some bits: the factors of H and of L, once for each of four registers. */
struct Move {
  uint64_t factor[8];
  explicit Move(unsigned bits) {
    for (int i = 0; i < 8; i++) factor[i] = power(i % 2 == 0 ? bits + 64 - 33 : bits - 33);
  }
};
struct Moves {
  Move by128{128}, by512{512}, by2048{2048};
};
const Moves& moves() {
  static const Moves m;
  return m;
}

WEFT_FOLD128 inline __m128i load(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }

WEFT_FOLD128 inline __m128i moved(__m128i x, __m128i move, __m128i data) {
  return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x, move, 0x00), _mm_clmulepi64_si128(x, move, 0x11)), data);
}

WEFT_FOLD128 uint32_t words(const uint8_t* p, size_t n, uint64_t c) {
  for (; n >= 8; n -= 8, p += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    c = _mm_crc32_u64(c, word);
  }
  for (; n > 0; n--, p++) c = _mm_crc32_u8(static_cast<uint32_t>(c), *p);
  return static_cast<uint32_t>(c);
}

/** x is congruent to all that came before the n bytes. */
WEFT_FOLD128 uint32_t finish(__m128i x, const uint8_t* p, size_t n) {
  const __m128i by128 = load(moves().by128.factor);
  for (; n >= 16; n -= 16, p += 16) x = moved(x, by128, load(p));
  uint64_t c = _mm_crc32_u64(0, static_cast<uint64_t>(_mm_cvtsi128_si64(x)));
  c = _mm_crc32_u64(c, static_cast<uint64_t>(_mm_extract_epi64(x, 1)));
  return words(p, n, c);
}

WEFT_FOLD512 inline __m512i moved512(__m512i x, __m512i move, __m512i data) {
  const __m512i h = _mm512_clmulepi64_epi128(x, move, 0x00), l = _mm512_clmulepi64_epi128(x, move, 0x11);
  return _mm512_ternarylogic_epi64(h, l, data, 0x96);  // the sum of all three
}

}  // namespace

bool runsFold128() { return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul"); }

WEFT_FOLD128 uint32_t fold128(const uint8_t* p, size_t n, uint32_t state) {
  if (n < 128) return words(p, n, state);
  const __m128i by512 = load(moves().by512.factor);
  __m128i x[4];
  for (int i = 0; i < 4; i++) x[i] = load(p + 16 * i);
  x[0] = _mm_xor_si128(x[0], _mm_cvtsi32_si128(static_cast<int>(state)));
  for (n -= 64, p += 64; n >= 64; n -= 64, p += 64) {
    for (int i = 0; i < 4; i++) x[i] = moved(x[i], by512, load(p + 16 * i));
  }
  const __m128i by128 = load(moves().by128.factor);
  for (int i = 0; i < 3; i++) x[i + 1] = moved(x[i], by128, x[i + 1]);
  return finish(x[3], p, n);
}

bool runsFold512() {
  return runsFold128() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("vpclmulqdq");
}

WEFT_FOLD512 uint32_t fold512(const uint8_t* p, size_t n, uint32_t state) {
  if (n < 256) return fold128(p, n, state);
  const Moves& m = moves();
  const __m512i by2048 = _mm512_loadu_si512(m.by2048.factor);
  __m512i x[4];
  for (int i = 0; i < 4; i++) x[i] = _mm512_loadu_si512(p + 64 * i);
  x[0] = _mm512_xor_si512(x[0], _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(state))));
  for (n -= 256, p += 256; n >= 256; n -= 256, p += 256) {
    for (int i = 0; i < 4; i++) x[i] = moved512(x[i], by2048, _mm512_loadu_si512(p + 64 * i));
  }
  const __m512i by512 = _mm512_loadu_si512(m.by512.factor);
  for (int i = 0; i < 3; i++) x[i + 1] = moved512(x[i], by512, x[i + 1]);
  for (; n >= 64; n -= 64, p += 64) x[3] = moved512(x[3], by512, _mm512_loadu_si512(p));
  uint8_t rest[64];
  _mm512_storeu_si512(rest, x[3]);
  const __m128i by128 = load(m.by128.factor);
  __m128i y = load(rest);
  for (int i = 1; i < 4; i++) y = moved(y, by128, load(rest + 16 * i));
  return finish(y, p, n);
}

}  // namespace weft
#endif
