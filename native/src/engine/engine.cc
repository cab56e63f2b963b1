#include "engine.h"

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace weft {
namespace {

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

/** What a plan got wrong is the caller's fault and must not become a crash. */
void check(bool right, const std::string& what) {
  if (!right) throw EngineError("bad-plan", "plan: " + what);
}

int checkThreads(int threads) {
  check(threads >= 1 && threads <= 256, "threads from 1 to 256 expected, got " + std::to_string(threads));
  return threads;
}

/** The shapes of a plan must agree: kernels trust them. */
void checkShapes(const Op& op, const std::vector<Tensor*>& in, const Shape& out) {
  const Shape& x = in[0]->shape;
  const auto makes = [&](int h, int w, int c) {
    check(out.height == h && out.width == w && out.channels == c,
          op.name + " makes " + std::to_string(h) + " × " + std::to_string(w) + " × " + std::to_string(c) + ", not the shape given");
  };
  const auto extent = [&](int size, int pads, int kernel, int stride, int dilation) {
    check(kernel > 0 && stride > 0 && dilation > 0 && pads >= 0, "positive sizes expected for " + op.name);
    const int rest = size + pads - ((kernel - 1) * dilation + 1);
    check(rest >= 0, "a window within the image expected for " + op.name);
    return rest / stride + 1;
  };
  int c = x.channels;
  switch (op.kind) {
    case OpKind::convolution:
    case OpKind::depthwise:
      c = out.channels;
      check(op.kind == OpKind::convolution || c % x.channels == 0, "a multiple of the channels expected for " + op.name);
      [[fallthrough]];
    case OpKind::maxPool:
    case OpKind::averagePool:
      check(op.padTop >= 0 && op.padLeft >= 0 && op.padBottom >= 0 && op.padRight >= 0, "padding of 0 or more for " + op.name);
      makes(extent(x.height, op.padTop + op.padBottom, op.kernelHeight, op.strideHeight, op.dilationHeight),
            extent(x.width, op.padLeft + op.padRight, op.kernelWidth, op.strideWidth, op.dilationWidth), c);
      break;
    case OpKind::globalAveragePool: makes(1, 1, c); break;
    case OpKind::dense: makes(x.height, x.width, out.channels); break;
    case OpKind::activation:
    case OpKind::batchNormalization:
    case OpKind::dropout: makes(x.height, x.width, c); break;
    case OpKind::add:
      for (const Tensor* t : in) check(t->shape.features() == out.features(), "equal shapes expected for " + op.name);
      break;
    case OpKind::concatenate: {
      int sum = 0;
      for (const Tensor* t : in) {
        check(t->shape.height == out.height && t->shape.width == out.width, "equal images expected for " + op.name);
        sum += t->shape.channels;
      }
      makes(x.height, x.width, sum);
      break;
    }
    case OpKind::reshape: check(x.features() == out.features(), "equal sizes expected for " + op.name); break;
  }
}

}  // namespace

Engine::Engine(Plan plan) : plan_(std::move(plan)), team_(checkThreads(plan_.threads)) {
  parameters_.reserve(std::max<size_t>(plan_.parameters, 1));
  gradients_.reserve(std::max<size_t>(plan_.parameters, 1));
  state_.reserve(std::max<size_t>(plan_.state, 1));
  build();
}

Engine::~Engine() = default;

void Engine::build() {
  const int count = static_cast<int>(plan_.tensors.size());
  const auto known = [&](int id) { return id >= 0 && id < count; };
  check(known(plan_.input) && known(plan_.output), "input and output expected among the tensors");
  for (const Shape& s : plan_.tensors) {
    check(s.height > 0 && s.width > 0 && s.channels > 0, "positive shapes expected");
    tensors_.push_back(std::make_unique<Tensor>());
    tensors_.back()->shape = s;
  }
  // Readers of each tensor, and its ports where there are several.
  std::vector<int> readers(count, 0), made(count, 0);
  made[plan_.input] = 1;
  for (const Op& op : plan_.ops) {
    for (int id : op.inputs) {
      check(known(id) && made[id], "an operation reads tensor " + std::to_string(id) + " before it is made (" + op.name + ")");
      readers[id]++;
    }
    check(known(op.output) && !made[op.output], "a new output expected for " + op.name);
    made[op.output] = 1;
    const size_t limit = op.frozen ? plan_.state : plan_.parameters, c = plan_.tensors[op.output].channels;
    for (int64_t at : {op.bias, op.gamma, op.beta}) {
      check(at < 0 || at + c <= limit, "a weight of " + op.name + " lies outside its vector");
    }
    if (op.kind == OpKind::batchNormalization) {
      for (int64_t at : {op.mean, op.variance}) check(at >= 0 && at + c <= plan_.state, "moving statistics for " + op.name);
    }
  }
  check(made[plan_.output], "the output is not made");
  std::vector<std::vector<Tensor*>> ports(count);
  std::vector<size_t> taken(count, 0);
  std::vector<std::unique_ptr<Tensor>> portTensors;

  const auto fork = [&](int id) {
    const int outside = id == plan_.output ? 1 : 0;  // the loss reads it too
    if (readers[id] + outside < 2) return;
    check(!outside, "the output is also read inside the model");
    Tensor& source = tensor(id);
    for (int i = 0; i < readers[id]; i++) {
      auto port = std::make_unique<Tensor>();
      port->shape = source.shape;
      port->values = source.values;
      port->needsGradient = source.needsGradient;
      ports[id].push_back(port.get());
      portTensors.push_back(std::move(port));
    }
    layers_.push_back(makeFork(source, ports[id]));
    layers_.back()->kind = "fork";
  };
  const auto reader = [&](int id) -> Tensor& { return ports[id].empty() ? tensor(id) : *ports[id][taken[id]++]; };

  fork(plan_.input);
  for (size_t i = 0; i < plan_.ops.size(); i++) {
    const Op& op = plan_.ops[i];
    check(!op.inputs.empty(), "an input expected for " + op.name);
    std::vector<Tensor*> in;
    for (int id : op.inputs) in.push_back(&reader(id));
    Tensor& x = *in[0];
    int outputId = op.output;
    checkShapes(op, in, tensor(outputId).shape);
    const bool trains = !op.frozen && (op.kernel >= 0 || op.bias >= 0 || op.gamma >= 0 || op.beta >= 0);
    const bool needs = trains || std::any_of(in.begin(), in.end(), [](Tensor* t) { return t->needsGradient; });
    tensor(outputId).needsGradient = needs;

    std::unique_ptr<Layer> layer;
    const char* kind = "";
    switch (op.kind) {
      case OpKind::reshape: {
        Tensor& to = tensor(outputId);
        check(to.shape.features() == x.shape.features(), "equal sizes expected in " + op.name);
        to.values = x.values;
        to.gradients = x.gradients;
        break;
      }
      case OpKind::dense: {
        const Tensor& to = tensor(outputId);
        const size_t size = static_cast<size_t>(x.shape.channels) * to.shape.channels;
        check(op.kernel >= 0 && op.kernel + size <= (op.frozen ? plan_.state : plan_.parameters), "a kernel for " + op.name);
        const bool regularized = std::any_of(plan_.regularizers.begin(), plan_.regularizers.end(), [&](const Regularizer& r) {
          return r.offset == static_cast<size_t>(op.kernel) || r.offset == static_cast<size_t>(op.bias);
        });
        layer = makeDense(op, x, tensor(outputId), !regularized);
        kind = "dense";
        break;
      }
      case OpKind::convolution:
      case OpKind::depthwise: {
        const Shape convolved = tensor(outputId).shape;
        const size_t size = static_cast<size_t>(op.kernelHeight) * op.kernelWidth * convolved.channels *
                            (op.kind == OpKind::depthwise ? 1 : x.shape.channels);
        check(op.kernel >= 0 && op.kernel + size <= (op.frozen ? plan_.state : plan_.parameters), "a kernel for " + op.name);
        // A 2×2 maximum pool that alone reads the convolution goes into the convolution's pass.
        const Op* next = i + 1 < plan_.ops.size() ? &plan_.ops[i + 1] : nullptr;
        const bool pooled = next && next->kind == OpKind::maxPool && next->inputs[0] == outputId && readers[outputId] == 1 &&
                            outputId != plan_.output && next->kernelHeight == 2 && next->kernelWidth == 2 &&
                            next->strideHeight == 2 && next->strideWidth == 2 && next->padTop == 0 && next->padLeft == 0 &&
                            tensor(next->output).shape.height == convolved.height / 2 &&
                            tensor(next->output).shape.width == convolved.width / 2 && suitsWinograd(op, x.shape, convolved);
        if (pooled) {
          outputId = next->output;
          tensor(outputId).needsGradient = needs;
          i++;
        }
        Tensor& y = tensor(outputId);
        layer = makeWinograd(op, convolved, x, y, pooled);
        kind = pooled ? "winograd+pool" : "winograd";
        if (!layer) {
          layer = makeDirect(op, x, y);
          kind = "direct";
        }
        if (!layer) {
          layer = makeConvolution(op, x, y);
          kind = "onednn";
        }
        break;
      }
      case OpKind::maxPool: layer = makeMaxPool(op, x, tensor(outputId)); kind = "max-pool"; break;
      case OpKind::averagePool:
      case OpKind::globalAveragePool: layer = makeAveragePool(op, x, tensor(outputId)); kind = "average-pool"; break;
      case OpKind::activation: layer = makeActivation(op, x, tensor(outputId)); kind = "activation"; break;
      case OpKind::batchNormalization: layer = makeBatchNormalization(op, x, tensor(outputId)); kind = "batch-norm"; break;
      case OpKind::dropout:
        layer = makeDropout(op, x, tensor(outputId), plan_.seed * 1000003 + i);
        kind = "dropout";
        break;
      case OpKind::add: layer = makeAdd(op, in, tensor(outputId)); kind = "add"; break;
      case OpKind::concatenate: layer = makeConcatenate(op, in, tensor(outputId)); kind = "concatenate"; break;
    }
    if (layer) {
      layer->kind = kind;
      layer->name = op.name;
      layers_.push_back(std::move(layer));
    }
    fork(outputId);
  }
  for (auto& port : portTensors) tensors_.push_back(std::move(port));

  for (size_t i = 0; i < layers_.size(); i++) {
    if (!layers_[i]->fusesStep()) unfused_.insert(unfused_.end(), layers_[i]->weights.begin(), layers_[i]->weights.end());
    const bool perSample = layers_[i]->perSample();
    if (!segments_.empty() && perSample && segments_.back().perSample) segments_.back().end = i + 1;
    else segments_.push_back({i, i + 1, perSample});
  }
}

void Engine::reserve(int batch) {
  if (batch <= capacity_) return;
  for (auto& t : tensors_) {
    t->values->reserve(batch * t->shape.features());
    t->gradients->reserve(batch * t->shape.features());
  }
  for (auto& layer : layers_) layer->reserve(batch, plan_.threads);
  capacity_ = batch;
}

void Engine::forward(const Samples& samples, bool training) {
  // The team shares oneDNN's matrix products out itself; a convolution that oneDNN shares out sets its own number.
  omp_set_num_threads(1);
  reserve(samples.size);
  pass_ = {parameters_.data(), gradients_.data(), state_.data(), samples.size, plan_.threads, &team_, training, pass_.step + training, 0};
  const size_t features = inputFeatures();
  const float scale = static_cast<float>(plan_.inputScale), shift = static_cast<float>(plan_.inputShift);
  const auto take = [&](int begin, int end) {
    float* to = tensor(plan_.input).value(begin);
    const size_t at = begin * features, n = (end - begin) * features;
    kernels().normalise(samples.bytes + at, scale, shift, to, n);
  };
  // Floats are read where they are.
  tensor(plan_.input).values->lend(const_cast<float*>(samples.floats));
  bool taken = samples.bytes == nullptr;
  if (!taken && (segments_.empty() || !segments_[0].perSample)) {
    take(0, samples.size);
    taken = true;
  }
  for (const Segment& segment : segments_) {
    for (size_t l = segment.begin; l < segment.end; l++) layers_[l]->beginForward(pass_);
    if (!segment.perSample) {
      const auto start = Clock::now();
      layers_[segment.begin]->forward(pass_, 0, samples.size, 0);
      if (profiling_) profile_[segment.begin].forwardMs += since(start);
      continue;
    }
    const bool first = !taken;
    taken = true;
    const int threads = std::min(plan_.threads, samples.size);
    team_.run(threads, [&](int t, int team) {
      const int begin = static_cast<int>(static_cast<int64_t>(samples.size) * t / team);
      const int end = static_cast<int>(static_cast<int64_t>(samples.size) * (t + 1) / team);
      for (int i = begin; i < end; i++) {
        if (first) take(i, i + 1);
        for (size_t l = segment.begin; l < segment.end; l++) {
          const auto start = profiling_ ? Clock::now() : Clock::time_point();
          layers_[l]->forward(pass_, i, i + 1, t);
          if (profiling_ && t == 0) profile_[l].forwardMs += since(start);
        }
      }
    });
  }
}

Score Engine::backward(const Targets& targets, int size, float fusedRate) {
  const Score score = scoreLoss(plan_.loss, plan_.head, tensor(plan_.output), targets, size, true);
  if (!std::isfinite(score.loss)) throw EngineError("not-finite", std::string("a finite loss expected, got ") + (std::isnan(score.loss) ? "NaN" : "infinity"));
  pass_.fusedRate = fusedRate;
  for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment) {
    for (size_t l = segment->begin; l < segment->end; l++) layers_[l]->beginBackward(pass_);
    if (!segment->perSample) {
      const auto start = Clock::now();
      layers_[segment->begin]->backward(pass_, 0, size, 0);
      if (profiling_) profile_[segment->begin].backwardMs += since(start);
    } else {
      const int threads = std::min(plan_.threads, size);
      team_.run(threads, [&](int t, int team) {
        const int begin = static_cast<int>(static_cast<int64_t>(size) * t / team);
        const int end = static_cast<int>(static_cast<int64_t>(size) * (t + 1) / team);
        // The last sample first: the loss's side of the network has just touched it.
        for (int i = end - 1; i >= begin; i--) {
          for (size_t l = segment->end; l-- > segment->begin;) {
            const auto start = profiling_ ? Clock::now() : Clock::time_point();
            layers_[l]->backward(pass_, i, i + 1, t);
            if (profiling_ && t == 0) profile_[l].backwardMs += since(start);
          }
        }
      });
    }
    for (size_t l = segment->begin; l < segment->end; l++) layers_[l]->endBackward(pass_);
  }
  return score;
}

void Engine::regularize() {
  // ∂/∂w (l1 |w| + l2 w²) = l1 sign(w) + 2 l2 w
  for (const Regularizer& r : plan_.regularizers) {
    const float* w = parameters_.data() + r.offset;
    float* g = gradients_.data() + r.offset;
    const float l1 = static_cast<float>(r.l1), l2 = static_cast<float>(2 * r.l2);
    for (size_t i = 0; i < r.length; i++) g[i] += l2 * w[i] + l1 * static_cast<float>((w[i] > 0) - (w[i] < 0));
  }
}

Score Engine::gradient(const Samples& samples, const Targets& targets) {
  forward(samples, true);
  const Score score = backward(targets, samples.size, 0);
  regularize();
  return score;
}

Score Engine::step(const Samples& samples, const Targets& targets, const OptimizerStep& step) {
  forward(samples, true);
  const bool fused = step.kind == OptimizerKind::sgd;
  const Score score = backward(targets, samples.size, fused ? static_cast<float>(step.learningRate) : 0);
  regularize();
  optimizer_.begin(step, plan_.parameters);
  if (!fused) {
    optimizer_.apply(step, parameters_.data(), gradients_.data(), 0, plan_.parameters, team_);
    return score;
  }
  for (const auto& [offset, length] : unfused_) {
    optimizer_.apply(step, parameters_.data(), gradients_.data(), offset, length, team_);
  }
  return score;
}

Score Engine::evaluate(const Samples& samples, const Targets& targets) {
  forward(samples, false);
  return scoreLoss(plan_.loss, plan_.head, tensor(plan_.output), targets, samples.size, false);
}

void Engine::predict(const Samples& samples, float* out) {
  forward(samples, false);
  applyHead(plan_.head, tensor(plan_.output).value(), out, samples.size, static_cast<int>(outputs()));
}

uint64_t Engine::reorders() const {
  uint64_t sum = 0;
  for (const auto& layer : layers_) sum += layer->reorders();
  return sum;
}

std::vector<Profile> Engine::profile() {
  std::vector<Profile> last;
  if (profiling_) last = profile_;
  profile_.clear();
  for (const auto& layer : layers_) profile_.push_back({layer->kind, layer->name, 0, 0});
  profiling_ = true;
  return last;
}

}  // namespace weft
