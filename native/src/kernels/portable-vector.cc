#define WEFT_ISA portable
#define WEFT_WIDTH 4
#include "vector.inl.h"
#include "blocks.inl.h"
#include "product.inl.h"
