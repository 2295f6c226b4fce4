#pragma once

/// \file
/// Factorisations of small dense matrices in double precision, on the calling thread.

#include <vector>

#include "esscher/base/matrix.h"

namespace esscher {

/// Lower triangular L with L L' = A, in place of \p a (whose upper triangle becomes 0). Only the
/// lower triangle is read. Returns false, with \p a half done, where A is not positive definite to
/// working precision.
bool cholesky(MatrixView<double> a);

/// x <- L^{-1} x and x <- L'^{-1} x for each column of the n x k right-hand side.
void solve_lower(MatrixView<const double> l, MatrixView<double> x);
void solve_lower_transposed(MatrixView<const double> l, MatrixView<double> x);

/// A = V diag(values) V', values ascending, column j of V the j-th vector. Reads the lower
/// triangle. \throws InternalError where the iteration does not converge (NaN in A)
struct SymmetricEigen {
  std::vector<double> values;
  Matrix<double> vectors;
};
SymmetricEigen symmetric_eigen(MatrixView<const double> a);

/// The lower triangular factor L (n x min(n, k)) of rows A = L Q', Q with orthonormal columns: an
/// LQ factorisation by Householder reflections, with non-negative diagonal. A is n x k.
/// Where \p q is given it receives Q' (min(n, k) x k).
Matrix<double> lq_factor(MatrixView<const double> a, Matrix<double>* q = nullptr);

}  // namespace esscher
