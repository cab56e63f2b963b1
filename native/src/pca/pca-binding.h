#pragma once

#include <napi.h>

namespace weft {

void registerPca(Napi::Env env, Napi::Object exports);

}  // namespace weft
