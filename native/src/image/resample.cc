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

/** Values that are made at a time, in registers: elements of a row going down, rows going along. */
constexpr size_t LANES = 16;

/** y = Σ w_j x_j, where x_j and x_j+1 are `stride` values apart. */
void combine(const float* w, size_t count, const float* x, size_t stride, float* y) {
  float sum[LANES] = {};
  for (size_t j = 0; j < count; j++)
    for (size_t i = 0; i < LANES; i++) sum[i] += w[j] * x[j * stride + i];
  for (size_t i = 0; i < LANES; i++) y[i] = sum[i];
}

}  // namespace

// Output i lies at c = (i + 1/2) s, s = size / scaled, and is Σ w_j x_j with w_j = L((j + 1/2 − c) / s), Σ w_j = 1.
void Resampler::Plan::make(size_t ofSize, size_t toScaled, size_t fromCut, size_t count) {
  if (ofSize == size && toScaled == scaled && fromCut == cut && count == taps.size()) return;
  size = ofSize, scaled = toScaled, cut = fromCut;
  const double s = static_cast<double>(size) / static_cast<double>(scaled);
  taps.clear();
  weights.clear();
  std::vector<double> l;
  for (size_t i = cut; i < cut + count; i++) {
    const double c = (static_cast<double>(i) + 0.5) * s;
    const auto first = static_cast<size_t>(std::max(0.0, std::ceil(c - LOBES * s - 0.5)));
    const size_t end = std::min(size, static_cast<size_t>(std::floor(c + LOBES * s - 0.5)) + 1);
    double sum = 0;
    l.clear();
    for (size_t j = first; j < end; j++) {
      l.push_back(lanczos((static_cast<double>(j) + 0.5 - c) / s));
      sum += l.back();
    }
    taps.push_back({first, end - first, weights.size()});
    for (const double w : l) weights.push_back(static_cast<float>(w / sum));
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
  down_.make(from.height, height, centre(height, to.height), to.height);
  along_.make(from.width, width, centre(width, to.width), to.width);

  const size_t values = from.width * channels, stride = (values + LANES - 1) / LANES * LANES;
  floats_.resize(from.height * stride);
  for (size_t y = 0; y < from.height; y++) std::copy_n(from.pixels + y * values, values, floats_.begin() + static_cast<long>(y * stride));
  rows_.resize(LANES * stride);
  side_.resize(stride * LANES);
  for (size_t top = 0; top < to.height; top += LANES) {
    const size_t rows = std::min(LANES, to.height - top);
    for (size_t y = 0; y < rows; y++) {
      const Taps& taps = down_.taps[top + y];
      for (size_t x = 0; x < stride; x += LANES)
        combine(&down_.weights[taps.weights], taps.count, &floats_[taps.first * stride + x], stride, &rows_[y * stride + x]);
    }
    // On its side, so that going along a row is going down as well.
    for (size_t x = 0; x < values; x++)
      for (size_t y = 0; y < LANES; y++) side_[x * LANES + y] = rows_[y * stride + x];
    for (size_t x = 0; x < to.width; x++) {
      const Taps& taps = along_.taps[x];
      for (size_t c = 0; c < channels; c++) {
        float y[LANES];
        combine(&along_.weights[taps.weights], taps.count, &side_[(taps.first * channels + c) * LANES], channels * LANES, y);
        for (size_t i = 0; i < rows; i++) to.pixels[((top + i) * to.width + x) * channels + c] = toByte(y[i]);
      }
    }
  }
}

}  // namespace weft::image
