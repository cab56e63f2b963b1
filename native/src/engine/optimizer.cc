#include "optimizer.h"

#include <cmath>

#include "../kernels/kernels.h"

namespace weft {

void Optimizer::begin(const OptimizerStep& step, size_t size) {
  steps_++;
  if (step.kind != OptimizerKind::sgd) first_.reserve(size);
  if (step.kind == OptimizerKind::adam) second_.reserve(size);
}

void Optimizer::apply(const OptimizerStep& step, float* x, const float* g, size_t offset, size_t length, Team& team) const {
  const float lr = static_cast<float>(step.learningRate), epsilon = static_cast<float>(step.epsilon);
  const double t = static_cast<double>(steps_);
  AdamConstants adam{};
  adam.alpha = static_cast<float>(step.learningRate * std::sqrt(1 - std::pow(step.beta2, t)) / (1 - std::pow(step.beta1, t)));
  adam.keep = static_cast<float>(1 - step.learningRate * step.weightDecay);
  adam.beta1 = static_cast<float>(step.beta1);
  adam.beta2 = static_cast<float>(step.beta2);
  adam.epsilon = epsilon;
  const Kernels& k = kernels();
  // Below this a second thread costs more than it saves.
  team.run(length < 32768 ? 1 : team.size(), [&](int w, int workers) {
    const size_t begin = offset + length * w / workers, end = offset + length * (w + 1) / workers, n = end - begin;
    float* a = first_.data() ? first_.data() + begin : nullptr;
    float* b = second_.data() ? second_.data() + begin : nullptr;
    switch (step.kind) {
      case OptimizerKind::sgd: k.sgdStep(lr, x + begin, g + begin, n); break;
      case OptimizerKind::momentum:
        k.momentumStep(lr, static_cast<float>(step.momentum), step.nesterov, x + begin, g + begin, a, n);
        break;
      case OptimizerKind::adagrad: k.adagradStep(lr, epsilon, x + begin, g + begin, a, n); break;
      case OptimizerKind::rmsprop: k.rmspropStep(lr, static_cast<float>(step.rho), epsilon, x + begin, g + begin, a, n); break;
      case OptimizerKind::adam: k.adamStep(adam, x + begin, g + begin, a, b, n); break;
    }
  });
}

}  // namespace weft
