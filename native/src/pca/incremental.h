#pragma once

#include <vector>

#include "centred-rows.h"
#include "device.h"

namespace weft::pca {

/**
 * The k largest singular triplets of rows that are seen once, batch by batch: those of
 *
 *   [ Σ V ;  X − μ_b ;  √(n n_b / (n + n_b)) (μ − μ_b) ]
 *
 * replace Σ V. What lies outside of the first k directions of a batch is lost, so the result depends on the batches.
 *
 *   Ross, Lim, Lin, Yang: Incremental Learning for Robust Visual Tracking, IJCV 77 (2008)
 */
class Incremental {
 public:
  /** most: rows of a batch at most */
  Incremental(Device& device, int threads, size_t features, size_t count, size_t most);
  /** One batch. */
  void add(const Rows& x);
  /** What another one has seen: its Σ V (rows × features), mean, number of rows and Σ |x − μ|². */
  void merge(const float* scaled, size_t rows, const double* mean, size_t count, double squares);
  /** Σ V into scaled (rank() × features), mean, Σ |x − μ|². Returns the number of rows seen. */
  size_t state(float* scaled, double* mean, double* squares);
  /** Singular values σ (rank()) and V (rank() × features), orthonormal: random directions where σ is nothing but rounding. */
  void result(double* singular, float* vectors);

  size_t rank() const { return rank_; }

 private:
  /** Takes the rows of stack_ behind the first rank_, and the correction of the means, as the new Σ V. */
  void reduce(size_t rows, const double* mean, size_t count, double squares);
  /** out ← Uᵀ M for M of `rows` rows and the `count` largest eigenvectors U of M Mᵀ: rows that are orthogonal, the longest first. */
  void rotate(const float* m, size_t rows, size_t count, float* out);
  /** The `count` largest eigenvalues of gram_ (side × side), and their vectors. */
  std::vector<double> eigenOfGram(size_t side, size_t count, std::vector<double>& vectors);

  Device& device_;
  const int threads_;
  const size_t features_, components_, most_;
  size_t rank_ = 0, count_ = 0;
  double squares_ = 0;
  std::vector<double> mean_;
  DeviceMatrix stack_, next_, gram_;
};

}  // namespace weft::pca
