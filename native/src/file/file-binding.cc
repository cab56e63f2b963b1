// readFiles(paths, into, lengths) → a promise: small files one behind the other, in one task of Node's pool where Node itself takes five for
// each. lengths gets the bytes of each file, or −1 where it cannot be read or does not fit.
#include "file-binding.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "../typed-array.h"

namespace weft {
namespace {

class Reading final : public Napi::AsyncWorker {
 public:
  static Napi::Value run(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const Napi::Array list = info[0].As<Napi::Array>();
    const auto typed = [&](size_t i, napi_typedarray_type type) {
      if (!info[i].IsTypedArray() || info[i].As<Napi::TypedArray>().TypedArrayType() != type)
        throw Napi::TypeError::New(env, "argument " + std::to_string(i) + ": an array of another type expected");
      return info[i].As<Napi::TypedArray>();
    };
    const Napi::TypedArray into = typed(1, napi_uint8_array), lengths = typed(2, napi_float64_array);
    if (lengths.ElementLength() < list.Length()) throw Napi::RangeError::New(env, "lengths: one for each file expected");
    auto* reading = new Reading(env, dataOf(into), into.ElementLength(), reinterpret_cast<double*>(dataOf(lengths)));
    for (uint32_t i = 0; i < list.Length(); i++) reading->paths_.push_back(Napi::Value(list[i]).ToString().Utf8Value());
    Napi::Array held = Napi::Array::New(env);
    held[0u] = info[1];
    held[1u] = info[2];
    reading->held_ = Napi::Persistent(held.As<Napi::Object>());
    const Napi::Promise promise = reading->deferred_.Promise();
    reading->Queue();
    return promise;
  }

 protected:
  void Execute() override {
    size_t used = 0;
    for (size_t i = 0; i < paths_.size(); i++) {
      lengths_[i] = -1;
      const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(paths_[i].c_str(), "rb"), std::fclose);
      if (!file) continue;
      std::setvbuf(file.get(), nullptr, _IONBF, 0);
      const size_t read = std::fread(into_ + used, 1, size_ - used, file.get());
      if (std::ferror(file.get()) != 0 || (read == size_ - used && std::fgetc(file.get()) != EOF)) continue;
      lengths_[i] = static_cast<double>(read);
      used += read;
    }
  }
  void OnOK() override { deferred_.Resolve(Env().Undefined()); }
  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  Reading(Napi::Env env, uint8_t* into, size_t size, double* lengths)
      : Napi::AsyncWorker(env, "weft files"), into_(into), size_(size), lengths_(lengths), deferred_(Napi::Promise::Deferred::New(env)) {}
  std::vector<std::string> paths_;
  uint8_t* const into_;
  const size_t size_;
  double* const lengths_;
  const Napi::Promise::Deferred deferred_;
  Napi::ObjectReference held_;
};

}  // namespace

void registerFiles(Napi::Env env, Napi::Object exports) {
  exports.Set("readFiles", Napi::Function::New(env, Reading::run, "readFiles"));
}

}  // namespace weft
