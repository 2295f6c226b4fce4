#pragma once

/// \file
/// A link seen through a direction that is not quite theta*.

#include <map>
#include <utility>
#include <vector>

#include "esscher/model/link.h"

namespace esscher::internal {

/// F(u) = E f(m u + sqrt(1 - m^2) V), V ~ N(0, 1): the conditional mean of the reward given u.
/// Chebyshev interpolants on dyadic intervals, built where they are asked for and halved until
/// their coefficients fall below 1e-13 of the link's size: one inner integration serves every outer
/// one. Not for use by several threads at once.
class SmoothedLink {
 public:
  /// \pre -1 <= overlap <= 1
  SmoothedLink(const Link& link, double overlap);

  double operator()(double u);

 private:
  /// Interval [index, index + 1) * 2^-level.
  struct Interpolant {
    bool split = false;  ///< look one level finer
    std::vector<double> coefficients;
  };

  double integrate(double u) const;
  Interpolant build(int level, double index) const;

  const Link link_;
  double overlap_;
  double residual_;  ///< sqrt(1 - m^2)
  double size_;      ///< sqrt(E f^2): the scale on which F's own error is seen
  std::map<std::pair<int, double>, Interpolant> interpolants_;
};

}  // namespace esscher::internal
