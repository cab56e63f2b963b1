#pragma once
#include <napi.h>

namespace weft {

void registerFiles(Napi::Env env, Napi::Object exports);

}  // namespace weft
