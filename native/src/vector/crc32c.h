#pragma once

#include <cstddef>
#include <cstdint>

namespace weft {

/** One way to compute CRC-32C. */
struct Crc32c {
  /** 'avx512', 'pclmul', 'sse4.2' or 'portable'. */
  const char* name;
  /** Whether this CPU can. */
  bool (*runs)();
  /** The register after n more bytes; without the inversions at both ends. */
  uint32_t (*update)(const uint8_t* bytes, size_t n, uint32_t state);
};

/** All ways, the fastest first; the last runs everywhere. */
extern const Crc32c CRC32C_KINDS[];
extern const size_t CRC32C_KIND_COUNT;
/** The fastest that runs here. */
const Crc32c& chosenCrc32c();

/** CRC-32C of n bytes, going on from previous (0 at first). */
uint32_t crc32c(const uint8_t* bytes, size_t n, uint32_t previous, const Crc32c& kind = chosenCrc32c());

/** The first chunk whose CRC-32C is not the one given (four bytes, big-endian, one after the other); −1 where all are. The last chunk may be shorter. */
int64_t crc32cMismatch(const uint8_t* bytes, size_t n, size_t chunk, const uint8_t* sums);

}  // namespace weft
