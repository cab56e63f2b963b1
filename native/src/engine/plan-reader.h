#pragma once

#include <napi.h>

#include "optimizer.h"
#include "plan.h"

namespace weft {

/** Reads an EnginePlan of lib/plan.ts. Throws EngineError 'bad-plan' for a name or a number that the engine does not know. */
Plan readPlan(const Napi::Object& from);
OptimizerStep readOptimizer(const Napi::Object& from);

}  // namespace weft
