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
  struct Plan {
    /** Outputs [cut, cut + count) of `scaled` ones, of `size` elements. Pictures of a call are mostly of one size. */
    void make(size_t size, size_t scaled, size_t cut, size_t count);

    size_t size = 0, scaled = 0, cut = 0;
    std::vector<Taps> taps;
    std::vector<float> weights;
  };

  Plan down_, along_;
  std::vector<float> floats_, rows_, side_;
};

}  // namespace weft::image
