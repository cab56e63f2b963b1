#define WEFT_ISA avx2
#define WEFT_ISA_NAME "avx2"
#define WEFT_WIDTH 8
#include "table.inl.h"
