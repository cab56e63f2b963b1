// The table of one instruction set.
#include "kernels.h"
#include "centre.inl.h"
#include "direct.inl.h"
#include "rows.inl.h"
#include "vector.decl.h"
#include "winograd.inl.h"

namespace weft {
namespace WEFT_ISA {

extern const Kernels table;
const Kernels table = {
    WEFT_ISA_NAME,
    W,
    add, axpy, scale, scaledDifference, elastic, rebase, adagradApply,
    sgdStep, momentumStep, adagradStep, rmspropStep, adamStep,
    toHalf, fromHalf, toBfloat, fromBfloat,
    clip, int8EncodeBlocks, int8DecodeBlocks, oneBitEncodeBlocks, oneBitDecodeBlocks, product, productScratch, normalise,
    centreBytes, centreFloats, addMoments,
    biasActivation, maskBias,
    winogradScratch, winogradFilter, winogradForward, winogradBackward, winogradFilterGradient,
    directForward, directFilterGradient,
    maxPoolForward, maxPoolBackward,
};

}  // namespace WEFT_ISA
}  // namespace weft
