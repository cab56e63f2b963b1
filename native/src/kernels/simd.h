// Vectors of WEFT_WIDTH floats as the compiler's own vector extension: one source for every instruction set.
//
// Included only by the files of one instruction set each (avx512.cc, avx2.cc, portable.cc). Everything is in WEFT_ISA's own
// namespace and static, and no header of the standard library with inline functions comes in: an inline function compiled with
// AVX-512 here could otherwise be the copy that the linker keeps for all, and crash an older CPU.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define WEFT_INLINE static inline __attribute__((always_inline))

namespace weft {
namespace WEFT_ISA {

constexpr int W = WEFT_WIDTH;

typedef float vf __attribute__((vector_size(WEFT_WIDTH * 4)));
typedef float vfu __attribute__((vector_size(WEFT_WIDTH * 4), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(WEFT_WIDTH * 4)));
typedef uint8_t vb __attribute__((vector_size(WEFT_WIDTH)));
typedef uint8_t vbu __attribute__((vector_size(WEFT_WIDTH), aligned(1), may_alias));

WEFT_INLINE vf load(const float* p) { return *reinterpret_cast<const vfu*>(p); }
WEFT_INLINE void store(float* p, vf v) { *reinterpret_cast<vfu*>(p) = v; }
WEFT_INLINE vf splat(float x) { return x - vf{}; }
WEFT_INLINE vf zero() { return vf{}; }
WEFT_INLINE vf maximum(vf a, vf b) { return a > b ? a : b; }
/** NaN stays NaN, so that a loss shows it. */
WEFT_INLINE vf relu(vf a) { return vf{} > a ? vf{} : a; }
/** a where y > 0, else 0: the gradient of relu, from its output. */
WEFT_INLINE vf whenPositive(vf y, vf a) { return y > vf{} ? a : vf{}; }
WEFT_INLINE vi loadBytes(const uint8_t* p) { return __builtin_convertvector(*reinterpret_cast<const vbu*>(p), vi); }
WEFT_INLINE void storeBytes(uint8_t* p, vi v) { *reinterpret_cast<vbu*>(p) = __builtin_convertvector(v, vb); }

}  // namespace WEFT_ISA
}  // namespace weft
