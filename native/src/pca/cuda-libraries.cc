#include "cuda-libraries.h"

#include <dlfcn.h>

#include <initializer_list>

#include "device.h"

namespace weft::pca {
namespace {

void* open(const std::string& path, std::initializer_list<const char*> names) {
  if (!path.empty()) {
    if (void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
    throw DeviceError("no-device", std::string("no GPU: ") + dlerror());
  }
  for (const char* name : names) {
    if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
  }
  throw DeviceError("no-device", std::string("no GPU: ") + *names.begin() + " is not installed");
}

template <typename F>
void find(void* library, F& function, std::initializer_list<const char*> names, bool needed = true) {
  for (const char* name : names) {
    if (void* found = dlsym(library, name)) {
      function = reinterpret_cast<F>(found);
      return;
    }
  }
  function = nullptr;
  if (needed) throw DeviceError("no-device", std::string("no GPU: CUDA has no ") + *names.begin());
}

}  // namespace

CudaLibraries::~CudaLibraries() {
  for (void* library : {solver, blas, runtime}) {
    if (library) dlclose(library);
  }
}

std::shared_ptr<const CudaLibraries> openCuda(const CudaPaths& paths) {
  const auto cuda = std::make_shared<CudaLibraries>();
  CudaLibraries& c = *cuda;
  c.runtime = open(paths.runtime, {"libcudart.so", "libcudart.so.13", "libcudart.so.12", "libcudart.so.11.0"});
  c.blas = open(paths.blas, {"libcublas.so", "libcublas.so.13", "libcublas.so.12", "libcublas.so.11"});
  c.solver = open(paths.solver, {"libcusolver.so", "libcusolver.so.12", "libcusolver.so.11"});
  find(c.runtime, c.getDeviceCount, {"cudaGetDeviceCount"});
  find(c.runtime, c.getDeviceProperties, {"cudaGetDeviceProperties_v2", "cudaGetDeviceProperties"}, false);
  find(c.runtime, c.getErrorString, {"cudaGetErrorString"});
  find(c.runtime, c.malloc, {"cudaMalloc"});
  find(c.runtime, c.free, {"cudaFree"});
  find(c.runtime, c.mallocHost, {"cudaMallocHost"});
  find(c.runtime, c.freeHost, {"cudaFreeHost"});
  find(c.runtime, c.memcpyAsync, {"cudaMemcpyAsync"});
  find(c.runtime, c.memsetAsync, {"cudaMemsetAsync"});
  find(c.runtime, c.streamCreate, {"cudaStreamCreate"});
  find(c.runtime, c.streamDestroy, {"cudaStreamDestroy"});
  find(c.runtime, c.streamSynchronize, {"cudaStreamSynchronize"});
  find(c.runtime, c.eventCreate, {"cudaEventCreate"});
  find(c.runtime, c.eventRecord, {"cudaEventRecord"});
  find(c.runtime, c.eventSynchronize, {"cudaEventSynchronize"});
  find(c.runtime, c.eventDestroy, {"cudaEventDestroy"});
  find(c.blas, c.blasCreate, {"cublasCreate_v2"});
  find(c.blas, c.blasDestroy, {"cublasDestroy_v2"});
  find(c.blas, c.blasSetStream, {"cublasSetStream_v2"});
  find(c.blas, c.sgemm, {"cublasSgemm_v2"});
  find(c.solver, c.solverCreate, {"cusolverDnCreate"});
  find(c.solver, c.solverDestroy, {"cusolverDnDestroy"});
  find(c.solver, c.solverSetStream, {"cusolverDnSetStream"});
  find(c.solver, c.syevdBufferSize, {"cusolverDnDsyevd_bufferSize"});
  find(c.solver, c.syevd, {"cusolverDnDsyevd"});
  int devices = 0;
  if (const int status = c.getDeviceCount(&devices)) throw DeviceError("no-device", std::string("no GPU: ") + c.getErrorString(status));
  if (devices < 1) throw DeviceError("no-device", "no GPU: CUDA finds none");
  return cuda;
}

}  // namespace weft::pca
