#include "cuda-device.h"

#include <algorithm>
#include <array>
#include <vector>

namespace weft::pca {
namespace {

constexpr int kHostToDevice = 1, kDeviceToHost = 2, kDeviceToDevice = 3;
constexpr int kOutOfMemory = 2;      // cudaErrorMemoryAllocation
constexpr int kBlasAllocation = 3;   // CUBLAS_STATUS_ALLOC_FAILED
constexpr int kSolverAllocation = 2; // CUSOLVER_STATUS_ALLOC_FAILED
constexpr int kPlain = 0, kTransposed = 1;
constexpr int kVectors = 1, kLower = 0;  // CUSOLVER_EIG_MODE_VECTOR, CUBLAS_FILL_MODE_LOWER

class CudaDevice final : public Device {
 public:
  explicit CudaDevice(std::shared_ptr<const CudaLibraries> cuda) : cuda_(std::move(cuda)) {
    try {
      check(cuda_->streamCreate(&stream_), "stream");
      checkBlas(cuda_->blasCreate(&blas_));
      checkBlas(cuda_->blasSetStream(blas_, stream_));
      checkSolver(cuda_->solverCreate(&solver_));
      checkSolver(cuda_->solverSetStream(solver_, stream_));
      for (Staging& s : staging_) check(cuda_->eventCreate(&s.copied), "event");
    } catch (...) {
      close();
      throw;
    }
  }
  ~CudaDevice() override { close(); }

  std::string name() const override {
    // The structure has grown with each version; it begins with the name in all of them.
    std::array<char, 8192> properties{};
    if (!cuda_->getDeviceProperties || cuda_->getDeviceProperties(properties.data(), 0) != 0) return "gpu";
    properties[255] = 0;
    return properties.data();
  }

  float* allocate(size_t count) override { return static_cast<float*>(allocateBytes(count * sizeof(float))); }
  void release(float* x) noexcept override { cuda_->free(x); }

  void upload(const float* host, float* x, size_t count) override { transfer(x, host, count * sizeof(float), kHostToDevice); }
  void download(const float* x, float* host, size_t count) override { transfer(host, x, count * sizeof(float), kDeviceToHost); }
  void clear(float* x, size_t count) override { check(cuda_->memsetAsync(x, 0, count * sizeof(float), stream_), "clear"); }
  void copy(const float* from, float* to, size_t count) override {
    check(cuda_->memcpyAsync(to, from, count * sizeof(float), kDeviceToDevice, stream_), "copy");
  }

  float* fill(size_t count) override {
    // Two places in turn: one is filled while the other is on its way.
    turn_ ^= 1;
    Staging& s = staging_[turn_];
    if (s.used) check(cuda_->eventSynchronize(s.copied), "event");
    s.used = false;
    if (count > s.capacity) {
      free(s);
      void* host = nullptr;
      check(cuda_->mallocHost(&host, count * sizeof(float)), "pinned memory");
      s.host = static_cast<float*>(host);
      s.device = allocate(count);
      s.capacity = count;
    }
    return s.host;
  }
  const float* place(size_t count) override {
    Staging& s = staging_[turn_];
    check(cuda_->memcpyAsync(s.device, s.host, count * sizeof(float), kHostToDevice, stream_), "copy");
    check(cuda_->eventRecord(s.copied, stream_), "event");
    s.used = true;
    return s.device;
  }

 private:
  void product(const Product& o) override {
    // cuBLAS counts by columns: Cᵀ = op(B)ᵀ op(A)ᵀ is the same memory.
    checkBlas(cuda_->sgemm(blas_, o.transposeB ? kTransposed : kPlain, o.transposeA ? kTransposed : kPlain, static_cast<int>(o.columns),
                           static_cast<int>(o.rows), static_cast<int>(o.depth), &o.alpha, o.b, static_cast<int>(o.strideB), o.a,
                           static_cast<int>(o.strideA), &o.beta, o.c, static_cast<int>(o.strideC)));
  }

  void decompose(double* matrix, size_t n, size_t count, double* values, double* vectors) override {
    const int order = static_cast<int>(n);
    const Bytes a(*this, n * n * sizeof(double)), w(*this, n * sizeof(double)), info(*this, sizeof(int));
    auto* da = static_cast<double*>(a.data);
    auto* dw = static_cast<double*>(w.data);
    transfer(da, matrix, n * n * sizeof(double), kHostToDevice);
    int size = 0, status = 0;
    checkSolver(cuda_->syevdBufferSize(solver_, kVectors, kLower, order, da, order, dw, &size));
    const Bytes work(*this, static_cast<size_t>(std::max(size, 1)) * sizeof(double));
    checkSolver(cuda_->syevd(solver_, kVectors, kLower, order, da, order, dw, static_cast<double*>(work.data), size,
                             static_cast<int*>(info.data)));
    transfer(&status, info.data, sizeof(int), kDeviceToHost);
    if (status != 0) throw DeviceError("device-failed", "gpu: cuSOLVER's syevd did not converge (info " + std::to_string(status) + ")");
    std::vector<double> ascending(n);
    transfer(ascending.data(), dw, n * sizeof(double), kDeviceToHost);
    for (size_t i = 0; i < count; i++) {
      values[i] = ascending[n - 1 - i];
      transfer(vectors + i * n, da + (n - 1 - i) * n, n * sizeof(double), kDeviceToHost);
    }
  }

  struct Staging {
    float *host = nullptr, *device = nullptr;
    size_t capacity = 0;
    void* copied = nullptr;
    bool used = false;
  };
  struct Bytes {
    Bytes(CudaDevice& device, size_t bytes) : device(device), data(device.allocateBytes(bytes)) {}
    ~Bytes() { device.cuda_->free(data); }
    Bytes(const Bytes&) = delete;
    Bytes& operator=(const Bytes&) = delete;
    CudaDevice& device;
    void* data;
  };

  void* allocateBytes(size_t bytes) {
    void* data = nullptr;
    const int status = cuda_->malloc(&data, std::max<size_t>(bytes, 4));
    if (status == kOutOfMemory) throw DeviceError("out-of-memory", "gpu: no memory for " + std::to_string(bytes) + " bytes");
    check(status, "memory");
    return data;
  }
  void transfer(void* to, const void* from, size_t bytes, int kind) {
    check(cuda_->memcpyAsync(to, from, bytes, kind, stream_), "copy");
    check(cuda_->streamSynchronize(stream_), "copy");
  }
  void check(int status, const char* what) const {
    if (status == 0) return;
    const char* code = status == kOutOfMemory ? "out-of-memory" : "device-failed";
    throw DeviceError(code, std::string("gpu: ") + what + ": " + cuda_->getErrorString(status));
  }
  static void checkBlas(int status) {
    if (status == 0) return;
    throw DeviceError(status == kBlasAllocation ? "out-of-memory" : "device-failed", "gpu: cuBLAS status " + std::to_string(status));
  }
  static void checkSolver(int status) {
    if (status == 0) return;
    throw DeviceError(status == kSolverAllocation ? "out-of-memory" : "device-failed", "gpu: cuSOLVER status " + std::to_string(status));
  }
  void free(Staging& s) noexcept {
    if (s.host) cuda_->freeHost(s.host);
    if (s.device) cuda_->free(s.device);
    s.host = s.device = nullptr;
    s.capacity = 0;
  }
  void close() noexcept {
    for (Staging& s : staging_) {
      free(s);
      if (s.copied) cuda_->eventDestroy(s.copied);
    }
    if (solver_) cuda_->solverDestroy(solver_);
    if (blas_) cuda_->blasDestroy(blas_);
    if (stream_) cuda_->streamDestroy(stream_);
  }

  const std::shared_ptr<const CudaLibraries> cuda_;
  void *stream_ = nullptr, *blas_ = nullptr, *solver_ = nullptr;
  std::array<Staging, 2> staging_;
  int turn_ = 0;
};

}  // namespace

std::unique_ptr<Device> cudaDevice(const CudaPaths& paths) { return std::make_unique<CudaDevice>(openCuda(paths)); }

}  // namespace weft::pca
