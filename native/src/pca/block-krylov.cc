#include "block-krylov.h"

#include <algorithm>
#include <cmath>

#include "blas-device.h"

namespace weft::pca {
namespace {

/** Rounds of orthonormalisation: three are enough for what S gives, some more for directions that had to be drawn anew. */
constexpr int kRounds = 16;
/** A row of length 1 that a projection shortens to less than this (squared) was in the basis but for rounding. */
constexpr double kDependent = 0.1;
/** How far a Gram matrix may be from the identity. */
constexpr double kOrthonormal = 2e-6;
/** Smallest eigenvalue, relative to the largest, that a float32 Gram matrix shows. */
constexpr double kResolution = 1e-6;

/** splitmix64 (Steele, Lea, Flood 2014) */
uint64_t mix(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace

BlockKrylov::BlockKrylov(Device& device, int threads, size_t features, size_t most, size_t block)
    : device_(device),
      threads_(threads),
      features_(features),
      most_(most),
      block_(block),
      shift_(features),
      q_(device, block * features),
      w_(device, block * features),
      y_(device, blockRows(features) * block) {
  // What every pass needs is there before the first one.
  for (int turn = 0; turn < 2; turn++) device_.fill(blockRows(features) * features);
}

void BlockKrylov::start(size_t block, uint64_t seed, float* q) {
  basis_ = DeviceMatrix(device_, most_ * features_);
  spare_ = DeviceMatrix(device_, block_ * features_);
  small_ = DeviceMatrix(device_, std::max(most_ * block_, most_ * most_));
  t_.assign(most_ * most_, 0);
  random_ = seed;
  size_ = 0;
  randomize(basis_.data(), block);
  orthonormalize(basis_.data(), block);
  size_ = last_ = block;
  device_.download(basis_.data(), q, block * features_);
}

void BlockKrylov::begin(const float* q, size_t block, const float* s) {
  now_ = block;
  device_.upload(q, q_.data(), block * features_);
  device_.clear(w_.data(), block * features_);
  std::copy(s, s + features_, shift_.begin());
}

void BlockKrylov::power(const Rows& x, Moments* moments) {
  const size_t d = features_, b = now_, step = blockRows(d);
  for (size_t first = 0; first < x.rows; first += step) {
    const size_t rows = std::min(step, x.rows - first);
    centre(x, first, rows, shift_.data(), device_.fill(rows * d), threads_, moments);
    const float* c = device_.place(rows * d);
    // Y = (X − s) Qᵀ, then W += Yᵀ (X − s)
    device_.multiply({false, true, rows, b, d, c, d, q_.data(), d, y_.data(), b});
    device_.multiply({true, false, b, d, rows, y_.data(), b, c, d, w_.data(), d, 1, 1});
  }
}

void BlockKrylov::product(float* w) { device_.download(w_.data(), w, now_ * features_); }

void BlockKrylov::extend(const float* w, size_t next, float* q) {
  const size_t d = features_, b = last_, m = size_;
  device_.upload(w, w_.data(), b * d);
  // The last block of T's columns: B Wᵀ
  std::vector<float> columns(m * b);
  device_.multiply({false, true, m, b, d, basis_.data(), d, w_.data(), d, small_.data(), b});
  device_.download(small_.data(), columns.data(), m * b);
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < b; j++) {
      const size_t column = m - b + j;
      // Within the block both halves are known: their mean.
      const double value = i < m - b ? columns[i * b + j] : 0.5 * (columns[i * b + j] + columns[column * b + (i - (m - b))]);
      t_[i * most_ + column] = t_[column * most_ + i] = value;
    }
  }
  last_ = 0;
  if (next == 0) return;
  float* z = basis_.data() + m * d;
  device_.copy(w_.data(), z, next * d);
  orthonormalize(z, next);
  size_ = m + next;
  last_ = next;
  device_.download(z, q, next * d);
}

/**
 * Orthonormal rows in place of z, orthogonal to the basis, that span with it what z did: z −= (z Bᵀ) B, then z ← Θ^(−1/2) Uᵀ D z for
 * D z zᵀ D = U Θ Uᵀ with unit diagonal, again and again until z zᵀ = I. What is lost in rounding comes back as random directions.
 *
 *   Stathopoulos, Wu: A Block Orthogonalization Procedure with Constant Synchronization Requirements, SIAM J. Sci. Comput. 23 (2002)
 */
void BlockKrylov::orthonormalize(float* z, size_t rows) {
  const size_t d = features_, m = size_;
  std::vector<double> g(rows * rows), values(rows), vectors(rows * rows), scale(rows);
  std::vector<float> mixing(rows * rows);
  std::vector<bool> unit(rows, false);
  for (int round = 0; round < kRounds; round++) {
    if (m > 0) {
      device_.multiply({false, true, rows, m, d, z, d, basis_.data(), d, small_.data(), m});
      device_.multiply({false, false, rows, d, m, small_.data(), m, basis_.data(), d, z, d, -1, 1});
    }
    gram(z, rows, g);
    double off = 0;
    bool lost = false;
    for (size_t i = 0; i < rows; i++) {
      if (!(g[i * rows + i] > (unit[i] ? kDependent : 1e-30))) {
        randomize(z + i * d, 1);
        unit[i] = false;
        lost = true;
      }
      for (size_t j = 0; j < rows; j++) off = std::max(off, std::abs(g[i * rows + j] - (i == j ? 1 : 0)));
    }
    if (lost) continue;
    // The projection is to have seen what the mixing before it has made.
    if (off < kOrthonormal && round > 1) return;
    for (size_t i = 0; i < rows; i++) scale[i] = 1 / std::sqrt(g[i * rows + i]);
    for (size_t i = 0; i < rows; i++) {
      for (size_t j = 0; j < rows; j++) g[i * rows + j] *= scale[i] * scale[j];
    }
    lapackEigen(g.data(), rows, rows, values.data(), vectors.data());
    for (size_t i = 0; i < rows; i++) {
      const double root = std::sqrt(std::max(values[i], kResolution * values[0]));
      for (size_t j = 0; j < rows; j++) mixing[i * rows + j] = static_cast<float>(vectors[i * rows + j] * scale[j] / root);
    }
    device_.upload(mixing.data(), small_.data(), rows * rows);
    device_.multiply({false, false, rows, d, rows, small_.data(), rows, z, d, spare_.data(), d});
    device_.copy(spare_.data(), z, rows * d);
    unit.assign(rows, true);
  }
  throw DeviceError("device-failed", "pca: no orthonormal basis of " + std::to_string(m + rows) + " directions found");
}

void BlockKrylov::ritz(size_t count, double* values, float* vectors) {
  const size_t m = size_, d = features_;
  std::vector<double> t(m * m), found(count * m);
  for (size_t i = 0; i < m; i++) std::copy_n(t_.begin() + i * most_, m, t.begin() + i * m);
  device_.eigen(t.data(), m, count, values, found.data());
  std::vector<float> mixing(found.begin(), found.end());
  device_.upload(mixing.data(), small_.data(), count * m);
  const DeviceMatrix v(device_, count * d);
  device_.multiply({false, false, count, d, m, small_.data(), m, basis_.data(), d, v.data(), d});
  device_.download(v.data(), vectors, count * d);
}

void BlockKrylov::randomize(float* z, size_t rows) {
  std::vector<float> signs(features_);
  for (size_t i = 0; i < rows; i++) {
    for (float& sign : signs) sign = mix(random_) >> 63 ? 1.0f : -1.0f;
    device_.upload(signs.data(), z + i * features_, features_);
  }
}

void BlockKrylov::gram(const float* z, size_t rows, std::vector<double>& g) {
  const size_t d = features_;
  std::vector<float> single(rows * rows);
  device_.multiply({false, true, rows, rows, d, z, d, z, d, small_.data(), rows});
  device_.download(small_.data(), single.data(), rows * rows);
  for (size_t i = 0; i < rows * rows; i++) g[i] = single[i];
}

}  // namespace weft::pca
