#pragma once

/// \file
/// The average gradient outer product (AGOP) of a two-layer network, M = E[grad r(x) grad r(x)'],
/// in units of reward^2 / feature^2: the directions on which a reward turns (Radhakrishnan,
/// Beaglehole, Pandit, Belkin, Science 383, 2024; mathematics, section 9).
///
/// For r(x) = sum_j a_j phi_j(<w_j, x>) the gradient is W's with s_j = a_j phi_j'(<w_j, x>), so
/// that M = W'SW with the m x m slope products S = E[s s']. M lies in the span of the rows, needs
/// no finite differences, and streams: S is a sum over samples, whatever the law of x or its
/// weights.

#include <cstddef>
#include <span>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/model/activation.h"

namespace esscher {

/// S <- S + sum_i w_i s_i s_i' for a block of samples, the lower triangle (symmetrise at the end).
/// \param readout      a, m
/// \param projections  n x m, <w_j, x_i> without the biases, which the activation holds;
/// overwritten
///                     by s
/// \param weights      n, or empty for ones
/// \param products     S, m x m
/// Cost: n m^2 / 2 multiply-adds.
void add_slope_products(const LayerActivation& activation, std::span<const double> readout,
                        MatrixView<double> projections, std::span<const double> weights,
                        MatrixView<double> products);

struct GradientSpectrum {
  std::vector<double> values;  ///< the leading eigenvalues of M, descending, all positive
  /// Direction i, a unit eigenvector of M, is sum_j combinations(i, j) w_j. One row a value.
  Matrix<double> combinations;
  double trace = 0;  ///< E |grad r|^2: the sum of all eigenvalues
};

/// The leading eigenpairs of M = W'SW, at most \p count of them; fewer where M has no more that
/// stand out of rounding, none where it is 0.
/// \param rows      W, m x k, in any coordinates; \param products  S, m x m, both triangles
/// \throws InternalError where shapes do not fit
/// Cost: 2 m k (m + k) multiply-adds and an eigendecomposition of k x k: reduce rows first.
GradientSpectrum gradient_spectrum(MatrixView<const double> rows, MatrixView<const double> products,
                                   std::size_t count);

}  // namespace esscher
