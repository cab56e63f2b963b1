// What a layer is to the engine, and the tensors between layers.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "../kernels/kernels.h"
#include "buffer.h"
#include "plan.h"
#include "team.h"

namespace weft {

/** Values of a batch, sample after sample, and the loss's gradient by them. Reshaped tensors share both with their source. */
struct Tensor {
  Shape shape;
  std::shared_ptr<Buffer> values = std::make_shared<Buffer>();
  std::shared_ptr<Buffer> gradients = std::make_shared<Buffer>();
  bool needsGradient = false;

  float* value(int sample = 0) const { return values->data() + sample * shape.features(); }
  float* gradient(int sample = 0) const { return gradients->data() + sample * shape.features(); }
};

/** One run through the layers. */
struct Pass {
  float* parameters;
  float* gradients;
  float* state;
  int size;            // samples
  int threads;
  Team* team;
  bool training;
  uint64_t step;       // counts training passes: dropout draws from it
  float fusedRate;     // > 0: plain SGD of this rate goes straight into the parameters, where a layer fusesStep()
};

/**
 * A layer works on samples [begin, end) of the pass. If it is perSample(), the engine calls it from several threads, each with
 * samples of its own and a thread number, a sample at a time, so that what one layer wrote is in cache for the next; else once with
 * all samples, from the engine's thread. Nothing is allocated but in reserve().
 */
class Layer {
 public:
  virtual ~Layer() = default;
  virtual bool perSample() const { return true; }
  /** Called when the batch grows. */
  virtual void reserve(int /*batch*/, int /*threads*/) {}
  /** Before the samples: what is done once a pass, such as transforming weights. */
  virtual void beginForward(const Pass&) {}
  virtual void forward(const Pass&, int begin, int end, int thread) = 0;
  virtual void beginBackward(const Pass&) {}
  virtual void backward(const Pass&, int begin, int end, int thread) = 0;
  /** After the samples: sums what the threads gathered into the flat gradients. */
  virtual void endBackward(const Pass&) {}
  /** True if backward() applies Pass::fusedRate to all its weights. */
  virtual bool fusesStep() const { return false; }
  /** Ranges of parameters that belong to this layer: offset, length. */
  std::vector<std::pair<size_t, size_t>> weights;
  /** Calls of a reorder between layouts so far. */
  virtual uint64_t reorders() const { return 0; }
  const char* kind = "";
  std::string name;
};

std::unique_ptr<Layer> makeDense(const Op&, Tensor& in, Tensor& out, bool mayFuse);
/** Null where the shape does not suit Winograd's algorithm. pooled: out is what a 2×2 maximum pool makes of the convolution. */
std::unique_ptr<Layer> makeWinograd(const Op&, Shape convolved, Tensor& in, Tensor& out, bool pooled);
bool suitsWinograd(const Op&, Shape in, Shape out);
/** Null where it does not suit: few input channels, and no gradient by the input wanted. */
std::unique_ptr<Layer> makeDirect(const Op&, Tensor& in, Tensor& out);
/** Any convolution, by oneDNN. */
std::unique_ptr<Layer> makeConvolution(const Op&, Tensor& in, Tensor& out);
std::unique_ptr<Layer> makeMaxPool(const Op&, Tensor& in, Tensor& out);
std::unique_ptr<Layer> makeAveragePool(const Op&, Tensor& in, Tensor& out);
std::unique_ptr<Layer> makeActivation(const Op&, Tensor& in, Tensor& out);
std::unique_ptr<Layer> makeBatchNormalization(const Op&, Tensor& in, Tensor& out);
std::unique_ptr<Layer> makeDropout(const Op&, Tensor& in, Tensor& out, uint64_t seed);
std::unique_ptr<Layer> makeAdd(const Op&, std::vector<Tensor*> in, Tensor& out);
std::unique_ptr<Layer> makeConcatenate(const Op&, std::vector<Tensor*> in, Tensor& out);
/** Where several layers read one tensor: each gets a port with a gradient of its own, which are summed here. */
std::unique_ptr<Layer> makeFork(Tensor& in, std::vector<Tensor*> ports);

/** How a batch is scored; gradient: also writes the logits' gradient. */
struct Targets {
  const uint16_t* classes = nullptr;   // one a sample, or
  const float* rows = nullptr;         // samples × outputs
  const float* weights = nullptr;      // one a sample; 1 where null
};
struct Score {
  double loss = 0;
  int correct = 0;
};
Score scoreLoss(Loss, Head, const Tensor& logits, const Targets&, int size, bool gradient);
/** The head's activation over the logits. */
void applyHead(Head, const float* logits, float* out, int size, int outputs);

}  // namespace weft
