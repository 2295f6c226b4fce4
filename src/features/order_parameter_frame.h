#pragma once

/// \file
/// Neurons' rows in coordinates of their own. The law of a run depends on inner products alone, so
/// that any orthonormal frame will do: coordinate 0 is theta*, and as m rows and theta* span at
/// most m + 1 dimensions, K = m + 1 coordinates hold them. The Gram matrix Q = W W' is never
/// stored: as a product of rows with themselves it is positive semidefinite whatever the rounding.

#include <cstdint>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/base/random.h"
#include "esscher/features/feature_options.h"

namespace esscher::internal {

/// Lower triangular T (n x n, its upper triangle is set to 0) with T T' ~ Wishart_n(dof): the
/// coordinates of n standard normal points in dof dimensions, in a frame made from them in turn
/// (Bartlett 1934). \p scratch is grown as needed.
/// \param stream  normals first, first + 1, ... and chi-squares 0, ..., n - 1 of it are used
/// \pre dof >= n
void fill_bartlett(const RandomStream& stream, std::uint64_t first, std::uint64_t dof,
                   MatrixView<double> factor, std::vector<double>& scratch);

/// The lower triangle of X X', the upper one 0.
Matrix<double> row_gram(MatrixView<const double> x);

/// The rows \p rows (m x F, F >= m + 1) made unit, in m + 1 coordinates: [overlap, lower triangle].
/// By the Cholesky factor of the Gram matrix of what is orthogonal to theta* where its pivots are
/// well above rounding, else by a Householder factorisation of the rows themselves, which serves
/// rows that are as good as parallel, or parallel. Cost m^2 F + m^3/3 flops, or four times that and
/// slower ones.
/// \throws as refuse_overflow() where a row is 0 or no longer finite
Matrix<double> fit_frame(MatrixView<const double> rows, double step_size);

/// \throws UsageError: the steps are too large for doubles
[[noreturn]] void refuse_overflow(double step_size);

/// The first rows (m x (m + 1)) in d dimensions, in law: uniform on the sphere, or halfway between
/// that and +-the spectral estimate.
/// \pre options.dim >= m + 2
Matrix<double> start_rows(const FeatureOptions& options);

}  // namespace esscher::internal
