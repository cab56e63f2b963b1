// A call that computes on a thread of Node's pool and answers by a promise.
#pragma once

#include <napi.h>

#include <functional>
#include <string>
#include <vector>

#include "device.h"

namespace weft::pca {

/** An error of JavaScript with a code. */
inline Napi::Error coded(Napi::Env env, const char* code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

class AsyncCall final : public Napi::AsyncWorker {
 public:
  /**
   * work runs on the pool's thread and returns a number, which the promise gives. Everything in `held` is kept from the collector until
   * then; who calls must not touch its memory. The caller sees to it that an object has one call at a time.
   */
  static Napi::Value run(const Napi::CallbackInfo& info, std::function<double()> work, const std::vector<Napi::Value>& held) {
    auto* call = new AsyncCall(info.Env(), std::move(work));
    Napi::Array keep = Napi::Array::New(info.Env());
    keep[0u] = info.This();
    for (size_t i = 0; i < held.size(); i++) keep[static_cast<uint32_t>(i + 1)] = held[i];
    call->held_ = Napi::Persistent(keep.As<Napi::Object>());
    const Napi::Promise promise = call->deferred_.Promise();
    call->Queue();
    return promise;
  }

 protected:
  void Execute() override {
    try {
      result_ = work_();
    } catch (const DeviceError& error) {
      code_ = error.code;
      SetError(error.what());
    } catch (const std::bad_alloc&) {
      code_ = "out-of-memory";
      SetError("pca: not enough memory");
    } catch (const std::exception& error) {
      code_ = "device-failed";
      SetError(error.what());
    }
  }
  void OnOK() override { deferred_.Resolve(Napi::Number::New(Env(), result_)); }
  void OnError(const Napi::Error& error) override { deferred_.Reject(coded(Env(), code_, error.Message()).Value()); }

 private:
  AsyncCall(Napi::Env env, std::function<double()> work)
      : Napi::AsyncWorker(env, "weft pca"), work_(std::move(work)), deferred_(Napi::Promise::Deferred::New(env)) {}
  const std::function<double()> work_;
  const Napi::Promise::Deferred deferred_;
  Napi::ObjectReference held_;
  double result_ = 0;
  const char* code_ = "device-failed";
};

}  // namespace weft::pca
