#include "scatter.h"

#include <omp.h>

#include <algorithm>
#include <dnnl.h>

#include "blas-device.h"

namespace weft::pca {
namespace {

/** Products of 255 · 128 that an int32 holds the sum of: 65,793. */
constexpr size_t kMostPending = 65'000;
/** Bytes of a block that stay in the second-level cache while all panels read them. */
constexpr size_t kBlockBytes = size_t{4} << 20;
/** Rows of S that one product gives: what lies left of the diagonal block is not computed. */
constexpr size_t kPanel = 128;
/** Up to here floats are multiplied in double precision: it costs next to nothing. */
constexpr size_t kDouble = 256;
/** What bytes are centred by where they are multiplied as floats: (255 − 128)² and less, 1,024 of them, are whole numbers up to 2²⁴. */
constexpr float kMiddle = 128;
constexpr size_t kExactRows = 1024;

/**
 * Whether oneDNN's product of bytes is exact here. Without VNNI it adds pairs of products in 16 bits, which saturate:
 * 255 · 127 + 255 · 127 becomes 32,767. https://uxlfoundation.github.io/oneDNN/dev_guide_int8_computations.html
 */
bool multipliesBytesExactly() {
  static const bool exact = [] {
    constexpr dnnl_dim_t n = 64;
    const std::vector<uint8_t> a(n * n, 255);
    const std::vector<int8_t> b(n * n, 127);
    std::vector<int32_t> c(n * n, 0);
    const int32_t none = 0;
    if (dnnl_gemm_u8s8s32('T', 'N', 'F', n, n, n, 1, a.data(), n, 0, b.data(), n, 0, 1, c.data(), n, &none) != dnnl_success) return false;
    return std::all_of(c.begin(), c.end(), [](int32_t sum) { return sum == n * 255 * 127; });
  }();
  return exact;
}

}  // namespace

Scatter::Scatter(Device& device, int threads, size_t features)
    : device_(device), threads_(threads), features_(features), s_(features * features, 0), sums_(features, 0), shift_(features, 0) {}

void Scatter::add(const Rows& x) {
  if (x.rows == 0) return;
  // Bytes need no shift: their products are exact. One that has been set before stays.
  if (x.bytes && !shifted_ && multipliesBytesExactly()) {
    const size_t step = std::clamp<size_t>(kBlockBytes / features_, 256, kMostPending);
    for (size_t first = 0; first < x.rows; first += step) addBytes(x.bytes + first * features_, std::min(step, x.rows - first));
    return;
  }
  if (!shifted_ && count_ == 0 && x.bytes) {
    std::fill(shift_.begin(), shift_.end(), kMiddle);
    shifted_ = true;
  }
  if (!shifted_ && count_ == 0) {
    const size_t rows = std::min(x.rows, blockRows(features_));
    std::vector<double> mean(features_, 0);
    for (size_t i = 0; i < rows; i++) {
      for (size_t j = 0; j < features_; j++) mean[j] += x.floats[i * features_ + j];
    }
    for (size_t j = 0; j < features_; j++) shift_[j] = static_cast<float>(mean[j] / static_cast<double>(rows));
    shifted_ = true;
  }
  const size_t step = x.bytes ? std::min(blockRows(features_), kExactRows) : blockRows(features_);
  for (size_t first = 0; first < x.rows; first += step) addFloats(x, first, std::min(step, x.rows - first));
}

void Scatter::addBytes(const uint8_t* x, size_t rows) {
  const size_t d = features_;
  if (integers_.empty()) {
    integers_.assign(d * d, 0);
    totals_.assign(d, 0);
  }
  if (pending_ + rows > kMostPending) flush();
  lowered_.resize(rows * d);
  for (size_t i = 0; i < rows * d; i++) lowered_[i] = static_cast<int8_t>(x[i] ^ 0x80);
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = 0; j < d; j++) totals_[j] += x[i * d + j];
  }
  omp_set_num_threads(threads_);
  const int32_t none = 0;
  for (size_t top = 0; top < d; top += kPanel) {
    const size_t height = std::min(kPanel, d - top), width = d - top;
    dnnl_gemm_u8s8s32('T', 'N', 'F', height, width, rows, 1, x + top, d, 0, lowered_.data() + top, d, 0, 1,
                      integers_.data() + top * d + top, d, &none);
  }
  pending_ += rows;
  count_ += rows;
}

void Scatter::flush() {
  const size_t d = features_;
  for (size_t i = 0; i < d && pending_ > 0; i++) {
    for (size_t j = i; j < d; j++) s_[i * d + j] += integers_[i * d + j] + 128.0 * static_cast<double>(totals_[i]);
  }
  for (size_t j = 0; j < d && pending_ > 0; j++) sums_[j] += static_cast<double>(totals_[j]);
  std::fill(integers_.begin(), integers_.end(), 0);
  std::fill(totals_.begin(), totals_.end(), 0);
  pending_ = 0;
}

void Scatter::addFloats(const Rows& x, size_t first, size_t rows) {
  const size_t d = features_;
  if (d <= kDouble) {
    addDoubles(x, first, rows);
    return;
  }
  if (!products_.data()) products_ = DeviceMatrix(device_, std::min(kPanel, d) * d);
  Moments moments{sums_.data()};
  centre(x, first, rows, shift_.data(), device_.fill(rows * d), threads_, &moments);
  const float* c = device_.place(rows * d);
  std::vector<float> host(kPanel * d);
  for (size_t top = 0; top < d; top += kPanel) {
    const size_t height = std::min(kPanel, d - top), width = d - top;
    device_.multiply({true, false, height, width, rows, c + top, d, c + top, d, products_.data(), width});
    device_.download(products_.data(), host.data(), height * width);
    for (size_t i = 0; i < height; i++) {
      double* s = s_.data() + (top + i) * d + top;
      for (size_t j = i; j < width; j++) s[j] += host[i * width + j];
    }
  }
  count_ += rows;
}

void Scatter::addDoubles(const Rows& x, size_t first, size_t rows) {
  const size_t d = features_;
  std::vector<double> c(rows * d);
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = 0; j < d; j++) {
      const size_t at = (first + i) * d + j;
      const double value = x.bytes ? x.bytes[at] : x.floats[at];
      sums_[j] += c[i * d + j] = value - shift_[j];
    }
  }
  addScatter(s_.data(), c.data(), rows, d, threads_);
  count_ += rows;
}

size_t Scatter::result(double* s, double* mean) {
  const size_t d = features_;
  flush();
  const double n = static_cast<double>(std::max<size_t>(count_, 1));
  for (size_t i = 0; i < d; i++) {
    mean[i] = shift_[i] + sums_[i] / n;
    for (size_t j = i; j < d; j++) s[i * d + j] = s[j * d + i] = s_[i * d + j] - sums_[i] * (sums_[j] / n);
  }
  return count_;
}

}  // namespace weft::pca
