#pragma once
#include <napi.h>

namespace weft {
void registerCollectives(Napi::Env env, Napi::Object exports);
}
