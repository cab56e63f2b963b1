// The first convolution of a network: few channels in, no gradient by the input.
#include "layer.h"

namespace weft {
namespace {

class DirectConvolution final : public Layer {
 public:
  DirectConvolution(const Op& op, Tensor& in, Tensor& out) : op_(op), in_(in), out_(out) {
    const Shape x = in.shape, y = out.shape;
    padded_ = op.padTop + op.padLeft + op.padBottom + op.padRight > 0;
    paddedHeight_ = x.height + op.padTop + op.padBottom;
    s_ = {x.channels, y.channels,       x.width + op.padLeft + op.padRight, y.height, y.width, op.kernelHeight,
          op.kernelWidth, op.strideHeight, op.strideWidth, op.activation == Activation::relu};
    filterSize_ = static_cast<size_t>(op.kernelHeight) * op.kernelWidth * x.channels * y.channels;
    if (!op.frozen) {
      weights.push_back({op.kernel, filterSize_});
      if (op.bias >= 0) weights.push_back({op.bias, y.channels});
    }
  }

  void reserve(int, int threads) override {
    imageStride_ = (static_cast<size_t>(paddedHeight_) * s_.paddedWidth * s_.channels + 31) / 16 * 16;
    if (padded_) images_.reserve(imageStride_ * threads);
    sumStride_ = (filterSize_ + s_.filters + 31) / 16 * 16;
    sums_.reserve(sumStride_ * threads);
  }

  void forward(const Pass& p, int begin, int end, int thread) override {
    const float* base = op_.frozen ? p.state : p.parameters;
    for (int i = begin; i < end; i++) {
      kernels().directForward(s_, image(i, thread), base + op_.kernel, op_.bias >= 0 ? base + op_.bias : nullptr,
                              out_.value(i));
    }
  }

  void beginBackward(const Pass& p) override { std::memset(sums_.data(), 0, sumStride_ * p.threads * sizeof(float)); }

  void backward(const Pass&, int begin, int end, int thread) override {
    if (op_.frozen) return;
    float* dw = sums_.data() + sumStride_ * thread;
    for (int i = begin; i < end; i++) {
      kernels().directFilterGradient(s_, image(i, thread), out_.value(i), out_.gradient(i), dw, dw + filterSize_);
    }
  }

  void endBackward(const Pass& p) override {
    if (op_.frozen) return;
    for (int t = 1; t < p.threads; t++) kernels().add(sums_.data() + sumStride_ * t, sums_.data(), sumStride_);
    std::memcpy(p.gradients + op_.kernel, sums_.data(), filterSize_ * sizeof(float));
    if (op_.bias >= 0) std::memcpy(p.gradients + op_.bias, sums_.data() + filterSize_, s_.filters * sizeof(float));
  }

 private:
  /** The image with its padding, copied only where there is some; the border of the copy stays zero. */
  const float* image(int sample, int thread) {
    if (!padded_) return in_.value(sample);
    float* to = images_.data() + imageStride_ * thread;
    const size_t line = static_cast<size_t>(in_.shape.width) * s_.channels;
    for (int y = 0; y < in_.shape.height; y++) {
      std::memcpy(to + (static_cast<size_t>(y + op_.padTop) * s_.paddedWidth + op_.padLeft) * s_.channels,
                  in_.value(sample) + y * line, line * sizeof(float));
    }
    return to;
  }

  const Op op_;
  Tensor &in_, &out_;
  Direct s_{};
  bool padded_ = false;
  int paddedHeight_ = 0;
  size_t filterSize_ = 0, imageStride_ = 0, sumStride_ = 0;
  Buffer images_, sums_;
};

}  // namespace

std::unique_ptr<Layer> makeDirect(const Op& op, Tensor& in, Tensor& out) {
  const bool suits = op.kind == OpKind::convolution && op.dilationHeight == 1 && op.dilationWidth == 1 &&
                     in.shape.channels <= 4 && !in.needsGradient && out.shape.channels % kernels().width == 0;
  return suits ? std::make_unique<DirectConvolution>(op, in, out) : nullptr;
}

}  // namespace weft
