#pragma once
#include <napi.h>

namespace weft {

// Where a typed array's first element lies. Napi::TypedArray::ArrayBuffer() refuses shared memory, in which the worker threads
// of other engines keep their vectors.
inline uint8_t* dataOf(const Napi::TypedArray& array) {
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(array.Env(), array, nullptr, nullptr, &data, nullptr, nullptr);
  if (status != napi_ok) throw Napi::Error::New(array.Env());
  return static_cast<uint8_t*>(data);
}

}  // namespace weft
