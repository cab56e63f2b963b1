#include "orthonormalize.h"

#include <cmath>

namespace weft {
namespace {

// Sums run in the order of the rows: see lib/matrix.ts.
double dot(const double* a, const double* b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

}  // namespace

void orthonormalize(float* p, size_t rows, size_t columns, double* scratch) {
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = 0; j < columns; j++) scratch[j * rows + i] = p[i * columns + j];
  }
  for (size_t j = 0; j < columns; j++) {
    double* v = scratch + j * rows;
    const double before = dot(v, v, rows);
    for (size_t k = 0; k < j; k++) {
      const double* u = scratch + k * rows;
      const double along = dot(u, v, rows);
      for (size_t i = 0; i < rows; i++) v[i] -= along * u[i];
    }
    const double squared = dot(v, v, rows);
    // What is left of a dependent column is float32's rounding of it: no direction of its own. NaN passes, so that it is seen.
    const double inverse = squared <= 1e-12 * before ? 0 : 1 / std::sqrt(squared);
    for (size_t i = 0; i < rows; i++) v[i] = inverse == 0 ? 0 : v[i] * inverse;
  }
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = 0; j < columns; j++) p[i * columns + j] = static_cast<float>(scratch[j * rows + i]);
  }
}

}  // namespace weft
