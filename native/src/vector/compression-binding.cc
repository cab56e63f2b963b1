// The kernels of compression as functions over typed arrays.
#include "compression-binding.h"

#include <vector>

#include "../kernels/block-bytes.h"
#include "../kernels/kernels.h"
#include "arguments.h"
#include "orthonormalize.h"
#include "top-k.h"

namespace weft {
namespace {

/** x: Float32Array, out: Uint8Array of just so many bytes */
template <typename Encode>
Napi::Value encode(const Napi::CallbackInfo& info, size_t (*bytesOf)(size_t), Encode kernel) {
  const Arguments a(info);
  const Floats x = a.floats(0);
  const Napi::TypedArray out = a.typed(1, napi_uint8_array, "Uint8Array");
  a.expectLength(1, out.ElementLength(), bytesOf(x.size));
  kernel(x.data, x.size, dataOf(out));
  return info.Env().Undefined();
}
/** bytes: Uint8Array, out: Float32Array */
template <typename Decode>
Napi::Value decode(const Napi::CallbackInfo& info, size_t (*bytesOf)(size_t), Decode kernel) {
  const Arguments a(info);
  const Napi::TypedArray bytes = a.typed(0, napi_uint8_array, "Uint8Array");
  const Floats out = a.floats(1);
  a.expectLength(0, bytes.ElementLength(), bytesOf(out.size));
  kernel(dataOf(bytes), out.size, out.data);
  return info.Env().Undefined();
}

Napi::Value clip(const Napi::CallbackInfo& info) {
  Arguments a(info);
  const Floats x = a.vector(1), out = a.vector(2);
  kernels().clip(a.number(0), x.data, out.data, x.size);
  return info.Env().Undefined();
}
Napi::Value int8EncodeBlocks(const Napi::CallbackInfo& info) { return encode(info, int8Bytes, kernels().int8EncodeBlocks); }
Napi::Value int8DecodeBlocks(const Napi::CallbackInfo& info) { return decode(info, int8Bytes, kernels().int8DecodeBlocks); }
Napi::Value oneBitEncodeBlocks(const Napi::CallbackInfo& info) { return encode(info, oneBitBytes, kernels().oneBitEncodeBlocks); }
Napi::Value oneBitDecodeBlocks(const Napi::CallbackInfo& info) { return decode(info, oneBitBytes, kernels().oneBitDecodeBlocks); }

// x, indexes: Uint32Array, values: Float32Array; k is their length
Napi::Value largest(const Napi::CallbackInfo& info) {
  const Arguments a(info);
  const Floats x = a.floats(0), values = a.floats(2);
  const Napi::TypedArray indexes = a.typed(1, napi_uint32_array, "Uint32Array");
  a.expectLength(1, indexes.ElementLength(), values.size);
  if (values.size > x.size) a.expectLength(2, values.size, x.size);
  topK(x.data, x.size, values.size, reinterpret_cast<uint32_t*>(dataOf(indexes)), values.data);
  return info.Env().Undefined();
}

// a, b, c, rows, columns, depth, transposeA, transposeB
Napi::Value matrixProduct(const Napi::CallbackInfo& info) {
  const Arguments a(info);
  const Floats left = a.floats(0), right = a.floats(1), out = a.floats(2);
  const auto count = [&](size_t i) {
    const double n = a.real(i);
    if (!(n >= 0 && n <= 0x7fffffff)) throw Napi::RangeError::New(info.Env(), "argument " + std::to_string(i) + ": a count expected");
    return static_cast<int>(n);
  };
  const Product p{count(3), count(4), count(5), a.flag(6), a.flag(7)};
  const size_t rows = static_cast<size_t>(p.rows), columns = static_cast<size_t>(p.columns), depth = static_cast<size_t>(p.depth);
  a.expectLength(0, left.size, rows * depth);
  a.expectLength(1, right.size, depth * columns);
  a.expectLength(2, out.size, rows * columns);
  std::vector<float> scratch(kernels().productScratch(p));
  kernels().product(p, left.data, right.data, out.data, scratch.data());
  return info.Env().Undefined();
}

// p, columns
Napi::Value orthonormalizeColumns(const Napi::CallbackInfo& info) {
  const Arguments a(info);
  const Floats p = a.floats(0);
  const double columns = a.real(1);
  if (!(columns >= 1 && columns <= 0x7fffffff)) throw Napi::RangeError::New(info.Env(), "argument 1: a count expected");
  const size_t rows = p.size / static_cast<size_t>(columns);
  a.expectLength(0, p.size, rows * static_cast<size_t>(columns));
  std::vector<double> scratch(p.size);
  orthonormalize(p.data, rows, static_cast<size_t>(columns), scratch.data());
  return info.Env().Undefined();
}

}  // namespace

void registerCompressionKernels(Napi::Env env, Napi::Object exports) {
  const auto define = [&](const char* name, Napi::Value (*f)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, f, name));
  };
  define("clip", clip);
  define("int8EncodeBlocks", int8EncodeBlocks);
  define("int8DecodeBlocks", int8DecodeBlocks);
  define("oneBitEncodeBlocks", oneBitEncodeBlocks);
  define("oneBitDecodeBlocks", oneBitDecodeBlocks);
  define("topK", largest);
  define("matrixProduct", matrixProduct);
  define("orthonormalize", orthonormalizeColumns);
}

}  // namespace weft
