#pragma once

#include <memory>

#include "cuda-libraries.h"
#include "device.h"

namespace weft::pca {

/** The first GPU: cuBLAS in float32 (no TF32), cuSOLVER for eigenvectors. Throws DeviceError no-device, device-failed. */
std::unique_ptr<Device> cudaDevice(const CudaPaths& paths);

}  // namespace weft::pca
