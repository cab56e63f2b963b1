// The functions of CUDA that a fit calls, looked up when it begins: no toolkit is needed to build, and no GPU to run.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace weft::pca {

/** Where the libraries are, where the loader does not find them by their own names. Empty: by name. */
struct CudaPaths {
  std::string runtime, blas, solver;
};

/** One pointer a function, as CUDA 11 to 13 declare them (handles and streams are pointers, enumerations ints). */
struct CudaLibraries {
  ~CudaLibraries();

  int (*getDeviceCount)(int*);
  int (*getDeviceProperties)(void*, int);  // may be null; begins with the name, 256 characters
  const char* (*getErrorString)(int);
  int (*malloc)(void**, size_t);
  int (*free)(void*);
  int (*mallocHost)(void**, size_t);
  int (*freeHost)(void*);
  int (*memcpyAsync)(void*, const void*, size_t, int kind, void* stream);
  int (*memsetAsync)(void*, int, size_t, void* stream);
  int (*streamCreate)(void**);
  int (*streamDestroy)(void*);
  int (*streamSynchronize)(void*);
  int (*eventCreate)(void**);
  int (*eventRecord)(void*, void* stream);
  int (*eventSynchronize)(void*);
  int (*eventDestroy)(void*);

  int (*blasCreate)(void**);
  int (*blasDestroy)(void*);
  int (*blasSetStream)(void*, void*);
  int (*sgemm)(void*, int transA, int transB, int m, int n, int k, const float* alpha, const float* a, int lda, const float* b, int ldb,
               const float* beta, float* c, int ldc);

  int (*solverCreate)(void**);
  int (*solverDestroy)(void*);
  int (*solverSetStream)(void*, void*);
  int (*syevdBufferSize)(void*, int jobz, int uplo, int n, const double* a, int lda, const double* w, int* lwork);
  int (*syevd)(void*, int jobz, int uplo, int n, double* a, int lda, double* w, double* work, int lwork, int* info);

  void *runtime = nullptr, *blas = nullptr, *solver = nullptr;  // of dlopen
};

/** Opens the libraries; throws DeviceError no-device, saying which one or which function is missing. */
std::shared_ptr<const CudaLibraries> openCuda(const CudaPaths& paths);

}  // namespace weft::pca
