#pragma once
#include <napi.h>

namespace weft {

void registerJpeg(Napi::Env env, Napi::Object exports);

}  // namespace weft
