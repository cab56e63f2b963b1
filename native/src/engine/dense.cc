// Y = act(X W + b) over the whole batch, by oneDNN's matrix product on the flat weights as they lie: no reorder either way.
#include <dnnl.h>

#include "layer.h"

namespace weft {
namespace {

void product(char transA, char transB, int m, int n, int k, float alpha, const float* a, int lda, const float* b, int ldb,
             float beta, float* c) {
  if (dnnl_sgemm(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, n) != dnnl_success) {
    throw EngineError("engine-failed", "dense: oneDNN refused a matrix product");
  }
}

class Dense final : public Layer {
 public:
  Dense(const Op& op, Tensor& in, Tensor& out, bool mayFuse)
      : op_(op), in_(in), out_(out), mayFuse_(mayFuse && !op.frozen), units_(out.shape.channels), depth_(in.shape.channels),
        relu_(op.activation == Activation::relu) {
    // A dense layer over an image works on every pixel's channels.
    rowsPerSample_ = static_cast<int>(in.shape.features() / depth_);
    if (!op.frozen) {
      weights.push_back({op.kernel, static_cast<size_t>(depth_) * units_});
      if (op.bias >= 0) weights.push_back({op.bias, units_});
    }
  }

  bool perSample() const override { return false; }
  bool fusesStep() const override { return mayFuse_; }
  void reserve(int, int) override { biasGradient_.reserve(units_); }

  void forward(const Pass& p, int, int end, int) override {
    const float* base = op_.frozen ? p.state : p.parameters;
    const int rows = end * rowsPerSample_;
    product('N', 'N', rows, units_, depth_, 1, in_.value(), depth_, base + op_.kernel, units_, 0, out_.value());
    if (op_.bias >= 0 || relu_) {
      kernels().biasActivation(out_.value(), op_.bias >= 0 ? base + op_.bias : nullptr, relu_, rows, units_);
    }
  }

  void backward(const Pass& p, int, int end, int) override {
    float* base = op_.frozen ? p.state : p.parameters;
    const int rows = end * rowsPerSample_;
    const bool bias = op_.bias >= 0 && !op_.frozen;
    const bool fused = p.fusedRate > 0 && mayFuse_;
    float* db = !bias ? nullptr : fused ? biasGradient_.data() : p.gradients + op_.bias;
    kernels().maskBias(out_.gradient(), relu_ ? out_.value() : nullptr, db, rows, units_);
    // dX = dY Wᵀ comes first: a fused step changes W.
    if (in_.needsGradient) {
      product('N', 'T', rows, depth_, units_, 1, out_.gradient(), units_, base + op_.kernel, units_, 0, in_.gradient());
    }
    if (op_.frozen) return;
    if (fused) {
      // W ← W − η Xᵀ dY in the product itself: the gradient is never written.
      product('T', 'N', depth_, units_, rows, -p.fusedRate, in_.value(), depth_, out_.gradient(), units_, 1,
              base + op_.kernel);
      if (bias) kernels().sgdStep(p.fusedRate, base + op_.bias, db, units_);
    } else {
      product('T', 'N', depth_, units_, rows, 1, in_.value(), depth_, out_.gradient(), units_, 0, p.gradients + op_.kernel);
    }
  }

 private:
  const Op op_;
  Tensor &in_, &out_;
  const bool mayFuse_;
  const int units_, depth_;
  int rowsPerSample_ = 1;
  const bool relu_;
  Buffer biasGradient_;
};

}  // namespace

std::unique_ptr<Layer> makeDense(const Op& op, Tensor& in, Tensor& out, bool mayFuse) {
  return std::make_unique<Dense>(op, in, out, mayFuse);
}

}  // namespace weft
