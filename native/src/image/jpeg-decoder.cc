#include "jpeg-decoder.h"

// jpeglib.h needs FILE.
#include <cstdio>

#include <jpeglib.h>

#include <algorithm>
#include <csetjmp>

namespace weft::image {
namespace {

/** Of a file's image, as hdfs-loader's header checks have it; a header that lies gets no further here. */
constexpr size_t MAX_PIXELS = 100'000'000;
/** A progressive file of a few kilobytes may have thousands of scans, each as dear as an image. */
constexpr int MAX_SCANS = 100;
constexpr JDIMENSION ROWS = 8;

struct Errors {
  jpeg_error_mgr base;
  jmp_buf leave;
  char line[JMSG_LENGTH_MAX];
};

/**
 * One file. libjpeg leaves by longjmp, over its own frames and those of the methods here that call it, in which nothing has a destructor.
 */
class File {
 public:
  File(const uint8_t* bytes, size_t size) : bytes_(bytes), size_(size) {
    jpeg_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = fail;
    errors_.base.emit_message = warn;
    errors_.base.output_message = [](j_common_ptr) {};
    progress_.progress_monitor = watch;
  }
  ~File() { jpeg_destroy_decompress(&jpeg_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool readHeader() {
    if (setjmp(errors_.leave) != 0) return false;
    jpeg_create_decompress(&jpeg_);
    jpeg_.progress = &progress_;
    jpeg_mem_src(&jpeg_, bytes_, static_cast<unsigned long>(size_));
    jpeg_read_header(&jpeg_, TRUE);
    return true;
  }

  /** @param shrink 1, 2, 4 or 8 */
  bool start(size_t channels, unsigned shrink) {
    if (setjmp(errors_.leave) != 0) return false;
    jpeg_.out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_.dct_method = JDCT_ISLOW;
    jpeg_.do_fancy_upsampling = TRUE;
    jpeg_.scale_num = 1;
    jpeg_.scale_denom = shrink;
    jpeg_start_decompress(&jpeg_);
    return true;
  }

  /** All rows, one behind the other. */
  bool readRows(uint8_t* out) {
    if (setjmp(errors_.leave) != 0) return false;
    const size_t stride = static_cast<size_t>(jpeg_.output_width) * static_cast<size_t>(jpeg_.output_components);
    while (jpeg_.output_scanline < jpeg_.output_height) {
      JSAMPROW rows[ROWS];
      const JDIMENSION count = std::min(ROWS, jpeg_.output_height - jpeg_.output_scanline);
      for (JDIMENSION i = 0; i < count; i++) rows[i] = out + (jpeg_.output_scanline + i) * stride;
      jpeg_read_scanlines(&jpeg_, rows, count);
    }
    // No jpeg_finish_decompress: what lies behind the last row costs no pixel.
    return true;
  }

  size_t height() const { return jpeg_.image_height; }
  size_t width() const { return jpeg_.image_width; }
  int components() const { return jpeg_.num_components; }
  size_t outHeight() const { return jpeg_.output_height; }
  size_t outWidth() const { return jpeg_.output_width; }
  const char* line() const { return errors_.line; }

 private:
  [[noreturn]] static void fail(j_common_ptr jpeg) {
    auto* errors = reinterpret_cast<Errors*>(jpeg->err);
    errors->base.format_message(jpeg, errors->line);
    longjmp(errors->leave, 1);
  }
  static void warn(j_common_ptr jpeg, int level) {
    if (level < 0) fail(jpeg);
  }
  static void watch(j_common_ptr jpeg) {
    if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number <= MAX_SCANS) return;
    auto* errors = reinterpret_cast<Errors*>(jpeg->err);
    std::snprintf(errors->line, sizeof errors->line, "expected at most %d scans", MAX_SCANS);
    longjmp(errors->leave, 1);
  }

  const uint8_t* const bytes_;
  const size_t size_;
  jpeg_decompress_struct jpeg_{};
  jpeg_progress_mgr progress_{};
  Errors errors_{};
};

/** The most that the decoder can shrink by itself, in its transform, so that the form is still covered. */
unsigned shrinkOf(size_t height, size_t width, const Form& form) {
  unsigned shrink = 8;
  while (shrink > 1 && (height / shrink < form.height || width / shrink < form.width)) shrink /= 2;
  return shrink;
}

}  // namespace

std::string JpegDecoder::decode(const uint8_t* bytes, size_t size, const Form& form, uint8_t* out) {
  File file(bytes, size);
  if (!file.readHeader()) return file.line();
  const size_t height = file.height(), width = file.width();
  if (height * width > MAX_PIXELS) return "beyond the pixel limit";
  if (file.components() != 1 && file.components() != 3) return "expected gray or YCbCr";
  if (height < form.height || width < form.width) return "smaller than its header said";
  if (!file.start(form.channels, shrinkOf(height, width, form))) return file.line();
  const bool isWhole = file.outHeight() == form.height && file.outWidth() == form.width;
  if (!isWhole) pixels_.resize(file.outHeight() * file.outWidth() * form.channels);
  if (!file.readRows(isWhole ? out : pixels_.data())) return file.line();
  if (!isWhole) resampler_.cover({pixels_.data(), file.outHeight(), file.outWidth()}, {out, form.height, form.width}, form.channels);
  return {};
}

}  // namespace weft::image
