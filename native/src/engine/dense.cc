// Y = act(X W + b) over the whole batch, by oneDNN's matrix product on the flat weights as they lie: no reorder either way.
#include <dnnl.h>

#include "layer.h"

namespace weft {
namespace {

struct Matrix {
  const float* data;
  int stride;
  bool transposed;
};

/** C (m × n) ← α A B + β C, all row-major. */
void product(int m, int n, int k, float alpha, Matrix a, Matrix b, float beta, float* c, int ldc) {
  const auto flag = [](bool t) { return t ? 'T' : 'N'; };
  if (dnnl_sgemm(flag(a.transposed), flag(b.transposed), m, n, k, alpha, a.data, a.stride, b.data, b.stride, beta, c, ldc) !=
      dnnl_success) {
    throw EngineError("engine-failed", "dense: oneDNN refused a matrix product");
  }
}

// Below so many multiplications a second thread costs more than it saves.
constexpr double SMALL = 1 << 19;
// oneDNN copies B into its own layout; a larger B^T than the second-level cache holds took a third longer (4608 × 225: 3.1 ms, 2.4 in
// parts), so it is taken in parts.
constexpr int PART_FLOATS = 1 << 18;

/** The same with C's longer side shared out over the team. Each element is summed by one thread: no order depends on timing. */
void sharedProduct(Team& team, int m, int n, int k, float alpha, Matrix a, Matrix b, float beta, float* c) {
  const int threads = static_cast<double>(m) * n * k < SMALL ? 1 : team.size();
  team.run(threads, [&](int t, int count) {
    // Whole vectors of 16, so that only the last part has a rest.
    const auto bound = [&](int size, int i) {
      return i == count ? size : static_cast<int>(static_cast<int64_t>(size) * i / count / 16 * 16);
    };
    if (m > n) {
      const int from = bound(m, t), to = bound(m, t + 1);
      const Matrix rows{a.data + static_cast<size_t>(from) * (a.transposed ? 1 : a.stride), a.stride, a.transposed};
      if (to > from) product(to - from, n, k, alpha, rows, b, beta, c + static_cast<size_t>(from) * n, n);
      return;
    }
    const int end = bound(n, t + 1);
    const int part = b.transposed ? std::max(48, PART_FLOATS / std::max(k, 1) / 48 * 48) : n;
    for (int from = bound(n, t); from < end; from += part) {
      const Matrix columns{b.data + static_cast<size_t>(from) * (b.transposed ? b.stride : 1), b.stride, b.transposed};
      product(m, std::min(part, end - from), k, alpha, a, columns, beta, c + from, n);
    }
  });
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
    sharedProduct(*p.team, rows, units_, depth_, 1, {in_.value(), depth_, false}, {base + op_.kernel, units_, false}, 0,
                  out_.value());
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
      sharedProduct(*p.team, rows, depth_, units_, 1, {out_.gradient(), units_, false}, {base + op_.kernel, units_, true}, 0,
                    in_.gradient());
    }
    if (op_.frozen) return;
    if (fused) {
      // W ← W − η Xᵀ dY in the product itself: the gradient is never written.
      sharedProduct(*p.team, depth_, units_, rows, -p.fusedRate, {in_.value(), depth_, true}, {out_.gradient(), units_, false}, 1,
                    base + op_.kernel);
      if (bias) kernels().sgdStep(p.fusedRate, base + op_.bias, db, units_);
    } else {
      sharedProduct(*p.team, depth_, units_, rows, 1, {in_.value(), depth_, true}, {out_.gradient(), units_, false}, 0,
                    p.gradients + op_.kernel);
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
