#pragma once

#include <cstddef>
#include <cstdint>

namespace weft {

/** CRC-32C of n bytes, going on from previous (0 at first), by the CPU's instruction where it has one. */
uint32_t crc32c(const uint8_t* bytes, size_t n, uint32_t previous);
/** 'sse4.2' or 'portable'. */
const char* crc32cKind();

}  // namespace weft
