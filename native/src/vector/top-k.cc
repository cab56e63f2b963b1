// Exact selection by radix: the magnitudes of floats are ordered as their bits without the sign, 31 of them, so three counts of 11, 10
// and 10 bits find the k-th largest magnitude with no copy of the vector.
#include "top-k.h"

#include <cstring>

namespace weft {
namespace {

// Elements judged at once: where none is large enough, and with a small k that is nearly everywhere, all are passed over.
constexpr size_t GROUP = 32;

inline uint32_t magnitude(const float* x) {
  uint32_t bits;
  std::memcpy(&bits, x, 4);
  return bits & 0x7fffffff;
}

/** Calls take(index, magnitude) for every magnitude ≥ least, by ascending index. */
template <typename Take>
inline void eachFrom(const float* x, size_t n, uint32_t least, Take take) {
  size_t i = 0;
  for (; i + GROUP <= n; i += GROUP) {
    int any = 0;
    for (size_t l = 0; l < GROUP; l++) any |= static_cast<int32_t>(magnitude(x + i + l)) >= static_cast<int32_t>(least);
    if (!any) continue;
    for (size_t l = i; l < i + GROUP; l++) {
      if (const uint32_t m = magnitude(x + l); m >= least) take(l, m);
    }
  }
  for (; i < n; i++) {
    if (const uint32_t m = magnitude(x + i); m >= least) take(i, m);
  }
}

/** The digit that holds the k-th largest; k becomes its place among those. */
uint32_t digitOf(const uint32_t* counts, uint32_t digits, size_t& k) {
  uint32_t d = digits - 1;
  while (counts[d] < k) k -= counts[d--];
  return d;
}

}  // namespace

void topK(const float* x, size_t n, size_t k, uint32_t* indexes, float* values) {
  if (k == 0) return;
  size_t left = k;
  // Two tables, so that equal neighbours do not wait for each other's count.
  static thread_local uint32_t counts[2][2048];
  std::memset(counts, 0, sizeof counts);
  size_t i = 0;
  for (; i + 2 <= n; i += 2) {
    counts[0][magnitude(x + i) >> 20]++;
    counts[1][magnitude(x + i + 1) >> 20]++;
  }
  if (i < n) counts[0][magnitude(x + i) >> 20]++;
  for (size_t d = 0; d < 2048; d++) counts[0][d] += counts[1][d];
  uint32_t prefix = digitOf(counts[0], 2048, left);
  for (int shift = 10; shift >= 0; shift -= 10) {
    std::memset(counts[0], 0, sizeof counts[0]);
    eachFrom(x, n, prefix << (shift + 10), [&](size_t, uint32_t m) {
      if (m >> (shift + 10) == prefix) counts[0][(m >> shift) & 1023]++;
    });
    prefix = prefix << 10 | digitOf(counts[0], 1024, left);
  }
  // prefix is the k-th largest magnitude, and the first `left` that equal it are in.
  size_t taken = 0;
  eachFrom(x, n, prefix, [&](size_t at, uint32_t m) {
    if (m == prefix && left-- == 0) {
      left = 0;
      return;
    }
    indexes[taken] = static_cast<uint32_t>(at);
    values[taken++] = x[at];
  });
}

}  // namespace weft
