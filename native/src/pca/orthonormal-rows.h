#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "device.h"

namespace weft::pca {

/** Rows of length 1 to the last bit; those of zeros stay. x may be out. Throws DeviceError bad-argument for what is not finite. */
void unitRows(const float* x, size_t rows, size_t d, float* out);

/** Makes rows of d values orthonormal, on a device. */
class OrthonormalRows {
 public:
  /** small: rows · max(rows, basis) values of the device; spare: rows · d. random: the state that directions are drawn from. */
  OrthonormalRows(Device& device, size_t features, float* small, float* spare, uint64_t& random)
      : device_(device), features_(features), small_(small), spare_(spare), random_(random) {}

  /**
   * Orthonormal rows in place of z, orthogonal to the basis (m orthonormal rows), each spanned by the basis and the rows up to it:
   * z −= (z Bᵀ) B, then z ← L⁻¹ D z for the Cholesky factor L of D z zᵀ D with unit diagonal, again and again until z zᵀ = I (lengths
   * to 1e-3: normalize() comes next). A pivot that float32 does not show is held above 0, so that the next round finds what is behind it. A
   * row that the others explain comes back as a random direction.
   *
   *   Fukaya, Kannan, Nakatsukasa, Yamamoto, Yanagisawa: Shifted Cholesky QR, SIAM J. Sci. Comput. 42 (2020)
   */
  void orthonormalize(float* z, size_t rows, const float* basis, size_t m) const;
  /** Rows of length 1 to the last bit, also into q, of the host. */
  void normalize(float* z, size_t rows, float* q) const;
  /** Random signs. */
  void randomize(float* z, size_t rows) const;

 private:
  void gram(const float* z, size_t rows, std::vector<double>& g) const;

  Device& device_;
  const size_t features_;
  float *small_, *spare_;
  uint64_t& random_;
};

}  // namespace weft::pca
