// Blocks of the compressed formats, and the exact length of n elements in them, as lib/blocks.ts has them.
#pragma once

#include <stddef.h>

namespace weft {

constexpr size_t INT8_BLOCK = 256;
constexpr size_t ONE_BIT_BLOCK = 512;

/** A scale of 4 bytes a block, a byte an element. */
constexpr size_t int8Bytes(size_t n) { return n + 4 * ((n + INT8_BLOCK - 1) / INT8_BLOCK); }
/** Two means of 4 bytes a block, a bit an element. */
constexpr size_t oneBitBytes(size_t n) {
  const size_t rest = n % ONE_BIT_BLOCK;
  return n / ONE_BIT_BLOCK * (8 + ONE_BIT_BLOCK / 8) + (rest > 0 ? 8 + (rest + 7) / 8 : 0);
}

}  // namespace weft
