#include "plan-reader.h"

#include <cmath>
#include <initializer_list>

namespace weft {
namespace {

double number(const Napi::Object& from, const char* name, double otherwise) {
  const Napi::Value value = from.Get(name);
  if (value.IsUndefined() || value.IsNull()) return otherwise;
  const double n = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : NAN;
  if (!std::isfinite(n)) throw EngineError("bad-plan", std::string("plan: a number expected for ") + name);
  return n;
}
int integer(const Napi::Object& from, const char* name, int otherwise) {
  const double n = number(from, name, otherwise);
  if (n != std::floor(n) || std::fabs(n) > 1e9) throw EngineError("bad-plan", std::string("plan: an integer expected for ") + name);
  return static_cast<int>(n);
}
int64_t offset(const Napi::Object& from, const char* name) {
  const double n = number(from, name, -1);
  if (n != std::floor(n) || n < -1 || n > 1e15) throw EngineError("bad-plan", std::string("plan: an offset expected for ") + name);
  return static_cast<int64_t>(n);
}
template <typename T>
T choice(const Napi::Object& from, const char* name, std::initializer_list<const char*> names, const char* otherwise) {
  const Napi::Value value = from.Get(name);
  const std::string text = value.IsString() ? value.As<Napi::String>().Utf8Value() : otherwise;
  int i = 0;
  for (const char* n : names) {
    if (text == n) return static_cast<T>(i);
    i++;
  }
  throw EngineError("bad-plan", std::string("plan: an unknown ") + name + " '" + text + "'");
}
Napi::Array list(const Napi::Object& from, const char* name) {
  const Napi::Value value = from.Get(name);
  if (!value.IsArray()) throw EngineError("bad-plan", std::string("plan: a list expected for ") + name);
  return value.As<Napi::Array>();
}
Napi::Object item(const Napi::Array& from, uint32_t i) {
  const Napi::Value value = from[i];
  if (!value.IsObject()) throw EngineError("bad-plan", "plan: an object expected in a list");
  return value.As<Napi::Object>();
}

Op readOp(const Napi::Object& from) {
  Op op;
  // The names are in the order of the enumerations of plan.h.
  op.kind = choice<OpKind>(from, "kind",
                           {"dense", "convolution", "depthwise", "maxPool", "averagePool", "globalAveragePool", "reshape",
                            "activation", "batchNormalization", "dropout", "add", "concatenate"},
                           "");
  op.activation = choice<Activation>(from, "activation", {"linear", "relu", "relu6", "elu", "sigmoid", "tanh", "softmax"}, "linear");
  const Napi::Value name = from.Get("name");
  if (name.IsString()) op.name = name.As<Napi::String>().Utf8Value();
  const Napi::Array inputs = list(from, "inputs");
  for (uint32_t i = 0; i < inputs.Length(); i++) op.inputs.push_back(Napi::Value(inputs[i]).ToNumber().Int32Value());
  op.output = integer(from, "output", -1);
  op.frozen = from.Get("frozen").ToBoolean().Value();
  op.kernel = offset(from, "kernel");
  op.bias = offset(from, "bias");
  op.gamma = offset(from, "gamma");
  op.beta = offset(from, "beta");
  op.mean = offset(from, "mean");
  op.variance = offset(from, "variance");
  op.kernelHeight = integer(from, "kernelHeight", 1);
  op.kernelWidth = integer(from, "kernelWidth", 1);
  op.strideHeight = integer(from, "strideHeight", 1);
  op.strideWidth = integer(from, "strideWidth", 1);
  op.dilationHeight = integer(from, "dilationHeight", 1);
  op.dilationWidth = integer(from, "dilationWidth", 1);
  op.padTop = integer(from, "padTop", 0);
  op.padLeft = integer(from, "padLeft", 0);
  op.padBottom = integer(from, "padBottom", 0);
  op.padRight = integer(from, "padRight", 0);
  op.rate = number(from, "rate", 0);
  op.momentum = number(from, "momentum", 0.99);
  op.epsilon = number(from, "epsilon", 1e-3);
  op.alpha = number(from, "alpha", 1);
  return op;
}

}  // namespace

Plan readPlan(const Napi::Object& from) {
  Plan plan;
  const Napi::Array tensors = list(from, "tensors");
  for (uint32_t i = 0; i < tensors.Length(); i++) {
    const Napi::Object t = item(tensors, i);
    plan.tensors.push_back({integer(t, "height", 1), integer(t, "width", 1), integer(t, "channels", 1)});
  }
  plan.input = integer(from, "input", -1);
  plan.output = integer(from, "output", -1);
  const Napi::Array ops = list(from, "ops");
  for (uint32_t i = 0; i < ops.Length(); i++) plan.ops.push_back(readOp(item(ops, i)));
  plan.parameters = static_cast<size_t>(std::max<int64_t>(0, offset(from, "parameters")));
  plan.state = static_cast<size_t>(std::max<int64_t>(0, offset(from, "state")));
  const Napi::Array regularizers = list(from, "regularizers");
  for (uint32_t i = 0; i < regularizers.Length(); i++) {
    const Napi::Object r = item(regularizers, i);
    plan.regularizers.push_back({static_cast<size_t>(offset(r, "offset")), static_cast<size_t>(offset(r, "length")),
                                 number(r, "l1", 0), number(r, "l2", 0)});
    if (plan.regularizers.back().offset + plan.regularizers.back().length > plan.parameters) {
      throw EngineError("bad-plan", "plan: a regularizer lies outside the parameters");
    }
  }
  plan.inputScale = number(from, "inputScale", 1);
  plan.inputShift = number(from, "inputShift", 0);
  plan.loss = choice<Loss>(from, "loss", {"softmaxCrossEntropy", "binaryCrossEntropy", "meanSquaredError"}, "");
  plan.head = choice<Head>(from, "head", {"softmax", "sigmoid", "linear"}, "");
  plan.threads = integer(from, "threads", 1);
  plan.seed = static_cast<uint64_t>(number(from, "seed", 0));
  return plan;
}

OptimizerStep readOptimizer(const Napi::Object& from) {
  OptimizerStep step;
  step.kind = choice<OptimizerKind>(from, "kind", {"sgd", "momentum", "adagrad", "rmsprop", "adam"}, "");
  step.learningRate = number(from, "learningRate", step.learningRate);
  step.momentum = number(from, "momentum", step.momentum);
  step.rho = number(from, "rho", step.rho);
  step.beta1 = number(from, "beta1", step.beta1);
  step.beta2 = number(from, "beta2", step.beta2);
  step.epsilon = number(from, "epsilon", step.epsilon);
  step.weightDecay = number(from, "weightDecay", step.weightDecay);
  step.nesterov = from.Get("nesterov").ToBoolean().Value();
  return step;
}

}  // namespace weft
