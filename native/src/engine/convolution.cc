// Any convolution, depthwise ones too, by oneDNN: activations channels last as everywhere, weights in the layout that it asks for.
#include <dnnl.hpp>
#include <omp.h>
#include <map>
#include <unordered_map>

#include "layer.h"

namespace weft {
namespace {

using dnnl::memory;

const dnnl::engine& cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

/** Weights as oneDNN wants them, and the reorder between the flat vector and them; none where the layouts are equal. */
struct Blocked {
  memory flat, blocked;
  dnnl::reorder reorder;
  bool copies = false;
};

/** All that depends on the number of samples; made once for each number that comes. */
struct Primitives {
  memory x, y, dx, dy, bias, dbias;
  Blocked forwardWeights, backwardWeights, gradientWeights;
  dnnl::convolution_forward forward;
  dnnl::convolution_backward_data backwardData;
  dnnl::convolution_backward_weights backwardFilter;
};

/** oneDNN shares these primitives out over OpenMP's threads; everything else of the engine is shared out by its team. */
class OpenMpThreads {
 public:
  explicit OpenMpThreads(int threads) { omp_set_num_threads(threads); }
  ~OpenMpThreads() { omp_set_num_threads(1); }
};

class Convolution final : public Layer {
 public:
  Convolution(const Op& op, Tensor& in, Tensor& out)
      : op_(op), in_(in), out_(out), stream_(cpu()), relu_(op.activation == Activation::relu),
        depthwise_(op.kind == OpKind::depthwise) {
    const int64_t c = in.shape.channels, k = out.shape.channels, h = op.kernelHeight, w = op.kernelWidth;
    if (depthwise_) {
      // tfjs keeps a depthwise kernel as [h][w][channel][multiplier]: output channel = channel · multiplier + m.
      filterDims_ = {c, k / c, 1, h, w};
      flatStrides_ = {k / c, 1, k, w * k, k};
    } else {
      filterDims_ = {k, c, h, w};
      flatStrides_ = {1, k, w * c * k, c * k};
    }
    filterSize_ = static_cast<size_t>(h) * w * (depthwise_ ? k : c * k);
    if (!op.frozen) {
      weights.push_back({op.kernel, filterSize_});
      if (op.bias >= 0) weights.push_back({op.bias, static_cast<size_t>(k)});
    }
    zeros_.reserve(k);
  }

  bool perSample() const override { return false; }
  uint64_t reorders() const override { return reorders_; }
  void reserve(int, int) override { biasGradient_.reserve(out_.shape.channels); }

  void forward(const Pass& p, int, int end, int) override {
    const OpenMpThreads threads(p.threads);
    const float* base = op_.frozen ? p.state : p.parameters;
    Primitives& it = primitives(end);
    const memory& w = toBlocked(it.forwardWeights, base + op_.kernel);
    it.x.set_data_handle(in_.value());
    it.y.set_data_handle(out_.value());
    it.bias.set_data_handle(const_cast<float*>(op_.bias >= 0 ? base + op_.bias : zeros_.data()));
    it.forward.execute(stream_, {{DNNL_ARG_SRC, it.x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_BIAS, it.bias}, {DNNL_ARG_DST, it.y}});
    stream_.wait();
  }

  void backward(const Pass& p, int, int end, int) override {
    const OpenMpThreads threads(p.threads);
    const float* base = op_.frozen ? p.state : p.parameters;
    Primitives& it = primitives(end);
    if (relu_) kernels().maskBias(out_.gradient(), out_.value(), nullptr, end, out_.shape.features());
    it.dy.set_data_handle(out_.gradient());
    if (in_.needsGradient) {
      const memory& w = toBlocked(it.backwardWeights, base + op_.kernel);
      it.dx.set_data_handle(in_.gradient());
      it.backwardData.execute(stream_, {{DNNL_ARG_DIFF_DST, it.dy}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DIFF_SRC, it.dx}});
    }
    if (!op_.frozen) {
      Blocked& g = it.gradientWeights;
      g.flat.set_data_handle(p.gradients + op_.kernel);
      it.x.set_data_handle(in_.value());
      it.dbias.set_data_handle(op_.bias >= 0 ? p.gradients + op_.bias : biasGradient_.data());
      it.backwardFilter.execute(stream_, {{DNNL_ARG_SRC, it.x},
                                          {DNNL_ARG_DIFF_DST, it.dy},
                                          {DNNL_ARG_DIFF_WEIGHTS, g.copies ? g.blocked : g.flat},
                                          {DNNL_ARG_DIFF_BIAS, it.dbias}});
      if (g.copies) {
        g.reorder.execute(stream_, g.blocked, g.flat);
        reorders_++;
      }
    }
    stream_.wait();
  }

 private:
  memory::desc flatFilter() const { return {filterDims_, memory::data_type::f32, flatStrides_}; }

  Blocked blockedFor(const memory::desc& wanted, bool outwards) {
    Blocked b;
    b.flat = memory(flatFilter(), cpu(), nullptr);
    b.copies = wanted != flatFilter();
    if (!b.copies) return b;
    b.blocked = memory(wanted, cpu());
    b.reorder = outwards ? dnnl::reorder(b.blocked, b.flat) : dnnl::reorder(b.flat, b.blocked);
    return b;
  }

  const memory& toBlocked(Blocked& b, const float* flat) {
    b.flat.set_data_handle(const_cast<float*>(flat));
    if (!b.copies) return b.flat;
    b.reorder.execute(stream_, b.flat, b.blocked);
    reorders_++;
    return b.blocked;
  }

  Primitives& primitives(int batch) {
    const auto found = cache_.find(batch);
    if (found != cache_.end()) return found->second;
    const auto any = memory::format_tag::any;
    const auto nhwc = memory::format_tag::nhwc;
    const auto f32 = memory::data_type::f32;
    const Shape a = in_.shape, b = out_.shape;
    const memory::desc x({batch, a.channels, a.height, a.width}, f32, nhwc);
    const memory::desc y({batch, b.channels, b.height, b.width}, f32, nhwc);
    const memory::desc w(filterDims_, f32, any), bias({b.channels}, f32, memory::format_tag::x);
    const memory::dims strides{op_.strideHeight, op_.strideWidth};
    // oneDNN counts the zeros between taps.
    const memory::dims dilates{op_.dilationHeight - 1, op_.dilationWidth - 1};
    const memory::dims before{op_.padTop, op_.padLeft}, after{op_.padBottom, op_.padRight};
    const auto direct = dnnl::algorithm::convolution_direct;
    const auto training = dnnl::prop_kind::forward_training;
    dnnl::primitive_attr attributes;
    if (relu_) {
      dnnl::post_ops after_sum;
#if DNNL_VERSION_MAJOR >= 3
      after_sum.append_eltwise(dnnl::algorithm::eltwise_relu, 0, 0);
#else
      after_sum.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
#endif
      attributes.set_post_ops(after_sum);
    }
#if DNNL_VERSION_MAJOR >= 3
    const dnnl::convolution_forward::primitive_desc f(cpu(), training, direct, x, w, bias, y, strides, dilates, before, after,
                                                      attributes);
    const dnnl::convolution_backward_data::primitive_desc d(cpu(), direct, x, w, y, strides, dilates, before, after, f);
    const dnnl::convolution_backward_weights::primitive_desc g(cpu(), direct, x, w, bias, y, strides, dilates, before, after, f);
#else
    const dnnl::convolution_forward::primitive_desc f({training, direct, x, w, bias, y, strides, dilates, before, after},
                                                      attributes, cpu());
    const dnnl::convolution_backward_data::primitive_desc d({direct, x, w, y, strides, dilates, before, after}, cpu(), f);
    const dnnl::convolution_backward_weights::primitive_desc g({direct, x, w, bias, y, strides, dilates, before, after}, cpu(), f);
#endif
    Primitives it;
    it.x = memory(x, cpu(), nullptr);
    it.y = memory(y, cpu(), nullptr);
    it.dx = memory(x, cpu(), nullptr);
    it.dy = memory(y, cpu(), nullptr);
    it.bias = memory(bias, cpu(), nullptr);
    it.dbias = memory(bias, cpu(), nullptr);
    it.forward = dnnl::convolution_forward(f);
    it.backwardData = dnnl::convolution_backward_data(d);
    it.backwardFilter = dnnl::convolution_backward_weights(g);
    it.forwardWeights = blockedFor(f.weights_desc(), false);
    it.backwardWeights = blockedFor(d.weights_desc(), false);
    it.gradientWeights = blockedFor(g.diff_weights_desc(), true);
    return cache_.emplace(batch, std::move(it)).first->second;
  }

  const Op op_;
  Tensor &in_, &out_;
  dnnl::stream stream_;
  const bool relu_, depthwise_;
  memory::dims filterDims_, flatStrides_;
  size_t filterSize_ = 0;
  uint64_t reorders_ = 0;
  Buffer zeros_, biasGradient_;
  std::map<int, Primitives> cache_;
};

}  // namespace

std::unique_ptr<Layer> makeConvolution(const Op& op, Tensor& in, Tensor& out) {
  return std::make_unique<Convolution>(op, in, out);
}

}  // namespace weft
