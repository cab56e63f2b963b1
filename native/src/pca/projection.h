#pragma once

#include <vector>

#include "centred-rows.h"
#include "device.h"

namespace weft::pca {

/** y = (x − μ) Vᵀ, and x ≈ μ + y V, for k orthonormal rows V. */
class Projection {
 public:
  /** components: count × features */
  Projection(Device& device, int threads, const float* components, size_t count, const float* mean, size_t features);
  /** out: rows × count */
  void project(const Rows& x, float* out);
  /** y: rows × count; out: rows × features */
  void reconstruct(const float* y, size_t rows, float* out);

 private:
  Device& device_;
  const int threads_;
  const size_t count_, features_;
  std::vector<float> mean_;
  DeviceMatrix components_, out_;
};

}  // namespace weft::pca
