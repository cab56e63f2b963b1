// Where the matrices of a fit lie and are multiplied: this machine's memory and OpenBLAS, or a GPU's and cuBLAS.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace weft::pca {

/** What a device could not do. */
class DeviceError : public std::runtime_error {
 public:
  /** code: "out-of-memory", "no-device", "device-failed" or "bad-argument" */
  DeviceError(const char* code, const std::string& message) : std::runtime_error(message), code(code) {}
  const char* code;
};

/** Of numbers whose squares float32 does not hold: 1e18 and more. */
constexpr const char* kTooLarge = "pca: values too large for sums of squares in float32: scale them down first";

/** C ← α op(A) op(B) + β C, row-major: C is rows × columns, the sum runs over depth. */
struct Product {
  bool transposeA = false, transposeB = false;
  size_t rows, columns, depth;
  const float* a;
  size_t strideA;
  const float* b;
  size_t strideB;
  float* c;
  size_t strideC;
  float alpha = 1, beta = 0;
};

class Device {
 public:
  virtual ~Device() = default;
  /** For people: "cpu, 2 threads", "NVIDIA H100". */
  virtual std::string name() const = 0;
  /** Memory of the device; throws DeviceError out-of-memory. */
  virtual float* allocate(size_t count) = 0;
  virtual void release(float* x) noexcept = 0;
  virtual void upload(const float* host, float* x, size_t count) = 0;
  /** Returns when it is done. */
  virtual void download(const float* x, float* host, size_t count) = 0;
  virtual void clear(float* x, size_t count) = 0;
  virtual void copy(const float* from, float* to, size_t count) = 0;
  void multiply(const Product& o) {
    if (o.rows == 0 || o.columns == 0) return;
    // A sum of millions of float32 loses its last digits: piece by piece it does not.
    for (size_t first = 0; first == 0 || first < o.depth; first += kMostDepth) {
      Product part = o;
      part.depth = std::min(kMostDepth, o.depth - first);
      part.a += o.transposeA ? first * o.strideA : first;
      part.b += o.transposeB ? first : first * o.strideB;
      if (first > 0) part.beta = 1;
      product(part);
    }
  }
  /** Memory of the host for `count` values, to be filled with rows and then placed. */
  virtual float* fill(size_t count) = 0;
  /** What was filled last, where the device reads it: until the next fill but one. */
  virtual const float* place(size_t count) = 0;
  /** Threads of the host that may compute side by side, each on a device of one thread: 1 where the device is one whole. */
  virtual int lanes() const { return 1; }
  /**
   * Of a symmetric matrix (n × n, whole): the `count` largest eigenvalues, descending, and their vectors as rows. Destroys the matrix. Throws
   * DeviceError bad-argument for what is not finite.
   */
  void eigen(double* matrix, size_t n, size_t count, double* values, double* vectors) {
    if (n == 0 || count == 0) return;
    if (n > kMostOrder) throw DeviceError("bad-argument", "pca: a matrix of order " + std::to_string(n) + " is beyond LAPACK's numbers");
    if (!std::all_of(matrix, matrix + n * n, [](double x) { return std::isfinite(x); })) throw DeviceError("bad-argument", kTooLarge);
    decompose(matrix, n, count, values, vectors);
  }

 private:
  /** n² is an index of LAPACK, of 32 bits. */
  static constexpr size_t kMostOrder = 46'340;
  static constexpr size_t kMostDepth = size_t{1} << 16;
  /** C has elements. */
  virtual void product(const Product& o) = 0;
  virtual void decompose(double* matrix, size_t n, size_t count, double* values, double* vectors) = 0;
};

/** Memory of a device that goes with its scope. */
class DeviceMatrix {
 public:
  DeviceMatrix() = default;
  DeviceMatrix(Device& device, size_t count) : device_(&device), data_(device.allocate(count)) {}
  ~DeviceMatrix() { reset(); }
  DeviceMatrix(DeviceMatrix&& other) noexcept { *this = static_cast<DeviceMatrix&&>(other); }
  DeviceMatrix& operator=(DeviceMatrix&& other) noexcept {
    if (this != &other) {
      reset();
      device_ = other.device_;
      data_ = other.data_;
      other.data_ = nullptr;
    }
    return *this;
  }
  float* data() const { return data_; }

 private:
  void reset() noexcept {
    if (data_) device_->release(data_);
    data_ = nullptr;
  }
  Device* device_ = nullptr;
  float* data_ = nullptr;
};

}  // namespace weft::pca
