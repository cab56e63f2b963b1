#include "element-codec.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "../kernels/block-bytes.h"
#include "../kernels/kernels.h"

namespace weft {
namespace {

float largerOf(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<float>::quiet_NaN();
  if (a == b) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

}  // namespace

size_t wireBytes(Wire wire, size_t n) {
  switch (wire) {
    case Wire::float32: return 4 * n;
    case Wire::half:
    case Wire::bfloat: return 2 * n;
    case Wire::int8: return int8Bytes(n);
  }
  return 0;
}

void encodeElements(Wire wire, const float* x, size_t n, uint8_t* out) {
  const Kernels& k = kernels();
  switch (wire) {
    case Wire::float32: std::memcpy(out, x, 4 * n); return;
    case Wire::half: k.toHalf(x, reinterpret_cast<uint16_t*>(out), n); return;
    case Wire::bfloat: k.toBfloat(x, reinterpret_cast<uint16_t*>(out), n); return;
    case Wire::int8: k.int8EncodeBlocks(x, n, out); return;
  }
}

void decodeElements(Wire wire, const uint8_t* bytes, size_t n, float* out) {
  const Kernels& k = kernels();
  switch (wire) {
    case Wire::float32: std::memcpy(out, bytes, 4 * n); return;
    case Wire::half: k.fromHalf(reinterpret_cast<const uint16_t*>(bytes), out, n); return;
    case Wire::bfloat: k.fromBfloat(reinterpret_cast<const uint16_t*>(bytes), out, n); return;
    case Wire::int8: k.int8DecodeBlocks(bytes, n, out); return;
  }
}

void reduceElements(Reduction op, const float* x, float* y, size_t n) {
  if (op == Reduction::sum) kernels().add(x, y, n);
  else std::transform(x, x + n, y, y, largerOf);
}

}  // namespace weft
