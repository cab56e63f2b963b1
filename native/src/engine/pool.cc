// Pooling that no convolution has taken into its own pass.
#include "layer.h"

namespace weft {
namespace {

class MaxPool final : public Layer {
 public:
  MaxPool(const Op& op, Tensor& in, Tensor& out)
      : s_{in.shape.channels, in.shape.height, in.shape.width, out.shape.height, out.shape.width, op.kernelHeight,
           op.kernelWidth, op.strideHeight, op.strideWidth, op.padTop, op.padLeft},
        in_(in), out_(out) {}
  void forward(const Pass&, int begin, int end, int) override {
    for (int i = begin; i < end; i++) kernels().maxPoolForward(s_, in_.value(i), out_.value(i));
  }
  void backward(const Pass&, int begin, int end, int) override {
    if (!in_.needsGradient) return;
    for (int i = begin; i < end; i++) kernels().maxPoolBackward(s_, in_.value(i), out_.gradient(i), in_.gradient(i));
  }

 private:
  const Pool s_;
  Tensor &in_, &out_;
};

/** The mean of a window's values; padding does not count. A window of the whole image is global average pooling. */
class AveragePool final : public Layer {
 public:
  AveragePool(const Op& op, Tensor& in, Tensor& out)
      : s_{in.shape.channels, in.shape.height, in.shape.width, out.shape.height, out.shape.width, op.kernelHeight,
           op.kernelWidth, op.strideHeight, op.strideWidth, op.padTop, op.padLeft},
        in_(in), out_(out) {
    if (op.kind != OpKind::globalAveragePool) return;
    s_ = {in.shape.channels, in.shape.height, in.shape.width, 1, 1, in.shape.height, in.shape.width, 1, 1, 0, 0};
  }
  void forward(const Pass&, int begin, int end, int) override {
    for (int i = begin; i < end; i++) {
      const float* x = in_.value(i);
      float* y = out_.value(i);
      eachWindow([&](int top, int bottom, int left, int right, size_t at) {
        float* to = y + at;
        std::memset(to, 0, s_.channels * sizeof(float));
        for (int r = top; r < bottom; r++) {
          for (int q = left; q < right; q++) kernels().add(x + pixel(r, q), to, s_.channels);
        }
        kernels().scale(1.0f / ((bottom - top) * (right - left)), to, s_.channels);
      });
    }
  }
  void backward(const Pass&, int begin, int end, int) override {
    if (!in_.needsGradient) return;
    for (int i = begin; i < end; i++) {
      const float* dy = out_.gradient(i);
      float* dx = in_.gradient(i);
      std::memset(dx, 0, in_.shape.features() * sizeof(float));
      eachWindow([&](int top, int bottom, int left, int right, size_t at) {
        const float share = 1.0f / ((bottom - top) * (right - left));
        for (int r = top; r < bottom; r++) {
          for (int q = left; q < right; q++) kernels().axpy(share, dy + at, dx + pixel(r, q), s_.channels);
        }
      });
    }
  }

 private:
  size_t pixel(int y, int x) const { return (static_cast<size_t>(y) * s_.width + x) * s_.channels; }
  template <typename F>
  void eachWindow(F f) const {
    for (int oy = 0; oy < s_.outHeight; oy++) {
      for (int ox = 0; ox < s_.outWidth; ox++) {
        const int y = oy * s_.strideHeight - s_.padTop, x = ox * s_.strideWidth - s_.padLeft;
        f(std::max(0, y), std::min(s_.height, y + s_.poolHeight), std::max(0, x), std::min(s_.width, x + s_.poolWidth),
          (static_cast<size_t>(oy) * s_.outWidth + ox) * s_.channels);
      }
    }
  }
  Pool s_;
  Tensor &in_, &out_;
};

}  // namespace

std::unique_ptr<Layer> makeMaxPool(const Op& op, Tensor& in, Tensor& out) { return std::make_unique<MaxPool>(op, in, out); }
std::unique_ptr<Layer> makeAveragePool(const Op& op, Tensor& in, Tensor& out) {
  return std::make_unique<AveragePool>(op, in, out);
}

}  // namespace weft
