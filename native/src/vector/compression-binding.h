#pragma once
#include <napi.h>

namespace weft {

void registerCompressionKernels(Napi::Env env, Napi::Object exports);

}  // namespace weft
