#include "block-krylov.h"

#include <algorithm>
#include <exception>

#include "../kernels/kernels.h"
#include "blas-device.h"
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
      w_(device, block * features) {
  // What every pass needs is there before the first one.
  const size_t rows = blockRows(features);
  if (device.lanes() == 1) {
    y_ = DeviceMatrix(device, rows * block);
    for (int turn = 0; turn < 2; turn++) device_.fill(rows * features);
    return;
  }
  for (int i = 0; i < device.lanes(); i++) {
    Lane lane{blasDevice(1), {}, {}, std::vector<double>(features)};
    lane.w = DeviceMatrix(*lane.device, block * features);
    lane.y = DeviceMatrix(*lane.device, rows * block);
    lane.device->fill(rows * features);
    lanes_.push_back(std::move(lane));
  }
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
  for (Lane& lane : lanes_) lane.device->clear(lane.w.data(), block * features_);
  std::copy(s, s + features_, shift_.begin());
}

void BlockKrylov::power(const Rows& x, Moments* moments) {
  if (lanes_.empty()) {
    powerRows(x, 0, x.rows, device_, threads_, y_.data(), w_.data(), moments);
    return;
  }
  // Each thread has rows of its own, and adds them up by itself: nothing waits within a product.
  const size_t count = lanes_.size();
  std::exception_ptr failure;
#pragma omp parallel for num_threads(static_cast<int>(count)) schedule(static, 1)
  for (size_t i = 0; i < count; i++) {
    Lane& lane = lanes_[i];
    try {
      if (moments) {
        std::fill(lane.sums.begin(), lane.sums.end(), 0);
        lane.moments = {lane.sums.data()};
      }
      powerRows(x, x.rows * i / count, x.rows * (i + 1) / count, *lane.device, 1, lane.y.data(), lane.w.data(),
                moments ? &lane.moments : nullptr);
    } catch (...) {
#pragma omp critical
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  // In the order of the lanes: the same bits whichever was done first.
  for (size_t i = 0; moments && i < count; i++) {
    const Moments& part = lanes_[i].moments;
    for (size_t j = 0; j < features_; j++) moments->sums[j] += part.sums[j];
    moments->squares += part.squares;
    moments->count += part.count;
  }
}

void BlockKrylov::powerRows(const Rows& x, size_t from, size_t to, Device& device, int threads, float* y, float* w, Moments* moments) {
  const size_t d = features_, b = now_, step = blockRows(d);
  for (size_t first = from; first < to; first += step) {
    const size_t rows = std::min(step, to - first);
    centre(x, first, rows, shift_.data(), device.fill(rows * d), threads, moments);
    const float* c = device.place(rows * d);
    // Y = (X − s) Qᵀ, then W += Yᵀ (X − s)
    device.multiply({false, true, rows, b, d, c, d, q_.data(), d, y, b});
    device.multiply({true, false, b, d, rows, y, b, c, d, w, d, 1, 1});
  }
}

void BlockKrylov::product(float* w) {
  device_.download(w_.data(), w, now_ * features_);
  for (const Lane& lane : lanes_) kernels().add(lane.w.data(), w, now_ * features_);
}

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
