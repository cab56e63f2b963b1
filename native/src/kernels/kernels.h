// The table of kernels that exist once per instruction set, and the choice among them at run time.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace weft {

/** A stride-1, undilated 3×3 convolution over NHWC images, as Winograd's F(4×4, 3×3) sees it. */
struct Winograd {
  int channels, filters;        // multiples of the kernels' width
  int height, width;            // of the input
  int outHeight, outWidth;      // before the pool
  int padTop, padLeft;
  bool relu;
  bool pool;                    // a 2×2 maximum pool of stride 2 follows, fused
  int blockTiles;               // tiles transformed at once, so that they stay in the second-level cache
};

/** A convolution whose filters are applied directly, over an image that is padded already. */
struct Direct {
  int channels, filters;        // filters: a multiple of the kernels' width
  int paddedWidth;              // of the input with its padding
  int outHeight, outWidth;
  int kernelHeight, kernelWidth, strideHeight, strideWidth;
  bool relu;
};

struct Pool {
  int channels, height, width, outHeight, outWidth;
  int poolHeight, poolWidth, strideHeight, strideWidth, padTop, padLeft;
};

/** C (rows × columns) = op(A) · op(B), row-major and dense; a transposed A lies as depth × rows, a transposed B as columns × depth. */
struct Product {
  int rows, columns, depth;
  bool transposeA, transposeB;
};

struct AdamConstants {
  float alpha, keep, beta1, beta2, epsilon;
};

struct Kernels {
  const char* name;
  int width;

  // Flat vectors of n elements.
  void (*add)(const float* x, float* y, size_t n);
  void (*axpy)(float a, const float* x, float* y, size_t n);
  void (*scale)(float a, float* x, size_t n);
  void (*scaledDifference)(float a, const float* x, const float* y, float* out, size_t n);
  void (*elastic)(float alpha, const float* x, float* center, float* d, size_t n);
  void (*rebase)(const float* center, float* x, float* base, size_t n);
  void (*adagradApply)(float gamma, float epsilon, const float* delta, float* sum, float* center, size_t n);
  void (*sgdStep)(float lr, float* x, const float* g, size_t n);
  void (*momentumStep)(float lr, float momentum, bool nesterov, float* x, const float* g, float* v, size_t n);
  void (*adagradStep)(float lr, float epsilon, float* x, const float* g, float* a, size_t n);
  void (*rmspropStep)(float lr, float rho, float epsilon, float* x, const float* g, float* v, size_t n);
  void (*adamStep)(const AdamConstants& c, float* x, const float* g, float* m, float* v, size_t n);
  void (*toHalf)(const float* x, uint16_t* out, size_t n);
  void (*fromHalf)(const uint16_t* x, float* out, size_t n);
  void (*toBfloat)(const float* x, uint16_t* out, size_t n);
  void (*fromBfloat)(const uint16_t* x, float* out, size_t n);
  /** out = x held within ±limit; NaN and ±∞ as they are. */
  void (*clip)(float limit, const float* x, float* out, size_t n);
  /** n + 4 ⌈n / 256⌉ bytes: of each 256 elements s:f32 = max |x| / 127, then q:i8 = round(x / s). NaN or ∞ in a block: s is NaN. */
  void (*int8EncodeBlocks)(const float* x, size_t n, uint8_t* out);
  void (*int8DecodeBlocks)(const uint8_t* bytes, size_t n, float* out);
  /** Of each 512 elements two means, of those without and with a sign bit, as f32, then the sign bits. */
  void (*oneBitEncodeBlocks)(const float* x, size_t n, uint8_t* out);
  void (*oneBitDecodeBlocks)(const uint8_t* bytes, size_t n, float* out);
  /** The same bits on every instruction set. scratch: productScratch() floats. c must not overlap a or b. */
  void (*product)(const Product& p, const float* a, const float* b, float* c, float* scratch);
  size_t (*productScratch)(const Product& p);
  /** out = scale · bytes + shift */
  void (*normalise)(const uint8_t* bytes, float scale, float shift, float* out, size_t n);
  /** out = x − s */
  void (*centreBytes)(const uint8_t* x, const float* s, float* out, size_t n);
  void (*centreFloats)(const float* x, const float* s, float* out, size_t n);
  /** sums += x; returns Σ x² */
  double (*addMoments)(const float* x, double* sums, size_t n);

  // Rows of activations.
  void (*biasActivation)(float* y, const float* bias, bool relu, size_t rows, size_t columns);
  /** dy ← dy where y > 0 (if relu); db ← Σ rows dy (if db) */
  void (*maskBias)(float* dy, const float* y, float* db, size_t rows, size_t columns);

  // One image at a time. scratch: winogradScratch() floats, aligned to 64 bytes.
  size_t (*winogradScratch)(const Winograd&);
  /** u: [36][C][K], and ut: [36][K][C] if not null, from w: [3][3][C][K] */
  void (*winogradFilter)(const Winograd&, const float* w, float* u, float* ut);
  /** y: the pooled output if pool, and choice: which of the four won (4: none above 0, with relu); else the whole output. */
  void (*winogradForward)(const Winograd&, const float* x, const float* u, const float* bias, float* y, uint8_t* choice,
                          float* scratch);
  /** du += and db += this image's part; dx ← its gradient, if not null. xMask: if not null, dx counts only where xMask > 0. */
  void (*winogradBackward)(const Winograd&, const float* x, const float* ut, const float* y, const uint8_t* choice,
                           const float* dy, float* dx, float* du, float* db, float* scratch);
  void (*winogradFilterGradient)(const Winograd&, const float* du, float* dw);

  void (*directForward)(const Direct&, const float* padded, const float* w, const float* bias, float* y);
  /** dw += and db += this image's part; y is read for relu's mask. */
  void (*directFilterGradient)(const Direct&, const float* padded, const float* y, const float* dy, float* dw, float* db);

  void (*maxPoolForward)(const Pool&, const float* x, float* y);
  /** dx ← gradient; the first maximum of a window takes it all. */
  void (*maxPoolBackward)(const Pool&, const float* x, const float* dy, float* dx);
};

/** The fastest table that this CPU runs, or the named one ('avx512', 'avx2', 'portable'); null if it cannot. */
const Kernels* findKernels(const char* name);
/** The table in use. */
const Kernels& kernels();

}  // namespace weft
