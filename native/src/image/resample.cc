#include "resample.h"

#include <algorithm>
#include <cmath>

namespace weft::image {
namespace {

constexpr double LOBES = 3;

// L(x) = sinc(x) sinc(x / 3), |x| < 3
double lanczos(double x) {
  if (x == 0) return 1;
  if (std::abs(x) >= LOBES) return 0;
  const double t = M_PI * x;
  return LOBES * std::sin(t) * std::sin(t / LOBES) / (t * t);
}

uint8_t toByte(float value) { return static_cast<uint8_t>(std::min(255.0f, std::max(0.0f, value)) + 0.5f); }

/** y += a x */
void axpy(float a, const float* x, float* y, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] += a * x[i];
}
void axpy(float a, const uint8_t* x, float* y, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] += a * static_cast<float>(x[i]);
}

}  // namespace

// Output i lies at c = (i + 1/2) s, s = size / scaled, and is Σ w_j x_j with w_j = L((j + 1/2 − c) / s), Σ w_j = 1.
void Resampler::plan(size_t size, size_t scaled, size_t cut, size_t count) {
  const double s = static_cast<double>(size) / static_cast<double>(scaled);
  taps_.clear();
  weights_.clear();
  for (size_t i = cut; i < cut + count; i++) {
    const double c = (static_cast<double>(i) + 0.5) * s;
    const auto first = static_cast<size_t>(std::max(0.0, std::ceil(c - LOBES * s - 0.5)));
    const size_t end = std::min(size, static_cast<size_t>(std::floor(c + LOBES * s - 0.5)) + 1);
    double sum = 0;
    for (size_t j = first; j < end; j++) sum += lanczos((static_cast<double>(j) + 0.5 - c) / s);
    taps_.push_back({first, end - first, weights_.size()});
    for (size_t j = first; j < end; j++)
      weights_.push_back(static_cast<float>(lanczos((static_cast<double>(j) + 0.5 - c) / s) / sum));
  }
}

void Resampler::cover(const Picture<const uint8_t>& from, const Picture<uint8_t>& to, size_t channels) {
  const double scale = std::max(static_cast<double>(to.height) / static_cast<double>(from.height),
                                static_cast<double>(to.width) / static_cast<double>(from.width));
  const auto scaled = [scale](size_t size, size_t least) {
    return std::max(least, static_cast<size_t>(std::lround(static_cast<double>(size) * scale)));
  };
  const auto centre = [](size_t size, size_t kept) { return (size - kept + 1) / 2; };
  const size_t height = scaled(from.height, to.height), width = scaled(from.width, to.width);
  const size_t stride = from.width * channels, rows = to.height;

  // Down first. What comes out lies on its side, so that going along a row is going down as well: element (x, channel) has its rows side by side.
  plan(from.height, height, centre(height, to.height), to.height);
  row_.resize(std::max(stride, rows));
  columns_.resize(stride * rows);
  for (size_t y = 0; y < rows; y++) {
    std::fill_n(row_.begin(), stride, 0.0f);
    const Taps& taps = taps_[y];
    for (size_t j = 0; j < taps.count; j++)
      axpy(weights_[taps.weights + j], from.pixels + (taps.first + j) * stride, row_.data(), stride);
    for (size_t x = 0; x < stride; x++) columns_[x * rows + y] = row_[x];
  }
  plan(from.width, width, centre(width, to.width), to.width);
  for (size_t x = 0; x < to.width; x++) {
    const Taps& taps = taps_[x];
    for (size_t c = 0; c < channels; c++) {
      std::fill_n(row_.begin(), rows, 0.0f);
      for (size_t j = 0; j < taps.count; j++)
        axpy(weights_[taps.weights + j], columns_.data() + ((taps.first + j) * channels + c) * rows, row_.data(), rows);
      for (size_t y = 0; y < rows; y++) to.pixels[(y * to.width + x) * channels + c] = toByte(row_[y]);
    }
  }
}

}  // namespace weft::image
