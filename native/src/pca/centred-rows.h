#pragma once

#include <cstddef>
#include <cstdint>

namespace weft::pca {

/** Rows of a data set, row-major: bytes or floats. */
struct Rows {
  const uint8_t* bytes;   // or null
  const float* floats;    // or null
  size_t rows, features;
};

/** Σ (x − s) by feature, Σ |x − s|² over all, and the number of rows. */
struct Moments {
  double* sums;
  double squares = 0;
  size_t count = 0;
};

/**
 * out ← x − s for the rows [first, first + count). Floats that are not finite come through as they are.
 *
 * moments: taken as well, unless null
 */
void centre(const Rows& x, size_t first, size_t count, const float* s, float* out, int threads, Moments* moments);

/** Rows that are centred at a time: enough for a product to run at full speed, few enough to stay near the cores. */
size_t blockRows(size_t features);

}  // namespace weft::pca
