#pragma once

#include <napi.h>

namespace weft {

void registerVectorKernels(Napi::Env env, Napi::Object exports);

}  // namespace weft
