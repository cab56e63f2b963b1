// CRC-32C, reflected polynomial 0x82F63B78. The CPU's instruction takes 8 bytes but answers after 3 cycles, so three blocks run side
// by side; the CRC of a ‖ b is shift(crc(a), |b|) ⊕ crc(b), where shift, appending zero bytes, is linear and kept as four tables.
#include "crc32c.h"

#include <cstring>
#if defined(__x86_64__)
#include <nmmintrin.h>

#include "crc32c-fold.h"
#endif

namespace weft {
namespace {

constexpr size_t BLOCK = 1024;  // bytes of each of the three

struct Tables {
  uint32_t byte[256];
  uint32_t shift[4][256];  // of BLOCK zero bytes, by byte of the CRC
  Tables() {
    for (uint32_t b = 0; b < 256; b++) {
      uint32_t c = b;
      for (int i = 0; i < 8; i++) c = c & 1 ? (c >> 1) ^ 0x82f63b78 : c >> 1;
      byte[b] = c;
    }
    for (int k = 0; k < 4; k++) {
      for (uint32_t b = 0; b < 256; b++) {
        uint32_t c = b << (8 * k);
        for (size_t i = 0; i < BLOCK; i++) c = (c >> 8) ^ byte[c & 255];
        shift[k][b] = c;
      }
    }
  }
};
const Tables& tables() {
  static const Tables t;
  return t;
}

bool always() { return true; }

uint32_t portable(const uint8_t* p, size_t n, uint32_t c) {
  const Tables& t = tables();
  for (size_t i = 0; i < n; i++) c = (c >> 8) ^ t.byte[(c ^ p[i]) & 255];
  return c;
}

#if defined(__x86_64__)
uint32_t shifted(const Tables& t, uint32_t c) {
  return t.shift[0][c & 255] ^ t.shift[1][(c >> 8) & 255] ^ t.shift[2][(c >> 16) & 255] ^ t.shift[3][c >> 24];
}

__attribute__((target("sse4.2"))) uint32_t instruction(const uint8_t* p, size_t n, uint32_t start) {
  const Tables& t = tables();
  const auto word = [](const uint8_t* q) {
    uint64_t w;
    std::memcpy(&w, q, 8);
    return w;
  };
  uint64_t c = start;
  for (; n >= 3 * BLOCK; n -= 3 * BLOCK, p += 3 * BLOCK) {
    uint64_t d = 0, e = 0;
    for (size_t i = 0; i < BLOCK; i += 8) {
      c = _mm_crc32_u64(c, word(p + i));
      d = _mm_crc32_u64(d, word(p + BLOCK + i));
      e = _mm_crc32_u64(e, word(p + 2 * BLOCK + i));
    }
    c = shifted(t, static_cast<uint32_t>(c)) ^ d;
    c = shifted(t, static_cast<uint32_t>(c)) ^ e;
  }
  for (; n >= 8; n -= 8, p += 8) c = _mm_crc32_u64(c, word(p));
  for (; n > 0; n--, p++) c = _mm_crc32_u8(static_cast<uint32_t>(c), *p);
  return static_cast<uint32_t>(c);
}

bool hasInstruction() { return __builtin_cpu_supports("sse4.2"); }
#endif

}  // namespace

const Crc32c CRC32C_KINDS[] = {
#if defined(__x86_64__)
    {"avx512", runsFold512, fold512},
    {"pclmul", runsFold128, fold128},
    {"sse4.2", hasInstruction, instruction},
#endif
    {"portable", always, portable},
};
const size_t CRC32C_KIND_COUNT = sizeof(CRC32C_KINDS) / sizeof(*CRC32C_KINDS);

const Crc32c& chosenCrc32c() {
  static const Crc32c& chosen = []() -> const Crc32c& {
    const Crc32c* kind = CRC32C_KINDS;
    while (!kind->runs()) kind++;
    return *kind;
  }();
  return chosen;
}

uint32_t crc32c(const uint8_t* bytes, size_t n, uint32_t previous, const Crc32c& kind) {
  return ~kind.update(bytes, n, ~previous);
}

int64_t crc32cMismatch(const uint8_t* bytes, size_t n, size_t chunk, const uint8_t* sums) {
  const Crc32c& kind = chosenCrc32c();
  for (size_t start = 0, index = 0; start < n; start += chunk, index++, sums += 4) {
    const uint32_t expected = uint32_t{sums[0]} << 24 | uint32_t{sums[1]} << 16 | uint32_t{sums[2]} << 8 | sums[3];
    if (crc32c(bytes + start, n - start < chunk ? n - start : chunk, 0, kind) != expected) return static_cast<int64_t>(index);
  }
  return -1;
}

}  // namespace weft
