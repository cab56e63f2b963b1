#include "orthonormal-rows.h"

#include <algorithm>
#include <cmath>

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
/** A Gram matrix no farther than this from the identity is put right by one more mixing. */
constexpr double kNearly = 0.1;
/** What a Gram matrix may have beside its diagonal: what float32 sums of many features show. */
constexpr double kOrthogonal = 2e-5;
/** How far its diagonal may be from 1: sums of equal squares are rounded the same way each time. normalize() then sets the lengths. */
constexpr double kLength = 1e-3;
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

void unitRows(const float* x, size_t rows, size_t d, float* out) {
  for (size_t i = 0; i < rows; i++) {
    double squares = 0;
    for (size_t j = 0; j < d; j++) squares += static_cast<double>(x[i * d + j]) * x[i * d + j];
    if (!std::isfinite(squares)) throw DeviceError("bad-argument", kTooLarge);
    const double length = squares > 0 ? std::sqrt(squares) : 1;
    for (size_t j = 0; j < d; j++) out[i * d + j] = static_cast<float>(x[i * d + j] / length);
  }
}

void OrthonormalRows::normalize(float* z, size_t rows, float* q) const {
  device_.download(z, q, rows * features_);
  unitRows(q, rows, features_, q);
  device_.upload(q, z, rows * features_);
}

void OrthonormalRows::orthonormalize(float* z, size_t rows, const float* basis, size_t m) const {
  const size_t d = features_;
  std::vector<double> g(rows * rows), inverse(rows * rows), scale(rows), expected(rows, 0);
  std::vector<float> mixing(rows * rows);
  for (int round = 0; round < kRounds; round++) {
    if (m > 0) {
      device_.multiply({false, true, rows, m, d, z, d, basis, d, small_, m});
      device_.multiply({false, false, rows, d, m, small_, m, basis, d, z, d, -1, 1});
    }
    gram(z, rows, g);
    double beside = 0, length = 0;
    bool lost = false;
    const auto renew = [&](size_t i) {
      randomize(z + i * d, 1);
      expected[i] = 0;
      lost = true;
    };
    for (size_t i = 0; i < rows; i++) {
      const double square = g[i * rows + i];
      if (!(square > std::max(kZero, kDependent * expected[i]))) renew(i);
      for (size_t j = 0; j < i; j++) beside = std::max(beside, std::abs(g[i * rows + j]));
      length = std::max(length, std::abs(square - 1));
    }
    if (lost) continue;
    // The projection is to have seen what a mixing before it has made; one that changes little leaves nothing to be seen.
    const bool isLast = round > 0 && std::max(beside, length) < kNearly;
    if (isLast && beside < kOrthogonal && length < kLength) return;
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
    device_.upload(mixing.data(), small_, rows * rows);
    device_.multiply({false, false, rows, d, rows, small_, rows, z, d, spare_, d});
    device_.copy(spare_, z, rows * d);
    if (isLast) return;
  }
  throw DeviceError("device-failed", "pca: no orthonormal basis of " + std::to_string(m + rows) + " directions found");
}

void OrthonormalRows::randomize(float* z, size_t rows) const {
  std::vector<float> signs(features_);
  for (size_t i = 0; i < rows; i++) {
    for (float& sign : signs) sign = mix(random_) >> 63 ? 1.0f : -1.0f;
    device_.upload(signs.data(), z + i * features_, features_);
  }
}

void OrthonormalRows::gram(const float* z, size_t rows, std::vector<double>& g) const {
  const size_t d = features_;
  std::vector<float> single(rows * rows);
  device_.multiply({false, true, rows, rows, d, z, d, z, d, small_, rows});
  device_.download(small_, single.data(), rows * rows);
  for (size_t i = 0; i < rows * rows; i++) g[i] = single[i];
}

}  // namespace weft::pca
