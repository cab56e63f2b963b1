// Makes a picture smaller by Lanczos's filter of three lobes, columns and rows one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft::image {

/** Rows of interleaved channels. */
template <typename T>
struct Picture {
  T* pixels;
  size_t height, width;
};

/** Memory is kept from one picture to the next. */
class Resampler {
 public:
  /** Scales `from` to cover `to`, and cuts at the centre. `from` is as large at least, each way. The same bytes on every CPU. */
  void cover(const Picture<const uint8_t>& from, const Picture<uint8_t>& to, size_t channels);

 private:
  /** Which elements make an output, and how much of each. */
  struct Taps {
    size_t first, count, weights;
  };
  /** Outputs [cut, cut + count) of `scaled` ones, of `size` elements. */
  void plan(size_t size, size_t scaled, size_t cut, size_t count);

  std::vector<Taps> taps_;
  std::vector<float> weights_, row_, columns_;
};

}  // namespace weft::image
