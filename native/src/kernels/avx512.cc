#define WEFT_ISA avx512
#define WEFT_ISA_NAME "avx512"
#define WEFT_WIDTH 16
#include "table.inl.h"
