#include "block-krylov.h"

#include <algorithm>

#include "orthonormal-rows.h"

namespace weft::pca {

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
  const OrthonormalRows rows = orthonormalRows();
  rows.randomize(basis_.data(), block);
  rows.orthonormalize(basis_.data(), block, nullptr, 0);
  size_ = last_ = block;
  rows.normalize(basis_.data(), block, q);
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
  unitRows(w, next, d, q);
  device_.upload(q, z, next * d);
  const OrthonormalRows rows = orthonormalRows();
  rows.orthonormalize(z, next, basis_.data(), m);
  size_ = m + next;
  last_ = next;
  rows.normalize(z, next, q);
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

}  // namespace weft::pca
