#pragma once

#include <memory>

#include "device.h"

namespace weft::pca {

/** This machine's memory, OpenBLAS and LAPACK. threads: of OpenBLAS; the number is the process's, and set before each use. */
std::unique_ptr<Device> blasDevice(int threads);

/** S += Xᵀ X in double precision: the upper triangle of S (d × d) for X of rows × d. */
void addScatter(double* s, const double* x, size_t rows, size_t d, int threads);

/** As Device::eigen, by LAPACK's dsyevr (Dhillon, Parlett, Vömel 2006). */
void lapackEigen(double* matrix, size_t n, size_t count, double* values, double* vectors);

}  // namespace weft::pca
