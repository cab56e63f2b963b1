#include <napi.h>

#ifdef WEFT_COLLECTIVES
#include "collectives/runner-binding.h"
#endif
#include "engine/engine-binding.h"
#include "file/file-binding.h"
#ifdef WEFT_JPEG
#include "image/jpeg-binding.h"
#endif
#ifdef WEFT_PCA
#include "pca/pca-binding.h"
#endif
#include "vector/compression-binding.h"
#include "vector/vector-binding.h"

namespace {

Napi::Object registerAddon(Napi::Env env, Napi::Object exports) {
  weft::registerVectorKernels(env, exports);
  weft::registerCompressionKernels(env, exports);
  weft::registerEngine(env, exports);
  weft::registerFiles(env, exports);
#ifdef WEFT_PCA
  weft::registerPca(env, exports);
#endif
#ifdef WEFT_JPEG
  weft::registerJpeg(env, exports);
#endif
#ifdef WEFT_COLLECTIVES
  weft::registerCollectives(env, exports);
#endif
  return exports;
}

}  // namespace

NODE_API_MODULE(weft, registerAddon)
