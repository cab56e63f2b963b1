// What the engine is told: the same as EnginePlan of lib/plan.ts, name by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft {

/** One sample's shape; vectors are 1 × 1 × channels. Rows lie channels last. */
struct Shape {
  int height = 1, width = 1, channels = 1;
  size_t features() const { return static_cast<size_t>(height) * width * channels; }
};

enum class OpKind {
  dense, convolution, depthwise, maxPool, averagePool, globalAveragePool, reshape, activation, batchNormalization, dropout,
  add, concatenate,
};
enum class Activation { linear, relu, relu6, elu, sigmoid, tanh, softmax };
/** What turns logits into outputs. */
enum class Head { softmax, sigmoid, linear };
enum class Loss { softmaxCrossEntropy, binaryCrossEntropy, meanSquaredError };

struct Op {
  OpKind kind = OpKind::dense;
  std::string name;               // of the layer, for errors
  std::vector<int> inputs;
  int output = 0;
  Activation activation = Activation::linear;
  bool frozen = false;            // weights lie in state, not in parameters
  // Offsets of weights, −1 where absent. kernel, bias; for batch normalisation gamma, beta.
  int64_t kernel = -1, bias = -1, gamma = -1, beta = -1, mean = -1, variance = -1;
  int kernelHeight = 1, kernelWidth = 1, strideHeight = 1, strideWidth = 1, dilationHeight = 1, dilationWidth = 1;
  int padTop = 0, padLeft = 0, padBottom = 0, padRight = 0;
  double rate = 0, momentum = 0.99, epsilon = 1e-3, alpha = 1;
};

struct Regularizer {
  size_t offset = 0, length = 0;
  double l1 = 0, l2 = 0;
};

struct Plan {
  std::vector<Shape> tensors;
  int input = 0, output = 0;
  std::vector<Op> ops;
  std::vector<Regularizer> regularizers;
  size_t parameters = 0, state = 0;
  double inputScale = 1, inputShift = 0;
  Loss loss = Loss::softmaxCrossEntropy;
  Head head = Head::softmax;
  int threads = 1;
  uint64_t seed = 0;
};

/** What the caller did wrong, or a loss that is not finite. code is one of lib/errors.ts. */
struct EngineError : std::runtime_error {
  std::string code;
  EngineError(std::string c, const std::string& message) : std::runtime_error(message), code(std::move(c)) {}
};

}  // namespace weft
