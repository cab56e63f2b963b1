// class CollectiveRunner { constructor(receiveFds, sendFds, rests, spins); run(job) → promise of an outcome; abort(); close() }
//
// Everything is checked in lib/collective-runner.ts; ranges are checked here again, because a mistake there would be a write outside of memory.
#include "runner-binding.h"

#include <exception>
#include <memory>
#include <string>

#include "../engine/worker.h"
#include "../typed-array.h"
#include "runner.h"

namespace weft {
namespace {

constexpr size_t ROW = 6;
constexpr double MAX_INDEX = 0x7fffffff;
constexpr double MAX_TIMEOUT_MS = 0x7fffffff;
/** Looks for the next job before the thread sleeps: longer ones keep the core from the event loop, which has to bring it. */
constexpr int NEXT_JOB_SPINS = 200;

/** One call, from hand-in to answer. */
struct Call {
  Job job;
  Outcome outcome;
  /** What was thrown, where memory ran out. */
  std::string error;
  std::unique_ptr<Napi::Promise::Deferred> deferred;
  Napi::ObjectReference vector;
};

std::vector<int> descriptors(const Napi::Value& value) {
  const Napi::Array array = value.As<Napi::Array>();
  std::vector<int> fds;
  for (uint32_t i = 0; i < array.Length(); i++) fds.push_back(array.Get(i).ToNumber().Int32Value());
  return fds;
}

class RunnerWrap final : public Napi::ObjectWrap<RunnerWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "CollectiveRunner",
                       {InstanceMethod("run", &RunnerWrap::run), InstanceMethod("abort", &RunnerWrap::abort),
                        InstanceMethod("close", &RunnerWrap::close)});
  }

  explicit RunnerWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<RunnerWrap>(info) {
    const std::vector<int> receive = descriptors(info[0]), send = descriptors(info[1]);
    const Napi::Array given = info[2].As<Napi::Array>();
    std::vector<std::vector<uint8_t>> rests(receive.size());
    for (uint32_t i = 0; i < given.Length() && i < rests.size(); i++) {
      const Napi::TypedArray bytes = given.Get(i).As<Napi::TypedArray>();
      rests[i].assign(dataOf(bytes), dataOf(bytes) + bytes.ByteLength());
    }
    channels_ = {receive.size(), send.size()};
    const int spins = info[3].ToNumber().Int32Value();
    try {
      runner_ = std::make_unique<Runner>(receive, send, std::move(rests), spins);
      worker_ = std::make_unique<Worker>(spins > 0 ? NEXT_JOB_SPINS : 0);
    } catch (const std::exception& error) {  // no descriptor, thread or memory left
      throw Napi::Error::New(info.Env(), error.what());
    }
    answers_ = Napi::ThreadSafeFunction::New(info.Env(), Napi::Function(), "weft collectives", 0, 1);
    answers_.Unref(info.Env());
    napi_add_env_cleanup_hook(info.Env(), atExit, this);
    hooked_ = true;
  }

  ~RunnerWrap() override {
    if (hooked_) napi_remove_env_cleanup_hook(Env(), atExit, this);
    stop();
  }

 private:
  static void atExit(void* self) {
    static_cast<RunnerWrap*>(self)->hooked_ = false;
    static_cast<RunnerWrap*>(self)->stop();
  }

  void stop() {
    if (!worker_) return;
    runner_->abort();
    worker_.reset();
    answers_.Release();
    runner_.reset();
  }

  // run(vector, sends, receives, head, { wire, op, factor, crc, timeoutMs })
  Napi::Value run(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!worker_ || closing_) throw Napi::Error::New(env, "collective runner: closed");
    auto call = std::make_shared<Call>();
    Job& job = call->job;
    const Napi::TypedArray vector = info[0].As<Napi::TypedArray>();
    if (vector.TypedArrayType() != napi_float32_array) throw Napi::TypeError::New(env, "vector: Float32Array expected");
    job.vector = reinterpret_cast<float*>(dataOf(vector));
    const size_t n = vector.ElementLength();
    const Napi::Object o = info[4].As<Napi::Object>();
    readRows(info[1], [&](const double* row) {
      const Send s{channelOf(env, row[0], channels_.second), index(env, row[1], n), index(env, row[2], n), after(env, row[3]),
                   static_cast<Encoding>(code(env, row[4], 3))};
      if (s.end < s.start) throw Napi::RangeError::New(env, "send: a range expected");
      job.sends.push_back(s);
    });
    readRows(info[2], [&](const double* row) {
      const int flags = code(env, row[4], 7);
      const Receive r{channelOf(env, row[0], channels_.first), index(env, row[1], n), index(env, row[2], n), after(env, row[3]),
                      (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0};
      if (r.end < r.start) throw Napi::RangeError::New(env, "receive: a range expected");
      job.receives.push_back(r);
    });
    for (const Send& s : job.sends) {
      if (s.after >= static_cast<int>(job.receives.size())) throw Napi::RangeError::New(env, "send: after a receive expected");
    }
    for (const Receive& r : job.receives) {
      if (r.after >= static_cast<int>(job.sends.size())) throw Napi::RangeError::New(env, "receive: after a send expected");
    }
    const Napi::TypedArray head = info[3].As<Napi::TypedArray>();
    if (head.ByteLength() < PREFIX_BYTES) throw Napi::RangeError::New(env, "head: at least a prefix expected");
    job.head.assign(dataOf(head), dataOf(head) + head.ByteLength());
    job.wire = static_cast<Wire>(code(env, o.Get("wire").ToNumber(), 3));
    job.op = static_cast<Reduction>(code(env, o.Get("op").ToNumber(), 1));
    job.factor = o.Get("factor").ToNumber().FloatValue();
    job.crc = o.Get("crc").ToBoolean();
    const double timeoutMs = o.Get("timeoutMs").ToNumber();
    if (!(timeoutMs >= 0 && timeoutMs <= MAX_TIMEOUT_MS)) throw Napi::RangeError::New(env, "timeoutMs: 0 to 2^31 - 1 expected");
    job.timeoutMs = static_cast<int64_t>(timeoutMs);
    call->deferred = std::make_unique<Napi::Promise::Deferred>(env);
    call->vector = Napi::Persistent(vector.As<Napi::Object>());
    const Napi::Promise promise = call->deferred->Promise();
    // Both keep what the thread works with: the process, as long as somebody waits; this object, as long as a call is open.
    if (open_++ == 0) {
      answers_.Ref(env);
      Ref();
    }
    worker_->add([this, call] {
      try {
        call->outcome = runner_->run(call->job);
      } catch (const std::exception& error) {
        call->error = error.what();
      }
      answers_.BlockingCall([this, call](Napi::Env env, Napi::Function) { answer(env, *call); });
    });
    return promise;
  }

  void answer(Napi::Env env, Call& call) {
    const Napi::HandleScope scope(env);
    call.vector.Reset();
    const Outcome& outcome = call.outcome;
    const Napi::Object o = Napi::Object::New(env);
    const auto number = [&](const char* name, double value) { o.Set(name, Napi::Number::New(env, value)); };
    number("failure", static_cast<int>(outcome.failure));
    if (outcome.failure != Failure::none) {
      o.Set("receiving", Napi::Boolean::New(env, outcome.receiving));
      number("channel", outcome.channel);
      number("transfer", outcome.transfer);
      number("bytes", static_cast<double>(outcome.bytes));
      number("expectedBytes", static_cast<double>(outcome.expectedBytes));
      number("error", outcome.error);
      o.Set("came", Napi::Buffer<uint8_t>::Copy(env, outcome.came.data(), outcome.came.size()));
    }
    if (--open_ == 0) {
      if (worker_) answers_.Unref(env);
      Unref();
    }
    if (call.error.empty()) call.deferred->Resolve(o);
    else call.deferred->Reject(Napi::Error::New(env, call.error).Value());
  }

  Napi::Value abort(const Napi::CallbackInfo& info) {
    if (runner_) runner_->abort();
    return info.Env().Undefined();
  }

  /** Joins the thread when it has nothing left to do: the event loop waits neither for its turn on a core nor for its sockets. */
  Napi::Value close(const Napi::CallbackInfo& info) {
    if (worker_ && !closing_) {
      closing_ = true;
      runner_->abort();
      Ref();
      worker_->close([this] {
        runner_->closeSockets();
        answers_.BlockingCall([this](Napi::Env, Napi::Function) {
          stop();
          Unref();
        });
      });
    }
    return info.Env().Undefined();
  }

  static size_t index(Napi::Env env, double value, size_t n) {
    if (!(value >= 0 && value <= static_cast<double>(n))) throw Napi::RangeError::New(env, "range: within the vector expected");
    return static_cast<size_t>(value);
  }
  static int channelOf(Napi::Env env, double value, size_t count) {
    if (!(value >= 0 && value < static_cast<double>(count))) throw Napi::RangeError::New(env, "channel: one of the group's expected");
    return static_cast<int>(value);
  }
  /** −1, or the index of a transfer; whether there is one of that index is checked when all are known. */
  static int after(Napi::Env env, double value) {
    if (!(value >= -1 && value <= MAX_INDEX)) throw Napi::RangeError::New(env, "after: -1 or the index of a transfer expected");
    return static_cast<int>(value);
  }
  static int code(Napi::Env env, double value, int last) {
    if (!(value >= 0 && value <= last)) throw Napi::RangeError::New(env, "code: 0 to " + std::to_string(last) + " expected");
    return static_cast<int>(value);
  }
  template <typename F>
  static void readRows(const Napi::Value& value, F&& take) {
    const Napi::TypedArray rows = value.As<Napi::TypedArray>();
    if (rows.TypedArrayType() != napi_float64_array) throw Napi::TypeError::New(value.Env(), "transfers: Float64Array expected");
    const double* data = reinterpret_cast<const double*>(dataOf(rows));
    for (size_t i = 0; i + ROW <= rows.ElementLength(); i += ROW) take(data + i);
  }

  std::unique_ptr<Runner> runner_;
  std::unique_ptr<Worker> worker_;
  Napi::ThreadSafeFunction answers_;
  std::pair<size_t, size_t> channels_;
  int open_ = 0;
  bool hooked_ = false, closing_ = false;
};

}  // namespace

void registerCollectives(Napi::Env env, Napi::Object exports) { exports.Set("CollectiveRunner", RunnerWrap::define(env)); }

}  // namespace weft
