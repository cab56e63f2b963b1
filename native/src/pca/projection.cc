#include "projection.h"

#include <algorithm>

namespace weft::pca {

Projection::Projection(Device& device, int threads, const float* components, size_t count, const float* mean, size_t features)
    : device_(device),
      threads_(threads),
      count_(count),
      features_(features),
      mean_(mean, mean + features),
      components_(device, count * features),
      out_(device, blockRows(features) * std::max(count, features)) {
  device.upload(components, components_.data(), count * features);
}

void Projection::project(const Rows& x, float* out) {
  const size_t d = features_, k = count_, step = blockRows(d);
  for (size_t first = 0; first < x.rows; first += step) {
    const size_t rows = std::min(step, x.rows - first);
    centre(x, first, rows, mean_.data(), device_.fill(rows * d), threads_, nullptr);
    const float* c = device_.place(rows * d);
    device_.multiply({false, true, rows, k, d, c, d, components_.data(), d, out_.data(), k});
    device_.download(out_.data(), out + first * k, rows * k);
  }
}

void Projection::reconstruct(const float* y, size_t rows, float* out) {
  const size_t d = features_, k = count_, step = blockRows(d);
  for (size_t first = 0; first < rows; first += step) {
    const size_t part = std::min(step, rows - first);
    std::copy_n(y + first * k, part * k, device_.fill(part * k));
    const float* c = device_.place(part * k);
    device_.multiply({false, false, part, d, k, c, k, components_.data(), d, out_.data(), d});
    device_.download(out_.data(), out + first * d, part * d);
    for (size_t i = first; i < first + part; i++) {
      for (size_t j = 0; j < d; j++) out[i * d + j] += mean_[j];
    }
  }
}

}  // namespace weft::pca
