#define WEFT_ISA portable
#define WEFT_ISA_NAME "portable"
#define WEFT_WIDTH 4
#include "table.inl.h"
