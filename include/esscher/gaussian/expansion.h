#pragma once

/// \file
/// Hermite coefficients u_k[g] = E g(Z) h_k(Z), Z ~ N(0, 1).

#include <functional>
#include <span>
#include <vector>

#include "esscher/gaussian/quadrature.h"

namespace esscher {

struct HermiteExpansion {
  std::vector<double> coefficients;  ///< u_0, ..., u_K
  std::vector<double> errors;        ///< estimated absolute error of each
  double second_moment = 0;          ///< E g(Z)^2 = sum of all u_k^2
};

/// u_0, ..., u_{max_order} of \p g and its second moment, in one adaptive integration.
/// \param breaks  ascending points where a derivative of g may jump
/// \throws UsageError where max_order < 0.
HermiteExpansion hermite_expansion(const std::function<double(double)>& g,
                                   std::span<const double> breaks, int max_order,
                                   const QuadratureOptions& options = {});

}  // namespace esscher
