// A plan compiled into layers, their tensors, and the runs over them. One thread at a time.
#pragma once

#include <memory>
#include <vector>

#include "layer.h"
#include "optimizer.h"

namespace weft {

/** A batch as it came: bytes or floats, size × features of the input. */
struct Samples {
  const uint8_t* bytes = nullptr;
  const float* floats = nullptr;
  int size = 0;
};

struct Profile {
  const char* kind;
  std::string name;
  double forwardMs = 0, backwardMs = 0;
};

class Engine {
 public:
  explicit Engine(Plan plan);
  ~Engine();

  /** Shares in the vectors that JavaScript sees; they outlive whichever of the two goes first. */
  const Buffer& parameters() const { return parameters_; }
  const Buffer& gradients() const { return gradients_; }
  const Buffer& state() const { return state_; }
  const Plan& plan() const { return plan_; }
  size_t inputFeatures() const { return plan_.tensors[plan_.input].features(); }
  size_t outputs() const { return plan_.tensors[plan_.output].features(); }

  Score gradient(const Samples&, const Targets&);
  /** gradient() and the optimizer's step; for plain SGD the two are one where layers can. `gradients` is then not filled. */
  Score step(const Samples&, const Targets&, const OptimizerStep&);
  Score evaluate(const Samples&, const Targets&);
  void predict(const Samples&, float* out);

  /** Calls of a reorder between layouts so far. */
  uint64_t reorders() const;
  /** Time by layer since it was last asked; counted only after the first call. */
  std::vector<Profile> profile();

 private:
  void build();
  void reserve(int batch);
  void forward(const Samples&, bool training);
  Score backward(const Targets&, int size, float fusedRate);
  void regularize();
  Tensor& tensor(int id) { return *tensors_[id]; }

  struct Segment {
    size_t begin, end;
    bool perSample;
  };
  Plan plan_;
  Team team_;
  Buffer parameters_, gradients_, state_;
  std::vector<std::unique_ptr<Tensor>> tensors_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<Segment> segments_;
  std::vector<std::pair<size_t, size_t>> unfused_;  // ranges of parameters whose layers write gradients in a fused step
  Optimizer optimizer_;
  Pass pass_{};
  int capacity_ = 0;
  bool profiling_ = false;
  std::vector<Profile> profile_;
};

}  // namespace weft
