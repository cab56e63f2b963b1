#define WEFT_ISA avx512
#define WEFT_WIDTH 16
#include "vector.inl.h"
#include "blocks.inl.h"
#include "product.inl.h"
