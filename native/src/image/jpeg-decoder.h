// JPEG by libjpeg-turbo: baseline and progressive, 8 bits, to gray (Rec. 601, which is the file's own luminance) or RGB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "resample.h"

namespace weft::image {

/** What every image is made. */
struct Form {
  size_t height, width;
  /** 1 or 3. */
  size_t channels;
};

/** Decodes one image after the other in memory of its own. */
class JpegDecoder {
 public:
  /**
   * Pixels of an image of the form's size; of a larger one what is left when it is scaled to cover the form and cut at its centre.
   * What libjpeg warns of is damage.
   *
   * @param out height × width × channels bytes; anything when it fails
   * @returns empty, or why not
   */
  std::string decode(const uint8_t* bytes, size_t size, const Form& form, uint8_t* out);

 private:
  std::vector<uint8_t> pixels_;
  Resampler resampler_;
};

}  // namespace weft::image
