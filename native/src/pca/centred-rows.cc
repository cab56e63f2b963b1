#include "centred-rows.h"

#include <algorithm>
#include <vector>

#include "../kernels/kernels.h"

namespace weft::pca {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 20;
constexpr size_t kRows = 128;
/** Of a block, however long its rows. */
constexpr size_t kMostBytes = size_t{256} << 20;
/** Features that one thread takes at a time: their sums stay in the first cache. */
constexpr size_t kStripe = 1024;

}  // namespace

size_t blockRows(size_t features) {
  const size_t bytes = features * sizeof(float);
  return std::clamp<size_t>(kMostBytes / bytes, 1, std::clamp<size_t>(kBlockBytes / bytes, kRows, 4096));
}

void centre(const Rows& x, size_t first, size_t count, const float* s, float* out, int threads, Moments* moments) {
  const Kernels& k = kernels();
  const size_t d = x.features, stripes = (d + kStripe - 1) / kStripe;
  // By stripe, so that the sum does not depend on which thread came first.
  std::vector<double> squares(stripes, 0);
#pragma omp parallel for num_threads(threads) schedule(static)
  for (size_t stripe = 0; stripe < stripes; stripe++) {
    const size_t from = stripe * kStripe, n = std::min(d, from + kStripe) - from;
    for (size_t i = 0; i < count; i++) {
      const size_t at = (first + i) * d + from;
      float* o = out + i * d + from;
      if (x.bytes) {
        k.centreBytes(x.bytes + at, s + from, o, n);
      } else {
        k.centreFloats(x.floats + at, s + from, o, n);
      }
      if (moments) squares[stripe] += k.addMoments(o, moments->sums + from, n);
    }
  }
  if (!moments) return;
  for (const double part : squares) moments->squares += part;
  moments->count += count;
}

}  // namespace weft::pca
