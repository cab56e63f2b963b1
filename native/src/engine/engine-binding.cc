// class Engine { constructor(plan); parameters, gradients, state; run(kind, batch, optimizer?) → promise; profile(); dispose() }
//
// A batch is copied when it is handed in (100 KB of bytes take some 5 µs), so that nothing that JavaScript does to its buffers,
// detaching them included, reaches the thread that computes. Parameters, gradients and state are the engine's own memory, lent
// to JavaScript as external ArrayBuffers that keep it alive.
#include "engine-binding.h"

#include <cstring>

#include "engine.h"
#include "plan-reader.h"
#include "worker.h"
#include "../typed-array.h"

namespace weft {
namespace {

enum class JobKind { gradient, step, evaluate, predict };

/** One call, from hand-in to answer. Its memory is used again for the next. */
struct Job {
  JobKind kind = JobKind::gradient;
  std::vector<uint8_t> inputs, targets;
  std::vector<float> weights, outputs;
  bool bytes = false, rows = false, weighted = false;
  int size = 0;
  OptimizerStep optimizer;
  Score score;
  std::string error, code;
  std::unique_ptr<Napi::Promise::Deferred> deferred;
};

template <typename T>
void copy(const Napi::TypedArray& from, std::vector<T>& to) {
  const uint8_t* data = dataOf(from);
  to.resize(from.ByteLength() / sizeof(T));
  if (!to.empty()) std::memcpy(to.data(), data, to.size() * sizeof(T));
}

Napi::Error coded(Napi::Env env, const std::string& code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

class EngineWrap final : public Napi::ObjectWrap<EngineWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Engine",
                       {InstanceMethod("run", &EngineWrap::run), InstanceMethod("dispose", &EngineWrap::dispose),
                        InstanceMethod("profile", &EngineWrap::profile), InstanceMethod("reorders", &EngineWrap::reorders)});
  }

  explicit EngineWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<EngineWrap>(info) {
    const Napi::Env env = info.Env();
    try {
      if (info.Length() < 1 || !info[0].IsObject()) throw EngineError("bad-plan", "plan: an object expected");
      engine_ = std::make_unique<Engine>(readPlan(info[0].As<Napi::Object>()));
    } catch (const EngineError& error) {
      throw coded(env, error.code, error.what());
    } catch (const std::bad_alloc&) {
      throw coded(env, "engine-failed", "engine: not enough memory for the parameters");
    }
    Napi::Object self = info.This().As<Napi::Object>();
    lend(self, "parameters", engine_->parameters(), engine_->plan().parameters);
    lend(self, "gradients", engine_->gradients(), engine_->plan().parameters);
    lend(self, "state", engine_->state(), engine_->plan().state);
    answers_ = Napi::ThreadSafeFunction::New(env, Napi::Function(), "weft engine", 0, 1);
    answers_.Unref(env);  // an idle engine does not keep the process alive
    worker_ = std::make_unique<Worker>();
    // At the end of the process, or of a worker thread, the computing thread must stop before what it uses is taken down.
    napi_add_env_cleanup_hook(env, atExit, this);
    hooked_ = true;
  }

  ~EngineWrap() override {
    if (hooked_) napi_remove_env_cleanup_hook(Env(), atExit, this);
    stop();
  }

 private:
  void lend(Napi::Object& self, const char* name, const Buffer& buffer, size_t length) {
    const Napi::Env env = self.Env();
    Napi::ArrayBuffer memory;
    if (length == 0) {
      memory = Napi::ArrayBuffer::New(env, 0);
    } else {
      auto* share = new std::shared_ptr<float>(buffer.share());
      memory = Napi::ArrayBuffer::New(env, buffer.data(), length * sizeof(float),
                                      [](Napi::Env, void*, std::shared_ptr<float>* s) { delete s; }, share);
    }
    self.DefineProperty(Napi::PropertyDescriptor::Value(
        name, Napi::Float32Array::New(env, length, memory, 0, napi_float32_array), napi_enumerable));
  }

  // run(kind, inputs, targets | null, weights | null, size, optimizer | null)
  Napi::Value run(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (disposed_) throw coded(env, "disposed", "engine: disposed");
    std::shared_ptr<Job> job = idle_ ? std::move(idle_) : std::make_shared<Job>();
    idle_ = nullptr;
    job->kind = static_cast<JobKind>(info[0].ToNumber().Int32Value());
    job->size = info[4].ToNumber().Int32Value();
    job->error.clear();
    const auto fail = [&](const std::string& what) { throw coded(env, "bad-batch", "batch: " + what); };
    if (!info[1].IsTypedArray()) fail("inputs: a Uint8Array or Float32Array expected");
    const auto inputs = info[1].As<Napi::TypedArray>();
    job->bytes = inputs.TypedArrayType() == napi_uint8_array;
    if (!job->bytes && inputs.TypedArrayType() != napi_float32_array) fail("inputs: a Uint8Array or Float32Array expected");
    if (job->size < 1 || inputs.ElementLength() != job->size * engine_->inputFeatures()) fail("inputs of another length");
    copy(inputs, job->inputs);
    job->weighted = false;
    if (job->kind != JobKind::predict) {
      if (!info[2].IsTypedArray()) fail("targets: a Uint16Array or Float32Array expected");
      const auto targets = info[2].As<Napi::TypedArray>();
      job->rows = targets.TypedArrayType() == napi_float32_array;
      if (!job->rows && targets.TypedArrayType() != napi_uint16_array) fail("targets: a Uint16Array or Float32Array expected");
      if (targets.ElementLength() != job->size * (job->rows ? engine_->outputs() : 1)) fail("targets of another length");
      copy(targets, job->targets);
      if (!job->rows) {
        const auto* classes = reinterpret_cast<const uint16_t*>(job->targets.data());
        const size_t limit = std::max<size_t>(engine_->outputs(), 2);
        for (int i = 0; i < job->size; i++) {
          if (classes[i] >= limit) fail("class " + std::to_string(classes[i]) + " of sample " + std::to_string(i) + " is unknown");
        }
      }
      if (info[3].IsTypedArray()) {
        const auto weights = info[3].As<Napi::TypedArray>();
        if (weights.TypedArrayType() != napi_float32_array || weights.ElementLength() != static_cast<size_t>(job->size)) {
          fail("weights of another length");
        }
        job->weighted = true;
        copy(weights, job->weights);
      }
    }
    if (job->kind == JobKind::step) {
      if (!info[5].IsObject()) throw coded(env, "bad-argument", "step: an optimizer expected");
      try {
        job->optimizer = readOptimizer(info[5].As<Napi::Object>());
      } catch (const EngineError& error) {
        throw coded(env, "bad-argument", error.what());
      }
    }
    job->deferred = std::make_unique<Napi::Promise::Deferred>(env);
    const Napi::Promise promise = job->deferred->Promise();
    if (pending_++ == 0) {
      answers_.Ref(env);
      Ref();  // the object itself stays until it has answered
    }
    worker_->add([this, job] {
      compute(*job);
      answers_.BlockingCall([this, job](Napi::Env e, Napi::Function) { answer(e, job); });
    });
    return promise;
  }

  void compute(Job& job) {
    try {
      const Samples samples{job.bytes ? job.inputs.data() : nullptr,
                            job.bytes ? nullptr : reinterpret_cast<const float*>(job.inputs.data()), job.size};
      const Targets targets{job.rows ? nullptr : reinterpret_cast<const uint16_t*>(job.targets.data()),
                            job.rows ? reinterpret_cast<const float*>(job.targets.data()) : nullptr,
                            job.weighted ? job.weights.data() : nullptr};
      switch (job.kind) {
        case JobKind::gradient: job.score = engine_->gradient(samples, targets); break;
        case JobKind::step: job.score = engine_->step(samples, targets, job.optimizer); break;
        case JobKind::evaluate: job.score = engine_->evaluate(samples, targets); break;
        case JobKind::predict:
          job.outputs.resize(job.size * engine_->outputs());
          engine_->predict(samples, job.outputs.data());
          break;
      }
    } catch (const EngineError& error) {
      job.code = error.code;
      job.error = error.what();
    } catch (const std::exception& error) {
      job.code = "engine-failed";
      job.error = std::string("engine: ") + error.what();
    }
  }

  void answer(Napi::Env env, const std::shared_ptr<Job>& job) {
    const Napi::HandleScope scope(env);
    if (--pending_ == 0) {
      answers_.Unref(env);
      Unref();
    }
    const std::unique_ptr<Napi::Promise::Deferred> deferred = std::move(job->deferred);
    if (!job->error.empty()) {
      deferred->Reject(coded(env, job->code, job->error).Value());
    } else if (job->kind == JobKind::predict) {
      Napi::Float32Array out = Napi::Float32Array::New(env, job->outputs.size());
      std::memcpy(out.Data(), job->outputs.data(), job->outputs.size() * sizeof(float));
      deferred->Resolve(out);
    } else {
      Napi::Object scores = Napi::Object::New(env);
      scores.Set("loss", job->score.loss);
      scores.Set("correct", job->score.correct);
      scores.Set("size", job->size);
      deferred->Resolve(scores);
    }
    if (!idle_) idle_ = job;
    if (disposed_ && pending_ == 0) stop();
  }

  Napi::Value profile(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (disposed_ || pending_ > 0) throw coded(env, disposed_ ? "disposed" : "busy", "engine: profile() of an idle engine expected");
    const std::vector<Profile> layers = engine_->profile();
    Napi::Array list = Napi::Array::New(env, layers.size());
    for (uint32_t i = 0; i < layers.size(); i++) {
      Napi::Object o = Napi::Object::New(env);
      o.Set("kind", layers[i].kind);
      o.Set("name", layers[i].name);
      o.Set("forwardMs", layers[i].forwardMs);
      o.Set("backwardMs", layers[i].backwardMs);
      list[i] = o;
    }
    return list;
  }

  Napi::Value reorders(const Napi::CallbackInfo& info) {
    if (disposed_ || pending_ > 0) throw coded(info.Env(), "busy", "engine: reorders() of an idle engine expected");
    return Napi::Number::New(info.Env(), static_cast<double>(engine_->reorders()));
  }

  /** What is pending is still answered; the memory goes with the last answer, the vectors with their last reader. */
  Napi::Value dispose(const Napi::CallbackInfo& info) {
    disposed_ = true;
    if (pending_ == 0) stop();
    return info.Env().Undefined();
  }

  static void atExit(void* wrap) {
    static_cast<EngineWrap*>(wrap)->hooked_ = false;
    static_cast<EngineWrap*>(wrap)->stop();
  }

  void stop() {
    if (!worker_) return;
    disposed_ = true;
    worker_.reset();
    answers_.Release();
    engine_.reset();
    idle_ = nullptr;
  }

  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Worker> worker_;
  Napi::ThreadSafeFunction answers_;
  std::shared_ptr<Job> idle_;
  int pending_ = 0;
  bool disposed_ = false, hooked_ = false;
};

}  // namespace

void registerEngine(Napi::Env env, Napi::Object exports) { exports.Set("Engine", EngineWrap::define(env)); }

}  // namespace weft
