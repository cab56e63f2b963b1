#pragma once

#include <cstddef>

namespace weft {

/**
 * Modified Gram–Schmidt on the columns of p (rows × columns, row-major), in double precision, in place. A column that the ones before it
 * explain up to 10⁻⁶ of its length, or that is zero, becomes zero. The same bits on every CPU. scratch: rows · columns doubles.
 */
void orthonormalize(float* p, size_t rows, size_t columns, double* scratch);

}  // namespace weft
