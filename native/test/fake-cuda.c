// A stand-in for CUDA's runtime, cuBLAS and cuSOLVER: the functions that a fit looks up, carried out in this machine's memory, so that the
// way to a GPU is tested where there is none. FAKE_CUDA_BYTES: memory of the device; FAKE_CUDA_FAIL_AT: which product fails.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t used, products;

static size_t limitOf(const char* name, size_t otherwise) {
  const char* text = getenv(name);
  return text && *text ? strtoull(text, 0, 10) : otherwise;
}

int cudaGetDeviceCount(int* count) { return *count = (int)limitOf("FAKE_CUDA_DEVICES", 1), 0; }
int cudaGetDeviceProperties_v2(void* properties, int device) { return strcpy(properties, "Fake GPU"), device; }
const char* cudaGetErrorString(int status) { return status == 2 ? "out of memory" : "unknown error"; }
int cudaMalloc(void** data, size_t bytes) {
  if (used + bytes > limitOf("FAKE_CUDA_BYTES", (size_t)1 << 40)) return 2;
  size_t* block = malloc(bytes + 64);
  *block = bytes;
  used += bytes;
  *data = (char*)block + 64;
  return 0;
}
int cudaFree(void* data) {
  if (!data) return 0;
  size_t* block = (size_t*)((char*)data - 64);
  used -= *block;
  free(block);
  return 0;
}
int cudaMallocHost(void** data, size_t bytes) { return *data = malloc(bytes), 0; }
int cudaFreeHost(void* data) { return free(data), 0; }
int cudaMemcpyAsync(void* to, const void* from, size_t bytes, int kind, void* stream) {
  return memcpy(to, from, bytes), kind < 1 || kind > 3 || !stream;
}
int cudaMemsetAsync(void* data, int value, size_t bytes, void* stream) { return memset(data, value, bytes), !stream; }
int cudaStreamCreate(void** stream) { return *stream = malloc(1), 0; }
int cudaStreamDestroy(void* stream) { return free(stream), 0; }
int cudaStreamSynchronize(void* stream) { return !stream; }
int cudaEventCreate(void** event) { return *event = malloc(1), 0; }
int cudaEventRecord(void* event, void* stream) { return !event || !stream; }
int cudaEventSynchronize(void* event) { return !event; }
int cudaEventDestroy(void* event) { return free(event), 0; }

int cublasCreate_v2(void** handle) { return *handle = malloc(1), products = 0, 0; }
int cublasDestroy_v2(void* handle) { return free(handle), 0; }
int cublasSetStream_v2(void* handle, void* stream) { return !handle || !stream; }
/* Column-major, as BLAS. */
int cublasSgemm_v2(void* handle, int ta, int tb, int m, int n, int k, const float* alpha, const float* a, int lda, const float* b,
                   int ldb, const float* beta, float* c, int ldc) {
  if (++products == limitOf("FAKE_CUDA_FAIL_AT", 0)) return 13;
  for (int j = 0; j < n; j++) {
    for (int i = 0; i < m; i++) {
      double sum = 0;
      for (int l = 0; l < k; l++) sum += (double)a[ta ? i * lda + l : l * lda + i] * b[tb ? l * ldb + j : j * ldb + l];
      c[j * ldc + i] = (float)(*alpha * sum + (*beta != 0 ? *beta * c[j * ldc + i] : 0));
    }
  }
  return !handle;
}

int cusolverDnCreate(void** handle) { return *handle = malloc(1), 0; }
int cusolverDnDestroy(void* handle) { return free(handle), 0; }
int cusolverDnSetStream(void* handle, void* stream) { return !handle || !stream; }
int cusolverDnDsyevd_bufferSize(void* handle, int jobz, int uplo, int n, const double* a, int lda, const double* w, int* size) {
  return *size = n * n, !handle || jobz != 1 || uplo != 0 || !a || lda < n || !w;
}
/* Jacobi's rotations, then by ascending value. */
int cusolverDnDsyevd(void* handle, int jobz, int uplo, int n, double* a, int lda, double* w, double* v, int size, int* info) {
  if (jobz != 1 || uplo != 0 || lda != n || size < n * n) return 3;
  memset(v, 0, sizeof(double) * n * n);
  double most = 0;
  for (int i = 0; i < n; i++) {
    v[i * n + i] = 1;
    most = fmax(most, fabs(a[i * n + i]));
  }
  for (int sweep = 0; sweep < 60; sweep++) {
    double off = 0, all = 0;
    for (int i = 0; i < n * n; i++) {
      all += a[i] * a[i];
      if (i % (n + 1)) off += a[i] * a[i];
    }
    if (off < 1e-24 * all) break;
    for (int p = 0; p < n; p++) {
      for (int q = p + 1; q < n; q++) {
        const double apq = a[p * n + q];
        if (fabs(apq) <= 1e-17 * most) continue;
        const double theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
        const double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1), s = t * c;
        for (int i = 0; i < n; i++) {
          const double x = a[i * n + p], y = a[i * n + q];
          a[i * n + p] = c * x - s * y;
          a[i * n + q] = s * x + c * y;
        }
        for (int i = 0; i < n; i++) {
          const double x = a[p * n + i], y = a[q * n + i], vx = v[p * n + i], vy = v[q * n + i];
          a[p * n + i] = c * x - s * y;
          a[q * n + i] = s * x + c * y;
          v[p * n + i] = c * vx - s * vy;
          v[q * n + i] = s * vx + c * vy;
        }
      }
    }
  }
  for (int i = 0; i < n; i++) w[i] = a[i * n + i];
  for (int i = 0; i < n; i++) {
    int least = i;
    for (int j = i + 1; j < n; j++) least = w[j] < w[least] ? j : least;
    const double value = w[i];
    w[i] = w[least];
    w[least] = value;
    for (int e = 0; e < n; e++) {
      const double x = v[i * n + e];
      v[i * n + e] = v[least * n + e];
      v[least * n + e] = x;
    }
  }
  memcpy(a, v, sizeof(double) * n * n);
  return *info = 0, !handle;
}
