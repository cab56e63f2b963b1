// What vector.inl.h, and below blocks.inl.h and product.inl.h, define for the table.
#pragma once

#include "kernels.h"
#include "simd.h"

namespace weft {
namespace WEFT_ISA {

void add(const float* x, float* y, size_t n);
void axpy(float a, const float* x, float* y, size_t n);
void scale(float a, float* x, size_t n);
void scaledDifference(float a, const float* x, const float* y, float* out, size_t n);
void elastic(float alpha, const float* x, float* center, float* d, size_t n);
void rebase(const float* center, float* x, float* base, size_t n);
void adagradApply(float gamma, float epsilon, const float* delta, float* sum, float* center, size_t n);
void sgdStep(float lr, float* x, const float* g, size_t n);
void momentumStep(float lr, float momentum, bool nesterov, float* x, const float* g, float* v, size_t n);
void adagradStep(float lr, float epsilon, float* x, const float* g, float* a, size_t n);
void rmspropStep(float lr, float rho, float epsilon, float* x, const float* g, float* v, size_t n);
void adamStep(const AdamConstants& c, float* x, const float* g, float* m, float* v, size_t n);
void toHalf(const float* x, uint16_t* out, size_t n);
void fromHalf(const uint16_t* x, float* out, size_t n);
void toBfloat(const float* x, uint16_t* out, size_t n);
void fromBfloat(const uint16_t* x, float* out, size_t n);
void clip(float limit, const float* x, float* out, size_t n);

// blocks.inl.h
void int8EncodeBlocks(const float* x, size_t n, uint8_t* out);
void int8DecodeBlocks(const uint8_t* bytes, size_t n, float* out);
void oneBitEncodeBlocks(const float* x, size_t n, uint8_t* out);
void oneBitDecodeBlocks(const uint8_t* bytes, size_t n, float* out);

// product.inl.h
void product(const Product& p, const float* a, const float* b, float* c, float* scratch);
size_t productScratch(const Product& p);

}  // namespace WEFT_ISA
}  // namespace weft
