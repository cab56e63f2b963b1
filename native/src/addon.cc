#include <napi.h>

#include "collectives/runner-binding.h"
#include "engine/engine-binding.h"
#include "vector/compression-binding.h"
#include "vector/vector-binding.h"

namespace {

Napi::Object registerAddon(Napi::Env env, Napi::Object exports) {
  weft::registerVectorKernels(env, exports);
  weft::registerCompressionKernels(env, exports);
  weft::registerEngine(env, exports);
  weft::registerCollectives(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(weft, registerAddon)
