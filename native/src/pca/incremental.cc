#include "incremental.h"

#include <algorithm>
#include <cmath>

#include "orthonormal-rows.h"
#include "signs.h"

namespace weft::pca {

Incremental::Incremental(Device& device, int threads, size_t features, size_t count, size_t most)
    : device_(device),
      threads_(threads),
      features_(features),
      components_(count),
      most_(most),
      mean_(features, 0),
      stack_(device, (count + std::max(most, count) + 1) * features),
      next_(device, count * features) {
  const size_t side = std::min(features, count + std::max(most, count) + 1);
  gram_ = DeviceMatrix(device, side * side);
}

void Incremental::add(const Rows& x) {
  const size_t d = features_, step = blockRows(d);
  if (x.rows == 0) return;
  // About the first row, so that a constant feature has exactly its value for a mean.
  std::vector<float> shift(d);
  for (size_t j = 0; j < d; j++) shift[j] = x.bytes ? static_cast<float>(x.bytes[j]) : x.floats[j];
  std::vector<double> sums(d, 0), mean(d);
  Moments moments{sums.data()};
  for (size_t first = 0; first < x.rows; first += step) {
    const size_t rows = std::min(step, x.rows - first);
    centre(x, first, rows, shift.data(), device_.fill(rows * d), threads_, &moments);
  }
  const double n = static_cast<double>(x.rows);
  double squares = moments.squares;
  std::vector<float> centre32(d);
  for (size_t j = 0; j < d; j++) {
    squares -= sums[j] * (sums[j] / n);
    mean[j] = shift[j] + sums[j] / n;
    centre32[j] = static_cast<float>(mean[j]);
  }
  for (size_t first = 0; first < x.rows; first += step) {
    const size_t rows = std::min(step, x.rows - first);
    centre(x, first, rows, centre32.data(), device_.fill(rows * d), threads_, nullptr);
    device_.copy(device_.place(rows * d), stack_.data() + (rank_ + first) * d, rows * d);
  }
  reduce(x.rows, mean.data(), x.rows, std::max(0.0, squares));
}

void Incremental::merge(const float* scaled, size_t rows, const double* mean, size_t count, double squares) {
  if (count == 0) return;
  device_.upload(scaled, stack_.data() + rank_ * features_, rows * features_);
  reduce(rows, mean, count, squares);
}

void Incremental::reduce(size_t rows, const double* mean, size_t count, double squares) {
  const size_t d = features_;
  const double n = static_cast<double>(count_), more = static_cast<double>(count), all = n + more;
  size_t q = rank_ + rows;
  if (count_ > 0) {
    std::vector<float> row(d);
    const double weight = std::sqrt(n * more / all);
    for (size_t j = 0; j < d; j++) {
      const double difference = mean_[j] - mean[j];
      row[j] = static_cast<float>(weight * difference);
      squares_ += difference * difference * (n * more / all);
    }
    device_.upload(row.data(), stack_.data() + q * d, d);
    q += 1;
  }
  for (size_t j = 0; j < d; j++) mean_[j] += (mean[j] - mean_[j]) * (more / all);
  squares_ += squares;
  count_ += count;

  const size_t rank = std::min({components_, q, d});
  if (q > d) {
    // Σ V itself from the d × d matrix Mᵀ M.
    device_.multiply({true, false, d, d, q, stack_.data(), d, stack_.data(), d, gram_.data(), d});
    std::vector<double> vectors(rank * d);
    const std::vector<double> values = eigenOfGram(d, rank, vectors);
    std::vector<float> scaled(rank * d);
    for (size_t i = 0; i < rank; i++) {
      const double singular = std::sqrt(std::max(0.0, values[i]));
      for (size_t j = 0; j < d; j++) scaled[i * d + j] = static_cast<float>(vectors[i * d + j] * singular);
    }
    device_.upload(scaled.data(), stack_.data(), rank * d);
  } else {
    // M Mᵀ shows in float32 what is longer than √ε of the longest; the rows that it gives are nearly orthogonal, so that theirs shows the rest.
    rotate(stack_.data(), q, rank, next_.data());
    rotate(next_.data(), rank, rank, stack_.data());
  }
  rank_ = rank;
}

std::vector<double> Incremental::eigenOfGram(size_t side, size_t count, std::vector<double>& vectors) {
  std::vector<float> single(side * side);
  device_.download(gram_.data(), single.data(), side * side);
  std::vector<double> gram(single.begin(), single.end()), values(count);
  device_.eigen(gram.data(), side, count, values.data(), vectors.data());
  return values;
}

void Incremental::rotate(const float* m, size_t rows, size_t count, float* out) {
  const size_t d = features_;
  device_.multiply({false, true, rows, rows, d, m, d, m, d, gram_.data(), rows});
  std::vector<double> vectors(count * rows);
  eigenOfGram(rows, count, vectors);
  const std::vector<float> mixing(vectors.begin(), vectors.end());
  device_.upload(mixing.data(), gram_.data(), count * rows);
  device_.multiply({false, false, count, d, rows, gram_.data(), rows, m, d, out, d});
}

size_t Incremental::state(float* scaled, double* mean, double* squares) {
  device_.download(stack_.data(), scaled, rank_ * features_);
  std::copy(mean_.begin(), mean_.end(), mean);
  *squares = squares_;
  return count_;
}

void Incremental::result(double* singular, float* vectors) {
  const size_t d = features_;
  device_.download(stack_.data(), vectors, rank_ * d);
  for (size_t i = 0; i < rank_; i++) {
    const float* v = vectors + i * d;
    double squares = 0;
    for (size_t j = 0; j < d; j++) squares += static_cast<double>(v[j]) * v[j];
    singular[i] = std::sqrt(squares);
  }
  unitRows(vectors, rank_, d, vectors);
  device_.upload(vectors, next_.data(), rank_ * d);
  uint64_t random = 0;
  const OrthonormalRows rows(device_, d, gram_.data(), stack_.data() + rank_ * d, random);
  rows.orthonormalize(next_.data(), rank_, nullptr, 0);
  rows.normalize(next_.data(), rank_, vectors);
  fixSigns(vectors, rank_, d);
}

}  // namespace weft::pca
