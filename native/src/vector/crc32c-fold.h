#pragma once

#include <cstddef>
#include <cstdint>

namespace weft {

/** CRC-32C by carry-less products of 4 × 128 bits a step: needs PCLMULQDQ and SSE4.2. */
bool runsFold128();
uint32_t fold128(const uint8_t* bytes, size_t n, uint32_t state);

/** The same by 4 × 512 bits: needs AVX-512 and VPCLMULQDQ too. */
bool runsFold512();
uint32_t fold512(const uint8_t* bytes, size_t n, uint32_t state);

}  // namespace weft
