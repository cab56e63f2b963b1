// The vector kernels as functions over typed arrays.
#include "vector-binding.h"

#include <cmath>

#include "../kernels/kernels.h"
#include "arguments.h"
#include "crc32c.h"

namespace weft {
namespace {

Napi::Value add(const Napi::CallbackInfo& info) {
  Arguments a(info);
  const Floats x = a.vector(0), y = a.vector(1);
  kernels().add(x.data, y.data, x.size);
  return info.Env().Undefined();
}
Napi::Value axpy(const Napi::CallbackInfo& info) {
  Arguments a(info);
  const Floats x = a.vector(1), y = a.vector(2);
  kernels().axpy(a.number(0), x.data, y.data, x.size);
  return info.Env().Undefined();
}
Napi::Value scale(const Napi::CallbackInfo& info) {
  Arguments a(info);
  const Floats x = a.vector(1);
  kernels().scale(a.number(0), x.data, x.size);
  return info.Env().Undefined();
}
Napi::Value scaledDifference(const Napi::CallbackInfo& info) {
  Arguments a(info);
  const Floats x = a.vector(1), y = a.vector(2), out = a.vector(3);
  kernels().scaledDifference(a.number(0), x.data, y.data, out.data, x.size);
  return info.Env().Undefined();
}
Napi::Value elastic(const Napi::CallbackInfo& info) {
  Arguments a(info);
  const Floats x = a.vector(1), center = a.vector(2), d = a.vector(3);
  kernels().elastic(a.number(0), x.data, center.data, d.data, x.size);
  return info.Env().Undefined();
}
Napi::Value rebase(const Napi::CallbackInfo& info) {
  Arguments a(info);
  const Floats center = a.vector(0), x = a.vector(1), base = a.vector(2);
  kernels().rebase(center.data, x.data, base.data, x.size);
  return info.Env().Undefined();
}
Napi::Value adagradApply(const Napi::CallbackInfo& info) {
  Arguments a(info);
  const Floats delta = a.vector(0), sum = a.vector(1), center = a.vector(2);
  kernels().adagradApply(a.number(3), a.number(4), delta.data, sum.data, center.data, delta.size);
  return info.Env().Undefined();
}
Napi::Value sgdStep(const Napi::CallbackInfo& info) {
  Arguments a(info);
  const Floats x = a.vector(0), g = a.vector(1);
  kernels().sgdStep(a.number(2), x.data, g.data, x.size);
  return info.Env().Undefined();
}
Napi::Value momentumStep(const Napi::CallbackInfo& info) {
  Arguments a(info);
  const Floats x = a.vector(0), g = a.vector(1), v = a.vector(2);
  kernels().momentumStep(a.number(3), a.number(4), a.flag(5), x.data, g.data, v.data, x.size);
  return info.Env().Undefined();
}
Napi::Value adagradStep(const Napi::CallbackInfo& info) {
  Arguments a(info);
  const Floats x = a.vector(0), g = a.vector(1), sum = a.vector(2);
  kernels().adagradStep(a.number(3), a.number(4), x.data, g.data, sum.data, x.size);
  return info.Env().Undefined();
}
Napi::Value rmspropStep(const Napi::CallbackInfo& info) {
  Arguments a(info);
  const Floats x = a.vector(0), g = a.vector(1), v = a.vector(2);
  kernels().rmspropStep(a.number(3), a.number(4), a.number(5), x.data, g.data, v.data, x.size);
  return info.Env().Undefined();
}
// x, g, m, v, lr, beta1, beta2, epsilon, weightDecay, step
Napi::Value adamStep(const Napi::CallbackInfo& info) {
  Arguments a(info);
  const Floats x = a.vector(0), g = a.vector(1), m = a.vector(2), v = a.vector(3);
  const double lr = a.real(4), beta1 = a.real(5), beta2 = a.real(6), step = a.real(9);
  const AdamConstants c{static_cast<float>(lr * std::sqrt(1 - std::pow(beta2, step)) / (1 - std::pow(beta1, step))),
                        static_cast<float>(1 - lr * a.real(8)), static_cast<float>(beta1), static_cast<float>(beta2),
                        a.number(7)};
  kernels().adamStep(c, x.data, g.data, m.data, v.data, x.size);
  return info.Env().Undefined();
}
Napi::Value toHalf(const Napi::CallbackInfo& info) {
  Arguments a(info);
  const Floats x = a.vector(0);
  kernels().toHalf(x.data, a.elements<uint16_t>(1, napi_uint16_array, "Uint16Array"), x.size);
  return info.Env().Undefined();
}
Napi::Value fromHalf(const Napi::CallbackInfo& info) {
  Arguments a(info);
  const uint16_t* x = a.elements<uint16_t>(0, napi_uint16_array, "Uint16Array");
  const Floats out = a.vector(1);
  kernels().fromHalf(x, out.data, out.size);
  return info.Env().Undefined();
}
Napi::Value toBfloat(const Napi::CallbackInfo& info) {
  Arguments a(info);
  const Floats x = a.vector(0);
  kernels().toBfloat(x.data, a.elements<uint16_t>(1, napi_uint16_array, "Uint16Array"), x.size);
  return info.Env().Undefined();
}
Napi::Value fromBfloat(const Napi::CallbackInfo& info) {
  Arguments a(info);
  const uint16_t* x = a.elements<uint16_t>(0, napi_uint16_array, "Uint16Array");
  const Floats out = a.vector(1);
  kernels().fromBfloat(x, out.data, out.size);
  return info.Env().Undefined();
}
Napi::Value checksum(const Napi::CallbackInfo& info) {
  const Arguments a(info);
  const Napi::TypedArray bytes = a.typed(0, napi_uint8_array, "Uint8Array");
  const double start = a.real(2), end = a.real(3);
  if (!(start >= 0 && start <= end && end <= static_cast<double>(bytes.ByteLength()))) {
    throw Napi::RangeError::New(info.Env(), "crc32c: a range within " + std::to_string(bytes.ByteLength()) + " bytes expected");
  }
  const size_t from = static_cast<size_t>(start), n = static_cast<size_t>(end) - from;
  return Napi::Number::New(info.Env(), crc32c(dataOf(bytes) + from, n, info[1].ToNumber().Uint32Value()));
}
// bytes, chunkBytes, sums (big-endian)
Napi::Value checksumMismatch(const Napi::CallbackInfo& info) {
  const Arguments a(info);
  const Napi::TypedArray bytes = a.typed(0, napi_uint8_array, "Uint8Array");
  const Napi::TypedArray sums = a.typed(2, napi_uint8_array, "Uint8Array");
  const size_t n = bytes.ByteLength(), chunk = info[1].ToNumber().Uint32Value();
  if (chunk == 0 || sums.ByteLength() != (n + chunk - 1) / chunk * 4) {
    throw Napi::RangeError::New(info.Env(), "crc32cMismatch: 4 bytes for each chunk expected, got " + std::to_string(sums.ByteLength()));
  }
  return Napi::Number::New(info.Env(), static_cast<double>(crc32cMismatch(dataOf(bytes), n, chunk, dataOf(sums))));
}
// kind, bytes, previous
Napi::Value checksumBy(const Napi::CallbackInfo& info) {
  const Arguments a(info);
  const std::string name = info[0].ToString();
  const Napi::TypedArray bytes = a.typed(1, napi_uint8_array, "Uint8Array");
  for (size_t i = 0; i < CRC32C_KIND_COUNT; i++) {
    const Crc32c& kind = CRC32C_KINDS[i];
    if (name != kind.name || !kind.runs()) continue;
    return Napi::Number::New(info.Env(), crc32c(dataOf(bytes), bytes.ByteLength(), info[2].ToNumber().Uint32Value(), kind));
  }
  throw Napi::RangeError::New(info.Env(), "crc32c: a kind that this CPU runs expected, got " + name);
}
Napi::Array checksumKinds(Napi::Env env) {
  Napi::Array names = Napi::Array::New(env);
  for (size_t i = 0; i < CRC32C_KIND_COUNT; i++) {
    if (CRC32C_KINDS[i].runs()) names.Set(names.Length(), CRC32C_KINDS[i].name);
  }
  return names;
}

}  // namespace

void registerVectorKernels(Napi::Env env, Napi::Object exports) {
  const auto define = [&](const char* name, Napi::Value (*f)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, f, name));
  };
  exports.Set("kernels", kernels().name);
  exports.Set("crc32cKinds", checksumKinds(env));
  define("add", add);
  define("axpy", axpy);
  define("scale", scale);
  define("scaledDifference", scaledDifference);
  define("elastic", elastic);
  define("rebase", rebase);
  define("adagradApply", adagradApply);
  define("sgdStep", sgdStep);
  define("momentumStep", momentumStep);
  define("adagradStep", adagradStep);
  define("rmspropStep", rmspropStep);
  define("adamStep", adamStep);
  define("toHalf", toHalf);
  define("fromHalf", fromHalf);
  define("toBfloat", toBfloat);
  define("fromBfloat", fromBfloat);
  define("crc32c", checksum);
  define("crc32cMismatch", checksumMismatch);
  define("crc32cBy", checksumBy);
}

}  // namespace weft
