// PcaScatter, PcaKrylov, PcaIncremental, PcaProjection: one object a fit or a fitted state, each with its device. Every method but `name`
// answers by a promise; lengths are checked by lib/pca.ts, which also sees to it that an object has one call at a time.
#include "pca-binding.h"

#include "async-call.h"
#include "blas-device.h"
#include "block-krylov.h"
#include "cuda-device.h"
#include "incremental.h"
#include "projection.h"
#include "scatter.h"
#include "signs.h"
#include "../typed-array.h"

namespace weft {
namespace pca {
namespace {

using Info = Napi::CallbackInfo;

template <typename T>
T* elements(const Info& info, size_t i) {
  if (!info[i].IsTypedArray()) throw Napi::TypeError::New(info.Env(), "argument " + std::to_string(i) + ": a typed array expected");
  return reinterpret_cast<T*>(dataOf(info[i].As<Napi::TypedArray>()));
}
size_t size(const Info& info, size_t i) { return static_cast<size_t>(info[i].ToNumber().Int64Value()); }
std::vector<Napi::Value> all(const Info& info) {
  std::vector<Napi::Value> values;
  for (size_t i = 0; i < info.Length(); i++) values.push_back(info[i]);
  return values;
}
/** Rows in arguments 0 and 1: a Uint8Array or Float32Array, and their number. */
Rows rowsOf(const Info& info, size_t features) {
  const bool bytes = info[0].As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
  return {bytes ? elements<uint8_t>(info, 0) : nullptr, bytes ? nullptr : elements<float>(info, 0), size(info, 1), features};
}

/** What the constructors have in common: { device, threads, features, runtime, blas, solver }. */
class Session {
 public:
  explicit Session(const Info& info) {
    const Napi::Env env = info.Env();
    const Napi::Object o = info[0].As<Napi::Object>();
    const auto text = [&](const char* key) { return o.Get(key).ToString().Utf8Value(); };
    threads = o.Get("threads").ToNumber().Int32Value();
    features = static_cast<size_t>(o.Get("features").ToNumber().Int64Value());
    try {
      device = text("device") == "gpu" ? cudaDevice({text("runtime"), text("blas"), text("solver")}) : blasDevice(threads);
    } catch (const DeviceError& error) {
      throw coded(env, error.code, error.what());
    }
  }
  template <typename F>
  static auto guarded(Napi::Env env, F make) -> decltype(make()) {
    try {
      return make();
    } catch (const DeviceError& error) {
      throw coded(env, error.code, error.what());
    } catch (const std::bad_alloc&) {
      throw coded(env, "out-of-memory", "pca: not enough memory");
    }
  }
  int threads;
  size_t features;
  std::unique_ptr<Device> device;
};

class ScatterWrap final : public Napi::ObjectWrap<ScatterWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "PcaScatter",
                       {InstanceAccessor("name", &ScatterWrap::name, nullptr), InstanceMethod("add", &ScatterWrap::add),
                        InstanceMethod("result", &ScatterWrap::result), InstanceMethod("eigen", &ScatterWrap::eigen)});
  }
  explicit ScatterWrap(const Info& info)
      : Napi::ObjectWrap<ScatterWrap>(info), s_(info), scatter_(Session::guarded(info.Env(), [&] {
          return std::make_unique<Scatter>(*s_.device, s_.threads, s_.features);
        })) {}

 private:
  Napi::Value name(const Info& info) { return Napi::String::New(info.Env(), s_.device->name()); }
  Napi::Value add(const Info& info) {
    const Rows x = rowsOf(info, s_.features);
    return AsyncCall::run(info, [this, x] { return scatter_->add(x), 0.0; }, all(info));
  }
  // result(scatter, mean) → rows
  Napi::Value result(const Info& info) {
    auto *s = elements<double>(info, 0), *mean = elements<double>(info, 1);
    return AsyncCall::run(info, [this, s, mean] { return static_cast<double>(scatter_->result(s, mean)); }, all(info));
  }
  // eigen(matrix, count, values, vectors): the matrix is destroyed
  Napi::Value eigen(const Info& info) {
    auto *matrix = elements<double>(info, 0), *values = elements<double>(info, 2);
    const size_t count = size(info, 1), d = s_.features;
    auto* vectors = elements<float>(info, 3);
    return AsyncCall::run(
        info,
        [this, matrix, values, count, vectors, d] {
          std::vector<double> found(count * d);
          s_.device->eigen(matrix, d, count, values, found.data());
          std::copy(found.begin(), found.end(), vectors);
          fixSigns(vectors, count, d);
          return 0.0;
        },
        all(info));
  }
  Session s_;
  std::unique_ptr<Scatter> scatter_;
};

class KrylovWrap final : public Napi::ObjectWrap<KrylovWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "PcaKrylov",
                       {InstanceAccessor("name", &KrylovWrap::name, nullptr), InstanceMethod("start", &KrylovWrap::start),
                        InstanceMethod("begin", &KrylovWrap::begin), InstanceMethod("power", &KrylovWrap::power),
                        InstanceMethod("product", &KrylovWrap::product), InstanceMethod("extend", &KrylovWrap::extend),
                        InstanceMethod("ritz", &KrylovWrap::ritz)});
  }
  // new PcaKrylov({ …, most, block })
  explicit KrylovWrap(const Info& info)
      : Napi::ObjectWrap<KrylovWrap>(info), s_(info), krylov_(Session::guarded(info.Env(), [&] {
          const Napi::Object o = info[0].As<Napi::Object>();
          return std::make_unique<BlockKrylov>(*s_.device, s_.threads, s_.features,
                                               static_cast<size_t>(o.Get("most").ToNumber().Int64Value()),
                                               static_cast<size_t>(o.Get("block").ToNumber().Int64Value()));
        })) {}

 private:
  Napi::Value name(const Info& info) { return Napi::String::New(info.Env(), s_.device->name()); }
  // start(block, seed, q)
  Napi::Value start(const Info& info) {
    const size_t block = size(info, 0), seed = size(info, 1);
    auto* q = elements<float>(info, 2);
    return AsyncCall::run(info, [this, block, seed, q] { return krylov_->start(block, seed, q), 0.0; }, all(info));
  }
  // begin(q, block, shift)
  Napi::Value begin(const Info& info) {
    const auto *q = elements<float>(info, 0), *shift = elements<float>(info, 2);
    const size_t block = size(info, 1);
    return AsyncCall::run(info, [this, q, block, shift] { return krylov_->begin(q, block, shift), 0.0; }, all(info));
  }
  // power(x, rows, sums | null) → Σ |x − s|², 0 without sums
  Napi::Value power(const Info& info) {
    const Rows x = rowsOf(info, s_.features);
    double* sums = info[2].IsTypedArray() ? elements<double>(info, 2) : nullptr;
    return AsyncCall::run(
        info,
        [this, x, sums] {
          Moments moments{sums};
          krylov_->power(x, sums ? &moments : nullptr);
          return moments.squares;
        },
        all(info));
  }
  Napi::Value product(const Info& info) {
    auto* w = elements<float>(info, 0);
    return AsyncCall::run(info, [this, w] { return krylov_->product(w), 0.0; }, all(info));
  }
  // extend(w, next, q | null)
  Napi::Value extend(const Info& info) {
    const auto* w = elements<float>(info, 0);
    const size_t next = size(info, 1);
    float* q = next > 0 ? elements<float>(info, 2) : nullptr;
    return AsyncCall::run(info, [this, w, next, q] { return krylov_->extend(w, next, q), 0.0; }, all(info));
  }
  // ritz(count, values, vectors)
  Napi::Value ritz(const Info& info) {
    const size_t count = size(info, 0);
    auto* values = elements<double>(info, 1);
    auto* vectors = elements<float>(info, 2);
    return AsyncCall::run(
        info,
        [this, count, values, vectors] {
          krylov_->ritz(count, values, vectors);
          fixSigns(vectors, count, s_.features);
          return 0.0;
        },
        all(info));
  }
  Session s_;
  std::unique_ptr<BlockKrylov> krylov_;
};

class IncrementalWrap final : public Napi::ObjectWrap<IncrementalWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "PcaIncremental",
                       {InstanceAccessor("name", &IncrementalWrap::name, nullptr), InstanceMethod("add", &IncrementalWrap::add),
                        InstanceMethod("merge", &IncrementalWrap::merge), InstanceMethod("state", &IncrementalWrap::state),
                        InstanceMethod("result", &IncrementalWrap::result)});
  }
  // new PcaIncremental({ …, components, most })
  explicit IncrementalWrap(const Info& info)
      : Napi::ObjectWrap<IncrementalWrap>(info), s_(info), incremental_(Session::guarded(info.Env(), [&] {
          const Napi::Object o = info[0].As<Napi::Object>();
          return std::make_unique<Incremental>(*s_.device, s_.threads, s_.features,
                                               static_cast<size_t>(o.Get("components").ToNumber().Int64Value()),
                                               static_cast<size_t>(o.Get("most").ToNumber().Int64Value()));
        })) {}

 private:
  Napi::Value name(const Info& info) { return Napi::String::New(info.Env(), s_.device->name()); }
  Napi::Value add(const Info& info) {
    const Rows x = rowsOf(info, s_.features);
    return AsyncCall::run(info, [this, x] { return incremental_->add(x), 0.0; }, all(info));
  }
  // merge(scaled, rows, mean, count, squares)
  Napi::Value merge(const Info& info) {
    const auto* scaled = elements<float>(info, 0);
    const auto* mean = elements<double>(info, 2);
    const size_t rows = size(info, 1), count = size(info, 3);
    const double squares = info[4].ToNumber().DoubleValue();
    return AsyncCall::run(
        info, [this, scaled, rows, mean, count, squares] { return incremental_->merge(scaled, rows, mean, count, squares), 0.0; },
        all(info));
  }
  // state(scaled, mean, counts): counts ← [rank, rows, squares]
  Napi::Value state(const Info& info) {
    auto* scaled = elements<float>(info, 0);
    auto *mean = elements<double>(info, 1), *counts = elements<double>(info, 2);
    return AsyncCall::run(
        info,
        [this, scaled, mean, counts] {
          counts[1] = static_cast<double>(incremental_->state(scaled, mean, &counts[2]));
          return counts[0] = static_cast<double>(incremental_->rank());
        },
        all(info));
  }
  // result(singular, vectors) → rank
  Napi::Value result(const Info& info) {
    auto* singular = elements<double>(info, 0);
    auto* vectors = elements<float>(info, 1);
    return AsyncCall::run(
        info,
        [this, singular, vectors] {
          incremental_->result(singular, vectors);
          return static_cast<double>(incremental_->rank());
        },
        all(info));
  }
  Session s_;
  std::unique_ptr<Incremental> incremental_;
};

class ProjectionWrap final : public Napi::ObjectWrap<ProjectionWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "PcaProjection",
                       {InstanceAccessor("name", &ProjectionWrap::name, nullptr), InstanceMethod("project", &ProjectionWrap::project),
                        InstanceMethod("reconstruct", &ProjectionWrap::reconstruct)});
  }
  // new PcaProjection({ … }, components, count, mean)
  explicit ProjectionWrap(const Info& info)
      : Napi::ObjectWrap<ProjectionWrap>(info), s_(info), projection_(Session::guarded(info.Env(), [&] {
          return std::make_unique<Projection>(*s_.device, s_.threads, elements<float>(info, 1), size(info, 2), elements<float>(info, 3),
                                              s_.features);
        })) {}

 private:
  Napi::Value name(const Info& info) { return Napi::String::New(info.Env(), s_.device->name()); }
  // project(x, rows, out)
  Napi::Value project(const Info& info) {
    const Rows x = rowsOf(info, s_.features);
    auto* out = elements<float>(info, 2);
    return AsyncCall::run(info, [this, x, out] { return projection_->project(x, out), 0.0; }, all(info));
  }
  // reconstruct(y, rows, out)
  Napi::Value reconstruct(const Info& info) {
    const auto* y = elements<float>(info, 0);
    const size_t rows = size(info, 1);
    auto* out = elements<float>(info, 2);
    return AsyncCall::run(info, [this, y, rows, out] { return projection_->reconstruct(y, rows, out), 0.0; }, all(info));
  }
  Session s_;
  std::unique_ptr<Projection> projection_;
};

}  // namespace
}  // namespace pca

void registerPca(Napi::Env env, Napi::Object exports) {
  exports.Set("PcaScatter", pca::ScatterWrap::define(env));
  exports.Set("PcaKrylov", pca::KrylovWrap::define(env));
  exports.Set("PcaIncremental", pca::IncrementalWrap::define(env));
  exports.Set("PcaProjection", pca::ProjectionWrap::define(env));
}

}  // namespace weft
