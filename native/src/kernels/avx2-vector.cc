#define WEFT_ISA avx2
#define WEFT_WIDTH 8
#include "vector.inl.h"
#include "blocks.inl.h"
#include "product.inl.h"
