#include "blas-device.h"

#include <cblas.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

extern "C" void dsyevr_(const char* jobz, const char* range, const char* uplo, const int* n, double* a, const int* lda, const double* vl,
                        const double* vu, const int* il, const int* iu, const double* abstol, int* m, double* w, double* z,
                        const int* ldz, int* isuppz, double* work, const int* lwork, int* iwork, const int* liwork, int* info);

extern "C" void dsyevd_(const char* jobz, const char* uplo, const int* n, double* a, const int* lda, double* w, double* work,
                        const int* lwork, int* iwork, const int* liwork, int* info);

namespace weft::pca {
namespace {

/** From this share of all eigenvectors on, finding all by divide and conquer takes less time than some by bisection. */
constexpr size_t kMany = 4;

/** All eigenpairs, upwards, vectors in place of the matrix (Cuppen 1981). */
void allPairs(double* matrix, size_t n, double* values) {
  const int order = static_cast<int>(n), ask = -1;
  int info = 0, integers = 0;
  double reals = 0;
  dsyevd_("V", "L", &order, matrix, &order, values, &reals, &ask, &integers, &ask, &info);
  std::vector<double> work(static_cast<size_t>(reals));
  std::vector<int> iwork(static_cast<size_t>(integers));
  const int lwork = static_cast<int>(work.size()), liwork = static_cast<int>(iwork.size());
  dsyevd_("V", "L", &order, matrix, &order, values, work.data(), &lwork, iwork.data(), &liwork, &info);
  if (info != 0) throw DeviceError("device-failed", "pca: LAPACK's dsyevd failed (info " + std::to_string(info) + ")");
}

/** A line of the cache, and what AVX-512 loads at once. */
constexpr size_t kAlignment = 64;

/** Each has a block of directions of its own. */
constexpr int kMostLanes = 8;

class BlasDevice final : public Device {
 public:
  explicit BlasDevice(int threads) : threads_(threads) {}
  ~BlasDevice() override { std::free(rows_); }

  std::string name() const override { return "cpu, " + std::to_string(threads_) + (threads_ == 1 ? " thread" : " threads"); }

  float* allocate(size_t count) override {
    const size_t bytes = (count * sizeof(float) + kAlignment - 1) / kAlignment * kAlignment;
    void* data = std::aligned_alloc(kAlignment, bytes > 0 ? bytes : kAlignment);
    if (!data) throw DeviceError("out-of-memory", "pca: no memory for " + std::to_string(bytes) + " bytes");
    return static_cast<float*>(data);
  }
  void release(float* x) noexcept override { std::free(x); }
  void upload(const float* host, float* x, size_t count) override { std::memcpy(x, host, count * sizeof(float)); }
  void download(const float* x, float* host, size_t count) override { std::memcpy(host, x, count * sizeof(float)); }
  void clear(float* x, size_t count) override { std::memset(x, 0, count * sizeof(float)); }
  void copy(const float* from, float* to, size_t count) override { std::memcpy(to, from, count * sizeof(float)); }

  float* fill(size_t count) override {
    if (count > capacity_) {
      std::free(rows_);
      rows_ = nullptr;
      capacity_ = 0;
      rows_ = allocate(count);
      capacity_ = count;
    }
    return rows_;
  }
  const float* place(size_t) override { return rows_; }
  int lanes() const override { return std::min(threads_, kMostLanes); }

 private:
  void product(const Product& o) override {
    openblas_set_num_threads(threads_);
    cblas_sgemm(CblasRowMajor, o.transposeA ? CblasTrans : CblasNoTrans, o.transposeB ? CblasTrans : CblasNoTrans,
                static_cast<int>(o.rows), static_cast<int>(o.columns), static_cast<int>(o.depth), o.alpha, o.a,
                static_cast<int>(o.strideA), o.b, static_cast<int>(o.strideB), o.beta, o.c, static_cast<int>(o.strideC));
  }

  void decompose(double* matrix, size_t n, size_t count, double* values, double* vectors) override {
    openblas_set_num_threads(threads_);
    lapackEigen(matrix, n, count, values, vectors);
  }

  const int threads_;
  float* rows_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace

void addScatter(double* s, const double* x, size_t rows, size_t d, int threads) {
  openblas_set_num_threads(threads);
  cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, static_cast<int>(d), static_cast<int>(rows), 1, x, static_cast<int>(d), 1, s,
              static_cast<int>(d));
}

void lapackEigen(double* matrix, size_t n, size_t count, double* values, double* vectors) {
  if (count * kMany >= n) {
    std::vector<double> ascending(n);
    allPairs(matrix, n, ascending.data());
    for (size_t i = 0; i < count; i++) {
      values[i] = ascending[n - 1 - i];
      std::copy_n(matrix + (n - 1 - i) * n, n, vectors + i * n);
    }
    return;
  }
  const int order = static_cast<int>(n), first = static_cast<int>(n - count + 1), most = order, ask = -1;
  const double none = 0;
  int found = 0, info = 0, integers = 0;
  double reals = 0;
  std::vector<double> ascending(n);
  std::vector<int> support(2 * n);
  const auto solve = [&](double* work, const int* lwork, int* iwork, const int* liwork) {
    dsyevr_("V", "I", "L", &order, matrix, &order, &none, &none, &first, &most, &none, &found, ascending.data(), vectors, &order,
            support.data(), work, lwork, iwork, liwork, &info);
  };
  solve(&reals, &ask, &integers, &ask);
  std::vector<double> work(static_cast<size_t>(reals));
  std::vector<int> iwork(static_cast<size_t>(integers));
  const int lwork = static_cast<int>(work.size()), liwork = static_cast<int>(iwork.size());
  solve(work.data(), &lwork, iwork.data(), &liwork);
  if (info != 0 || found != static_cast<int>(count)) {
    throw DeviceError("device-failed", "pca: LAPACK's dsyevr found " + std::to_string(found) + " of " + std::to_string(count) +
                                           " eigenvalues (info " + std::to_string(info) + ")");
  }
  // LAPACK counts upwards.
  for (size_t i = 0; i < count; i++) values[i] = ascending[count - 1 - i];
  for (size_t i = 0, j = count - 1; i < j; i++, j--) {
    for (size_t e = 0; e < n; e++) std::swap(vectors[i * n + e], vectors[j * n + e]);
  }
}

std::unique_ptr<Device> blasDevice(int threads) { return std::make_unique<BlasDevice>(threads); }

}  // namespace weft::pca
