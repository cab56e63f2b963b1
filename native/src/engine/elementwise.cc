// Layers that work value by value: activations, dropout, sums and joins of tensors, and the fork where one tensor has several readers.
#include <cmath>

#include "layer.h"

namespace weft {
namespace {

class ActivationLayer final : public Layer {
 public:
  ActivationLayer(const Op& op, Tensor& in, Tensor& out) : kind_(op.activation), alpha_(op.alpha), in_(in), out_(out) {}

  void forward(const Pass&, int begin, int end, int) override {
    const float* x = in_.value(begin);
    float* y = out_.value(begin);
    const size_t n = (end - begin) * in_.shape.features();
    switch (kind_) {
      case Activation::linear: std::memcpy(y, x, n * sizeof(float)); break;
      case Activation::relu: for (size_t i = 0; i < n; i++) y[i] = x[i] < 0 ? 0 : x[i]; break;
      case Activation::relu6: for (size_t i = 0; i < n; i++) y[i] = x[i] < 0 ? 0 : x[i] > 6 ? 6 : x[i]; break;
      case Activation::elu:
        for (size_t i = 0; i < n; i++) y[i] = x[i] >= 0 ? x[i] : static_cast<float>(alpha_) * std::expm1(x[i]);
        break;
      case Activation::sigmoid: for (size_t i = 0; i < n; i++) y[i] = 1 / (1 + std::exp(-x[i])); break;
      case Activation::tanh: for (size_t i = 0; i < n; i++) y[i] = std::tanh(x[i]); break;
      case Activation::softmax: softmaxRows(x, y, n); break;
    }
  }

  // By the output, which every one of these derivatives can be written in.
  void backward(const Pass&, int begin, int end, int) override {
    if (!in_.needsGradient) return;
    const float* y = out_.value(begin);
    const float* g = out_.gradient(begin);
    float* d = in_.gradient(begin);
    const size_t n = (end - begin) * in_.shape.features();
    switch (kind_) {
      case Activation::linear: std::memcpy(d, g, n * sizeof(float)); break;
      case Activation::relu: for (size_t i = 0; i < n; i++) d[i] = y[i] > 0 ? g[i] : 0; break;
      case Activation::relu6: for (size_t i = 0; i < n; i++) d[i] = y[i] > 0 && y[i] < 6 ? g[i] : 0; break;
      case Activation::elu:
        for (size_t i = 0; i < n; i++) d[i] = y[i] >= 0 ? g[i] : g[i] * (y[i] + static_cast<float>(alpha_));
        break;
      case Activation::sigmoid: for (size_t i = 0; i < n; i++) d[i] = g[i] * y[i] * (1 - y[i]); break;
      case Activation::tanh: for (size_t i = 0; i < n; i++) d[i] = g[i] * (1 - y[i] * y[i]); break;
      case Activation::softmax: {
        const size_t c = in_.shape.channels;
        for (size_t r = 0; r < n; r += c) {
          float dot = 0;
          for (size_t i = r; i < r + c; i++) dot += g[i] * y[i];
          for (size_t i = r; i < r + c; i++) d[i] = y[i] * (g[i] - dot);
        }
      }
    }
  }

 private:
  void softmaxRows(const float* x, float* y, size_t n) const {
    const size_t c = in_.shape.channels;
    for (size_t r = 0; r < n; r += c) {
      float largest = x[r], sum = 0;
      for (size_t i = r; i < r + c; i++) largest = std::max(largest, x[i]);
      for (size_t i = r; i < r + c; i++) sum += y[i] = std::exp(x[i] - largest);
      for (size_t i = r; i < r + c; i++) y[i] /= sum;
    }
  }
  const Activation kind_;
  const double alpha_;
  Tensor &in_, &out_;
};

/** Kept values are divided by 1 − rate. What is dropped depends on seed, step and place alone, not on threads. */
class Dropout final : public Layer {
 public:
  Dropout(const Op& op, Tensor& in, Tensor& out, uint64_t seed) : rate_(op.rate), seed_(seed), in_(in), out_(out) {}

  void forward(const Pass& p, int begin, int end, int) override {
    const float* x = in_.value(begin);
    float* y = out_.value(begin);
    const size_t n = (end - begin) * in_.shape.features();
    if (p.training) apply(p, begin, x, y, n);
    else std::memcpy(y, x, n * sizeof(float));
  }
  void backward(const Pass& p, int begin, int end, int) override {
    if (!in_.needsGradient) return;
    apply(p, begin, out_.gradient(begin), in_.gradient(begin), (end - begin) * in_.shape.features());
  }

 private:
  void apply(const Pass& p, int begin, const float* from, float* to, size_t n) const {
    const float keep = static_cast<float>(1 / (1 - rate_));
    const uint64_t threshold = static_cast<uint64_t>(std::ldexp(rate_, 32));
    const uint64_t stream = mix(seed_ ^ mix(p.step));
    const uint64_t first = begin * in_.shape.features();
    for (size_t i = 0; i < n; i++) to[i] = (mix(stream + first + i) >> 32) >= threshold ? from[i] * keep : 0;
  }
  // SplitMix64's finaliser (Steele, Lea and Flood 2014) over its golden-ratio sequence.
  static uint64_t mix(uint64_t z) {
    z = z * 0x9e3779b97f4a7c15u + 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  const double rate_;
  const uint64_t seed_;
  Tensor &in_, &out_;
};

class Add final : public Layer {
 public:
  Add(std::vector<Tensor*> in, Tensor& out) : in_(std::move(in)), out_(out) {}
  void forward(const Pass&, int begin, int end, int) override {
    const size_t n = (end - begin) * out_.shape.features();
    std::memcpy(out_.value(begin), in_[0]->value(begin), n * sizeof(float));
    for (size_t k = 1; k < in_.size(); k++) kernels().add(in_[k]->value(begin), out_.value(begin), n);
  }
  void backward(const Pass&, int begin, int end, int) override {
    const size_t n = (end - begin) * out_.shape.features();
    for (Tensor* t : in_) {
      if (t->needsGradient) std::memcpy(t->gradient(begin), out_.gradient(begin), n * sizeof(float));
    }
  }

 private:
  const std::vector<Tensor*> in_;
  Tensor& out_;
};

class Concatenate final : public Layer {
 public:
  Concatenate(std::vector<Tensor*> in, Tensor& out) : in_(std::move(in)), out_(out) {}
  void forward(const Pass&, int begin, int end, int) override {
    each(begin, end, [](Tensor& t, float* row, size_t at, size_t n, int sample) {
      std::memcpy(row, t.value(sample) + at, n * sizeof(float));
    }, true);
  }
  void backward(const Pass&, int begin, int end, int) override {
    each(begin, end, [](Tensor& t, float* row, size_t at, size_t n, int sample) {
      if (t.needsGradient) std::memcpy(t.gradient(sample) + at, row, n * sizeof(float));
    }, false);
  }

 private:
  template <typename F>
  void each(int begin, int end, F f, bool values) {
    const size_t pixels = static_cast<size_t>(out_.shape.height) * out_.shape.width;
    for (int i = begin; i < end; i++) {
      float* row = values ? out_.value(i) : out_.gradient(i);
      for (size_t p = 0; p < pixels; p++) {
        for (Tensor* t : in_) {
          const size_t n = t->shape.channels;
          f(*t, row, p * n, n, i);
          row += n;
        }
      }
    }
  }
  const std::vector<Tensor*> in_;
  Tensor& out_;
};

class Fork final : public Layer {
 public:
  Fork(Tensor& in, std::vector<Tensor*> ports) : in_(in), ports_(std::move(ports)) {}
  void forward(const Pass&, int, int, int) override {}
  void backward(const Pass&, int begin, int end, int) override {
    if (!in_.needsGradient) return;
    const size_t n = (end - begin) * in_.shape.features();
    std::memcpy(in_.gradient(begin), ports_[0]->gradient(begin), n * sizeof(float));
    for (size_t k = 1; k < ports_.size(); k++) kernels().add(ports_[k]->gradient(begin), in_.gradient(begin), n);
  }

 private:
  Tensor& in_;
  const std::vector<Tensor*> ports_;
};

}  // namespace

std::unique_ptr<Layer> makeActivation(const Op& op, Tensor& in, Tensor& out) {
  return std::make_unique<ActivationLayer>(op, in, out);
}
std::unique_ptr<Layer> makeDropout(const Op& op, Tensor& in, Tensor& out, uint64_t seed) {
  return std::make_unique<Dropout>(op, in, out, seed);
}
std::unique_ptr<Layer> makeAdd(const Op&, std::vector<Tensor*> in, Tensor& out) {
  return std::make_unique<Add>(std::move(in), out);
}
std::unique_ptr<Layer> makeConcatenate(const Op&, std::vector<Tensor*> in, Tensor& out) {
  return std::make_unique<Concatenate>(std::move(in), out);
}
std::unique_ptr<Layer> makeFork(Tensor& in, std::vector<Tensor*> ports) {
  return std::make_unique<Fork>(in, std::move(ports));
}

}  // namespace weft
