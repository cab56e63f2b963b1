#pragma once

#include <napi.h>

namespace weft {

void registerEngine(Napi::Env env, Napi::Object exports);

}  // namespace weft
