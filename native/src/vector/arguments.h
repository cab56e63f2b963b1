// What a kernel is called with. Lengths are checked by lib/*.ts; here again, because a mistake there would otherwise be a write outside
// of memory.
#pragma once

#include <napi.h>

#include <string>

#include "../typed-array.h"

namespace weft {

struct Floats {
  float* data;
  size_t size;
};

class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info) {}

  float number(size_t i) const { return static_cast<float>(real(i)); }
  double real(size_t i) const { return info_[i].ToNumber().DoubleValue(); }
  bool flag(size_t i) const { return info_[i].ToBoolean().Value(); }

  Floats vector(size_t i) {
    const Napi::TypedArray array = typed(i, napi_float32_array, "Float32Array");
    return {reinterpret_cast<float*>(dataOf(array)),
            equal(array.ElementLength())};
  }
  /** Any length of its own. */
  Floats floats(size_t i) const {
    const Napi::TypedArray array = typed(i, napi_float32_array, "Float32Array");
    return {reinterpret_cast<float*>(dataOf(array)), array.ElementLength()};
  }
  /** Fails unless an array has the length that the others ask for. */
  void expectLength(size_t i, size_t length, size_t expected) const {
    if (length != expected) {
      throw Napi::RangeError::New(info_.Env(), "argument " + std::to_string(i) + ": " + std::to_string(expected) +
                                                   " elements expected, got " + std::to_string(length));
    }
  }
  template <typename T>
  T* elements(size_t i, napi_typedarray_type type, const char* name) {
    const Napi::TypedArray array = typed(i, type, name);
    equal(array.ElementLength());
    return reinterpret_cast<T*>(dataOf(array));
  }
  Napi::TypedArray typed(size_t i, napi_typedarray_type type, const char* name) const {
    const Napi::Value value = info_[i];
    if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != type) {
      throw Napi::TypeError::New(info_.Env(), "argument " + std::to_string(i) + ": a " + name + " expected");
    }
    return value.As<Napi::TypedArray>();
  }

 private:
  size_t equal(size_t n) {
    if (size_ != SIZE_MAX && size_ != n) {
      throw Napi::RangeError::New(info_.Env(),
                                  "vectors of equal length expected, got " + std::to_string(size_) + ", " + std::to_string(n));
    }
    return size_ = n;
  }
  const Napi::CallbackInfo& info_;
  size_t size_ = SIZE_MAX;
};

}  // namespace weft
