#include "block-krylov.h"

#include <algorithm>
#include <cmath>

#include "blas-device.h"

namespace weft::pca {
namespace {

/** Rounds of orthonormalisation: three are enough for what S gives, some more for directions that had to be drawn anew. */
constexpr int kRounds = 16;
/** Rounds after which a direction that still is not shown is given up. */
constexpr int kPatience = 4;
/** A row that a projection shortens to less than this (squared) was in the basis but for rounding. */
constexpr double kDependent = 0.1;
/** Square of a row's length that is none. */
constexpr double kZero = 1e-30;
/** How far a Gram matrix may be from the identity: what float32 sums of many features show. Lengths are then set in double precision. */
constexpr double kOrthonormal = 2e-5;
/** Smallest pivot that a float32 Gram matrix shows. */
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
  normalize(basis_.data(), block, q);
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
  normalize(z, next, q);
}

/** Rows of length 1 to the last bit, also into q. */
void BlockKrylov::normalize(float* z, size_t rows, float* q) {
  const size_t d = features_;
  device_.download(z, q, rows * d);
  for (size_t i = 0; i < rows; i++) {
    double squares = 0;
    for (size_t j = 0; j < d; j++) squares += static_cast<double>(q[i * d + j]) * q[i * d + j];
    const double length = std::sqrt(squares);
    for (size_t j = 0; j < d; j++) q[i * d + j] = static_cast<float>(q[i * d + j] / length);
  }
  device_.upload(q, z, rows * d);
}

/**
 * Orthonormal rows in place of z, orthogonal to the basis, each spanned by the basis and the rows up to it: z −= (z Bᵀ) B, then
 * z ← L⁻¹ D z for the Cholesky factor L of D z zᵀ D with unit diagonal, again and again until z zᵀ = I. A pivot that float32 does not show is
 * held above 0, so that the next round finds what is behind it. A row that the others explain comes back as a random direction.
 *
 *   Fukaya, Kannan, Nakatsukasa, Yamamoto, Yanagisawa: Shifted Cholesky QR, SIAM J. Sci. Comput. 42 (2020)
 */
void BlockKrylov::orthonormalize(float* z, size_t rows) {
  const size_t d = features_, m = size_;
  std::vector<double> g(rows * rows), inverse(rows * rows), scale(rows), expected(rows, 0);
  std::vector<float> mixing(rows * rows);
  for (int round = 0; round < kRounds; round++) {
    if (m > 0) {
      device_.multiply({false, true, rows, m, d, z, d, basis_.data(), d, small_.data(), m});
      device_.multiply({false, false, rows, d, m, small_.data(), m, basis_.data(), d, z, d, -1, 1});
    }
    gram(z, rows, g);
    double off = 0;
    bool lost = false;
    const auto renew = [&](size_t i) {
      randomize(z + i * d, 1);
      expected[i] = 0;
      lost = true;
    };
    for (size_t i = 0; i < rows; i++) {
      const double square = g[i * rows + i];
      if (!(square > std::max(kZero, kDependent * expected[i]))) renew(i);
      for (size_t j = 0; j <= i; j++) off = std::max(off, std::abs(g[i * rows + j] - (i == j ? 1 : 0)));
    }
    if (lost) continue;
    // The projection is to have seen what the mixing before it has made.
    if (off < kOrthonormal && round > 1) return;
    for (size_t i = 0; i < rows; i++) scale[i] = 1 / std::sqrt(g[i * rows + i]);
    // L by rows in place of g; L⁻¹ beside it.
    for (size_t i = 0; i < rows; i++) {
      double* l = g.data() + i * rows;
      double pivot = 1;
      for (size_t j = 0; j < i; j++) {
        const double* other = g.data() + j * rows;
        double sum = l[j] * scale[i] * scale[j];
        for (size_t e = 0; e < j; e++) sum -= l[e] * other[e];
        l[j] = sum / other[j];
        pivot -= l[j] * l[j];
      }
      if (round >= kPatience && pivot < kResolution) renew(i);
      l[i] = std::sqrt(std::max(pivot, kResolution));
      expected[i] = std::max(pivot, 0.0) / (l[i] * l[i]);
      for (size_t j = 0; j <= i; j++) {
        double sum = i == j ? 1 : 0;
        for (size_t e = j; e < i; e++) sum -= l[e] * inverse[e * rows + j];
        inverse[i * rows + j] = sum / l[i];
        mixing[i * rows + j] = static_cast<float>(inverse[i * rows + j] * scale[j]);
      }
    }
    if (lost) continue;
    device_.upload(mixing.data(), small_.data(), rows * rows);
    device_.multiply({false, false, rows, d, rows, small_.data(), rows, z, d, spare_.data(), d});
    device_.copy(spare_.data(), z, rows * d);
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
