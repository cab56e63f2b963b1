// The optimizer's part of a step: one pass over memory, the vector split evenly over threads.
#pragma once

#include <cstdint>
#include <string>

#include "buffer.h"
#include "team.h"

namespace weft {

enum class OptimizerKind { sgd, momentum, adagrad, rmsprop, adam };

struct OptimizerStep {
  OptimizerKind kind = OptimizerKind::sgd;
  double learningRate = 0.01, momentum = 0.9, rho = 0.9, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, weightDecay = 0;
  bool nesterov = false;
};

/** Vectors that an optimizer keeps: at most two of the parameters' length, and how many steps were made. */
class Optimizer {
 public:
  /** Applies one step to the range [offset, offset + length) of x with the gradient g. Call begin() once a step before it. */
  void begin(const OptimizerStep& step, size_t size);
  void apply(const OptimizerStep& step, float* x, const float* g, size_t offset, size_t length, Team& team) const;

 private:
  Buffer first_, second_;
  uint64_t steps_ = 0;
};

}  // namespace weft
