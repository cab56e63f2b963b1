// Batch normalisation over the last axis (Ioffe and Szegedy 2015).
//
// training: y = γ (x − μ) / √(σ² + ε) + β with the batch's μ and σ²; moving ← m · moving + (1 − m) · (μ or σ²).
// backward, x̂ = (x − μ) / √(σ² + ε), N values a channel: dβ = Σ dy; dγ = Σ dy x̂; dx = γ / √(σ² + ε) · (dy − dβ / N − x̂ dγ / N).
#include <cmath>

#include "layer.h"

namespace weft {
namespace {

class BatchNormalization final : public Layer {
 public:
  BatchNormalization(const Op& op, Tensor& in, Tensor& out) : op_(op), in_(in), out_(out), channels_(in.shape.channels) {
    if (op.frozen) return;
    if (op.gamma >= 0) weights.push_back({op.gamma, channels_});
    if (op.beta >= 0) weights.push_back({op.beta, channels_});
  }

  bool perSample() const override { return false; }
  void reserve(int, int) override { sums_.reserve(channels_ * 8); }

  void forward(const Pass& p, int, int end, int) override {
    const float* base = op_.frozen ? p.state : p.parameters;
    const size_t rows = end * in_.shape.features() / channels_, c = channels_;
    float *mean = sums_.data(), *inverse = mean + c, *factor = inverse + c, *offset = factor + c;
    // A frozen layer too normalises by the batch while training, as in tfjs (Keras would take the moving statistics).
    if (p.training) {
      double* sum = reinterpret_cast<double*>(sums_.data() + 4 * c);
      double* square = sum + c;
      std::memset(sum, 0, 2 * c * sizeof(double));
      for (size_t r = 0; r < rows; r++) {
        const float* x = in_.value() + r * c;
        for (size_t i = 0; i < c; i++) sum[i] += x[i];
      }
      for (size_t i = 0; i < c; i++) mean[i] = static_cast<float>(sum[i] / rows);
      for (size_t r = 0; r < rows; r++) {
        const float* x = in_.value() + r * c;
        for (size_t i = 0; i < c; i++) square[i] += static_cast<double>(x[i] - mean[i]) * (x[i] - mean[i]);
      }
      const double m = op_.momentum;
      for (size_t i = 0; i < c; i++) {
        const double variance = square[i] / rows;
        inverse[i] = static_cast<float>(1 / std::sqrt(variance + op_.epsilon));
        float& movingMean = p.state[op_.mean + i];
        float& movingVariance = p.state[op_.variance + i];
        movingMean = static_cast<float>(m * movingMean + (1 - m) * mean[i]);
        movingVariance = static_cast<float>(m * movingVariance + (1 - m) * variance);
      }
    } else {
      for (size_t i = 0; i < c; i++) {
        mean[i] = p.state[op_.mean + i];
        inverse[i] = static_cast<float>(1 / std::sqrt(p.state[op_.variance + i] + op_.epsilon));
      }
    }
    for (size_t i = 0; i < c; i++) {
      factor[i] = inverse[i] * (op_.gamma >= 0 ? base[op_.gamma + i] : 1);
      offset[i] = (op_.beta >= 0 ? base[op_.beta + i] : 0) - mean[i] * factor[i];
    }
    for (size_t r = 0; r < rows; r++) {
      const float* x = in_.value() + r * c;
      float* y = out_.value() + r * c;
      for (size_t i = 0; i < c; i++) y[i] = x[i] * factor[i] + offset[i];
    }
  }

  void backward(const Pass& p, int, int end, int) override {
    const size_t rows = end * in_.shape.features() / channels_, c = channels_;
    const float *mean = sums_.data(), *inverse = mean + c, *factor = inverse + c;
    double* dBeta = reinterpret_cast<double*>(sums_.data() + 4 * c);
    double* dGamma = dBeta + c;
    std::memset(dBeta, 0, 2 * c * sizeof(double));
    for (size_t r = 0; r < rows; r++) {
      const float* x = in_.value() + r * c;
      const float* g = out_.gradient() + r * c;
      for (size_t i = 0; i < c; i++) {
        dBeta[i] += g[i];
        dGamma[i] += static_cast<double>(g[i]) * ((x[i] - mean[i]) * inverse[i]);
      }
    }
    if (!op_.frozen) {
      for (size_t i = 0; i < c; i++) {
        if (op_.gamma >= 0) p.gradients[op_.gamma + i] = static_cast<float>(dGamma[i]);
        if (op_.beta >= 0) p.gradients[op_.beta + i] = static_cast<float>(dBeta[i]);
      }
    }
    if (!in_.needsGradient) return;
    for (size_t r = 0; r < rows; r++) {
      const float* x = in_.value() + r * c;
      const float* g = out_.gradient() + r * c;
      float* d = in_.gradient() + r * c;
      for (size_t i = 0; i < c; i++) {
        const float normal = (x[i] - mean[i]) * inverse[i];
        d[i] = factor[i] * (g[i] - static_cast<float>(dBeta[i] / rows) - normal * static_cast<float>(dGamma[i] / rows));
      }
    }
  }

 private:
  const Op op_;
  Tensor &in_, &out_;
  const size_t channels_;
  Buffer sums_;  // mean, 1/√(σ²+ε), factor, offset as float; two sums as double
};

}  // namespace

std::unique_ptr<Layer> makeBatchNormalization(const Op& op, Tensor& in, Tensor& out) {
  return std::make_unique<BatchNormalization>(op, in, out);
}

}  // namespace weft
