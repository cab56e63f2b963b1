// 3×3 convolutions of stride 1 by Winograd's algorithm, with bias, relu and a 2×2 maximum pool in the same pass over an image.
#include "layer.h"

namespace weft {
namespace {

// Bytes that the transformed tiles of one block may take: with the filters they should fit a second-level cache.
constexpr size_t BLOCK_BYTES = 400 * 1024;

class WinogradConvolution final : public Layer {
 public:
  WinogradConvolution(const Op& op, Shape convolved, Tensor& in, Tensor& out, bool pooled) : op_(op), in_(in), out_(out) {
    s_.channels = in.shape.channels;
    s_.filters = out.shape.channels;
    s_.height = in.shape.height;
    s_.width = in.shape.width;
    s_.outHeight = convolved.height;
    s_.outWidth = convolved.width;
    s_.padTop = op.padTop;
    s_.padLeft = op.padLeft;
    s_.relu = op.activation == Activation::relu;
    s_.pool = pooled;
    const int tiles = ((s_.outHeight + 3) / 4) * ((s_.outWidth + 3) / 4);
    const int fit = static_cast<int>(BLOCK_BYTES / (36 * 4 * (s_.channels + s_.filters))) / 12 * 12;
    s_.blockTiles = std::min(tiles, std::max(12, fit));
    filterSize_ = static_cast<size_t>(9) * s_.channels * s_.filters;
    if (!op.frozen) {
      weights.push_back({op.kernel, filterSize_});
      if (op.bias >= 0) weights.push_back({op.bias, s_.filters});
    }
  }

  void reserve(int batch, int threads) override {
    const size_t transformed = static_cast<size_t>(36) * s_.channels * s_.filters;
    u_.reserve(transformed);
    ut_.reserve(transformed);
    scratchStride_ = (kernels().winogradScratch(s_) + 31) / 16 * 16;
    scratch_.reserve(scratchStride_ * threads);
    // du, db of a thread; apart by more than a cache line.
    sumStride_ = transformed + (s_.filters + 31) / 16 * 16;
    sums_.reserve(sumStride_ * threads);
    if (s_.pool) choice_.reserve((batch * out_.shape.features() + 3) / 4);
  }

  void beginForward(const Pass& p) override {
    const float* base = op_.frozen ? p.state : p.parameters;
    kernels().winogradFilter(s_, base + op_.kernel, u_.data(), p.training && in_.needsGradient ? ut_.data() : nullptr);
  }

  void forward(const Pass& p, int begin, int end, int thread) override {
    const float* base = op_.frozen ? p.state : p.parameters;
    const float* bias = op_.bias >= 0 ? base + op_.bias : nullptr;
    for (int i = begin; i < end; i++) {
      kernels().winogradForward(s_, in_.value(i), u_.data(), bias, out_.value(i), choice(i), scratch(thread));
    }
  }

  void beginBackward(const Pass& p) override {
    if (!op_.frozen) std::memset(sums_.data(), 0, sumStride_ * p.threads * sizeof(float));
  }

  void backward(const Pass&, int begin, int end, int thread) override {
    const size_t transformed = static_cast<size_t>(36) * s_.channels * s_.filters;
    float* du = op_.frozen ? nullptr : sums_.data() + sumStride_ * thread;
    float* db = op_.frozen ? nullptr : du + transformed;
    for (int i = begin; i < end; i++) {
      float* dx = in_.needsGradient ? in_.gradient(i) : nullptr;
      kernels().winogradBackward(s_, in_.value(i), ut_.data(), out_.value(i), choice(i), out_.gradient(i), dx, du, db,
                                 scratch(thread));
    }
  }

  void endBackward(const Pass& p) override {
    if (op_.frozen) return;
    const size_t transformed = static_cast<size_t>(36) * s_.channels * s_.filters;
    for (int t = 1; t < p.threads; t++) kernels().add(sums_.data() + sumStride_ * t, sums_.data(), sumStride_);
    kernels().winogradFilterGradient(s_, sums_.data(), p.gradients + op_.kernel);
    if (op_.bias >= 0) std::memcpy(p.gradients + op_.bias, sums_.data() + transformed, s_.filters * sizeof(float));
  }

 private:
  uint8_t* choice(int sample) const {
    return reinterpret_cast<uint8_t*>(choice_.data()) + (s_.pool ? sample * out_.shape.features() : 0);
  }
  float* scratch(int thread) const { return scratch_.data() + scratchStride_ * thread; }

  const Op op_;
  Tensor &in_, &out_;
  Winograd s_{};
  size_t filterSize_ = 0, scratchStride_ = 0, sumStride_ = 0;
  Buffer u_, ut_, scratch_, sums_, choice_;
};

}  // namespace

bool suitsWinograd(const Op& op, Shape in, Shape out) {
  const int w = kernels().width;
  return op.kind == OpKind::convolution && op.kernelHeight == 3 && op.kernelWidth == 3 && op.strideHeight == 1 &&
         op.strideWidth == 1 && op.dilationHeight == 1 && op.dilationWidth == 1 && in.channels % w == 0 &&
         out.channels % w == 0 && out.height >= 4 && out.width >= 4;
}

std::unique_ptr<Layer> makeWinograd(const Op& op, Shape convolved, Tensor& in, Tensor& out, bool pooled) {
  if (!suitsWinograd(op, in.shape, convolved)) return nullptr;
  return std::make_unique<WinogradConvolution>(op, convolved, in, out, pooled);
}

}  // namespace weft
