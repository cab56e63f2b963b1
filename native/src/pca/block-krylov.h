#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "centred-rows.h"
#include "device.h"
#include "orthonormal-rows.h"

namespace weft::pca {

/**
 * The largest eigenpairs of S = Σ (x − μ)(x − μ)ᵀ (d × d, never formed) by randomized block Krylov iteration: one pass over the rows gives
 * W = S Q for a block Q of b directions, and the basis is [Q₀, Q₁, …], each block what S Q adds to those before it. Rayleigh–Ritz over the
 * whole basis B: T = B S Bᵀ is known from the same products, so that m directions cost 4 n d m operations, whatever the number of passes.
 *
 *   Musco, Musco: Randomized Block Krylov Methods for Stronger and Faster Approximate SVD, NeurIPS 2015
 *   Halko, Martinsson, Tropp: Finding structure with randomness, SIAM Review 53 (2011)
 *
 * Directions are rows here: Q is b × d, B is m × d. In memory are a block of rows, Q, W, and, where extend() is called, the basis.
 */
class BlockKrylov {
 public:
  /** most: directions of the basis, m; block: those of one pass at most, b. Throws DeviceError. */
  BlockKrylov(Device& device, int threads, size_t features, size_t most, size_t block);

  /** The basis' first block: random signs, orthonormalised. Throws DeviceError out-of-memory where the basis does not fit. */
  void start(size_t block, uint64_t seed, float* q);
  /** Begins a pass: W ← 0. s: what rows are centred by, d floats. */
  void begin(const float* q, size_t block, const float* s);
  /** W += (X − s)ᵀ ((X − s) Qᵀ), as rows; with the moments of X − s where asked for. */
  void power(const Rows& x, Moments* moments);
  void product(float* w);
  /** Takes W of all rows, and gives the next block of `next` directions; none where next is 0. */
  void extend(const float* w, size_t next, float* q);
  /** The `count` largest eigenvalues of S within the basis, descending, and their vectors, count × d. */
  void ritz(size_t count, double* values, float* vectors);

 private:
  /** Rows of one thread: its device, W so far, Y of a block, and the moments. */
  struct Lane {
    std::unique_ptr<Device> device;
    DeviceMatrix w, y;
    std::vector<double> sums;
    Moments moments{};
  };
  void powerRows(const Rows& x, size_t from, size_t to, Device& device, int threads, float* y, float* w, Moments* moments);
  OrthonormalRows orthonormalRows() { return {device_, features_, small_.data(), spare_.data(), random_}; }

  Device& device_;
  const int threads_;
  const size_t features_, most_, block_;
  size_t size_ = 0, last_ = 0, now_ = 0;  // directions of the basis, of its last block, of this pass
  uint64_t random_ = 0;
  std::vector<float> shift_;
  std::vector<double> t_;  // most × most
  std::vector<Lane> lanes_;  // none where the device is one whole
  DeviceMatrix q_, w_, y_, basis_, spare_, small_;
};

}  // namespace weft::pca
