#pragma once

#include <cstdint>
#include <vector>

#include "centred-rows.h"
#include "device.h"

namespace weft::pca {

/**
 * S = Σ (x − μ)(x − μ)ᵀ of rows that come block by block, with their mean and number: what an exact PCA of few features is taken from.
 * Bytes are multiplied as 8-bit integers where the CPU does that exactly (VNNI, four times as fast), else as floats about 128 that hold each
 * sum without rounding: their S is exact. Floats are multiplied as floats (few features in double precision), about the mean of the first
 * block, and added up in double precision.
 */
class Scatter {
 public:
  Scatter(Device& device, int threads, size_t features);
  void add(const Rows& x);
  /** Into s (d × d, whole) and mean (d). Returns the number of rows. */
  size_t result(double* s, double* mean);

 private:
  void addBytes(const uint8_t* x, size_t rows);
  void addFloats(const Rows& x, size_t first, size_t rows);
  void addDoubles(const Rows& x, size_t first, size_t rows);
  void flush();

  Device& device_;
  const int threads_;
  const size_t features_;
  size_t count_ = 0, pending_ = 0;  // rows; those whose products lie in integers_ still
  bool shifted_ = false;
  std::vector<double> s_;           // upper triangle, about shift_
  std::vector<double> sums_;        // Σ (x − shift)
  std::vector<float> shift_;
  std::vector<int32_t> integers_;   // Σ x (x − 128)ᵀ
  std::vector<int8_t> lowered_;     // x − 128
  std::vector<uint32_t> totals_;    // Σ x of the pending rows
  DeviceMatrix products_;           // a panel
};

}  // namespace weft::pca
