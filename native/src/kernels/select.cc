#include <cstring>

#include "kernels.h"

namespace weft {

namespace portable {
extern const Kernels table;
}
#if defined(__x86_64__)
namespace avx2 {
extern const Kernels table;
}
namespace avx512 {
extern const Kernels table;
}
#endif

const Kernels* findKernels(const char* name) {
  const bool any = name == nullptr || *name == 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool has2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("f16c");
  const bool has512 = has2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if ((any || !std::strcmp(name, "avx512")) && has512) return &avx512::table;
  if ((any || !std::strcmp(name, "avx2")) && has2) return &avx2::table;
#endif
  if (any || !std::strcmp(name, "portable")) return &portable::table;
  return nullptr;
}

const Kernels& kernels() {
  static const Kernels& chosen = *findKernels(nullptr);
  return chosen;
}

}  // namespace weft
