#pragma once

#include <cmath>
#include <cstddef>

namespace weft::pca {

/** An eigenvector is one only up to its sign: the element of largest magnitude, the first of equal ones, becomes positive. */
inline void fixSigns(float* vectors, size_t count, size_t length) {
  for (size_t i = 0; i < count; i++) {
    float* v = vectors + i * length;
    size_t largest = 0;
    for (size_t j = 1; j < length; j++) {
      if (std::abs(v[j]) > std::abs(v[largest])) largest = j;
    }
    if (length == 0 || v[largest] >= 0) continue;
    for (size_t j = 0; j < length; j++) v[j] = -v[j];
  }
}

}  // namespace weft::pca
