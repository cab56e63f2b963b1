#pragma once

#include <cstddef>
#include <cstdint>

namespace weft {

/** The k ≤ n elements of largest magnitude, ascending by index; of equal magnitudes the lower index wins, and NaN is above ∞. */
void topK(const float* x, size_t n, size_t k, uint32_t* indexes, float* values);

}  // namespace weft
