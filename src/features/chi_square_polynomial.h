#pragma once

/// \file
/// Chi-square with many degrees of freedom as a function of one standard normal: no rejection, and
/// so the same work in every lane.

#include <vector>

namespace esscher::internal {

/// Below this many degrees of freedom the quantile bends too much for a short polynomial.
inline constexpr double kLeastPolynomialDof = 30;

/// Normals up to this size may be put in: those of single precision are at most 6.764.
inline constexpr double kGreatestNormal = 6.8;

/// Coefficients c, lowest first, such that (c_0 + c_1 w + ...) is F^{-1}(Phi(w)) to a relative
/// 2e-10 for |w| <= kGreatestNormal, F the distribution function of chi-square with \p dof degrees
/// of freedom. So it turns a standard normal w into such a chi-square variable.
///
/// Up to dof = 1e6 it interpolates the quantile at Chebyshev points, with as few as serve (20 at
/// dof = 30, 6 at 1e4); above, it is the Cornish-Fisher expansion to order dof^{-3/2}, whose next
/// term is below 4e-11 of the sum. Cost: at most some milliseconds.
/// \pre dof >= kLeastPolynomialDof
std::vector<double> chi_square_polynomial(double dof);

}  // namespace esscher::internal
