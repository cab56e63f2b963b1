// Losses from logits, with their gradients, stable for any finite logit; and the head's activation for predictions.
//
// All are means over the batch: L = (1/n) Σ_i w_i l_i.
//   softmax cross-entropy      l = log Σ_j e^{z_j} − Σ_j t_j z_j        ∂l/∂z = softmax(z) Σ_j t_j − t
//   binary cross-entropy       l = mean_j max(z,0) − z t + log(1 + e^{−|z|})     ∂l/∂z = (σ(z) − t) / outputs
//   mean squared error         l = mean_j (y − t)², y = head(z)         ∂l/∂z = 2 (y − t) ∂y/∂z / outputs
#include <cmath>

#include "layer.h"

namespace weft {

Score scoreLoss(Loss loss, Head head, const Tensor& logits, const Targets& targets, int size, bool gradient) {
  const int outputs = static_cast<int>(logits.shape.features());
  Score score;
  for (int i = 0; i < size; i++) {
    const float* z = logits.value(i);
    float* dz = gradient ? logits.gradient(i) : nullptr;
    const float* row = targets.rows ? targets.rows + static_cast<size_t>(i) * outputs : nullptr;
    const int label = targets.classes ? targets.classes[i] : 0;
    const double weight = targets.weights ? targets.weights[i] : 1;
    const float share = static_cast<float>(weight / size);
    // A class index for one output is its value, 0 or 1; for several it is a one-hot row.
    const auto target = [&](int j) { return row ? row[j] : outputs == 1 ? static_cast<float>(label) : j == label ? 1.0f : 0.0f; };
    double value = 0;
    int best = 0, wanted = label;
    for (int j = 1; j < outputs; j++) {
      if (z[j] > z[best]) best = j;
    }
    if (row) {
      wanted = 0;
      for (int j = 1; j < outputs; j++) {
        if (row[j] > row[wanted]) wanted = j;
      }
    }
    if (loss == Loss::softmaxCrossEntropy) {
      double sum = 0, dot = 0, mass = 0;
      const float largest = z[best];
      for (int j = 0; j < outputs; j++) {
        const double e = std::exp(static_cast<double>(z[j]) - largest);
        sum += e;
        if (dz) dz[j] = static_cast<float>(e);
      }
      if (row) {
        for (int j = 0; j < outputs; j++) {
          dot += static_cast<double>(row[j]) * (z[j] - largest);
          mass += row[j];
        }
      } else {
        dot = z[label] - largest;
        mass = 1;
      }
      value = std::log(sum) * mass - dot;
      if (dz) {
        const float scale = static_cast<float>(mass / sum);
        if (row) {
          for (int j = 0; j < outputs; j++) dz[j] = (dz[j] * scale - row[j]) * share;
        } else {
          dz[label] -= static_cast<float>(sum);
          for (int j = 0; j < outputs; j++) dz[j] *= scale * share;
        }
      }
    } else if (loss == Loss::binaryCrossEntropy) {
      for (int j = 0; j < outputs; j++) {
        const double v = z[j], t = target(j), e = std::exp(-std::fabs(v));
        value += std::fmax(v, 0) - v * t + std::log1p(e);
        if (dz) dz[j] = static_cast<float>(((v >= 0 ? 1 / (1 + e) : e / (1 + e)) - t) / outputs) * share;
      }
      value /= outputs;
    } else {
      float* y = logits.gradient(i);  // first the outputs, then the gradient in their place
      applyHead(head, z, y, 1, outputs);
      double dot = 0;
      for (int j = 0; j < outputs; j++) {
        const double d = y[j] - target(j);
        value += d * d;
        dot += d * y[j];
      }
      value /= outputs;
      for (int j = 0; dz && j < outputs; j++) {
        const double v = y[j], d = v - target(j);
        const double slope = head == Head::softmax ? v * (d - dot) : head == Head::sigmoid ? d * v * (1 - v) : d;
        dz[j] = static_cast<float>(2 * slope / outputs) * share;
      }
    }
    score.loss += weight * value;
    // One output tells two classes apart at σ(0) = ½; without a sigmoid it is a regression, and nothing is correct.
    if (outputs > 1) score.correct += best == wanted;
    else if (head == Head::sigmoid) score.correct += (z[0] > 0) == (target(0) > 0.5f);
    // A comparison with NaN is false, so that a row of NaN would pass for a loss of its first output.
    if (!(std::fabs(value) < HUGE_VAL)) score.loss = NAN;
  }
  score.loss /= size;
  return score;
}

void applyHead(Head head, const float* logits, float* out, int size, int outputs) {
  for (int i = 0; i < size; i++, logits += outputs, out += outputs) {
    if (head == Head::linear) {
      std::memcpy(out, logits, outputs * sizeof(float));
      continue;
    }
    if (head == Head::sigmoid) {
      for (int j = 0; j < outputs; j++) out[j] = static_cast<float>(1 / (1 + std::exp(-static_cast<double>(logits[j]))));
      continue;
    }
    float largest = logits[0];
    for (int j = 1; j < outputs; j++) largest = std::max(largest, logits[j]);
    double sum = 0;
    for (int j = 0; j < outputs; j++) sum += std::exp(static_cast<double>(logits[j]) - largest);
    for (int j = 0; j < outputs; j++) out[j] = static_cast<float>(std::exp(static_cast<double>(logits[j]) - largest) / sum);
  }
}

}  // namespace weft
