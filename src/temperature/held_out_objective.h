#pragma once

#include <span>
#include <vector>

#include "esscher/temperature/weight_temperature.h"

namespace esscher::internal {

/// J = E y - beta KL of the policy tilted by held-out predictions, and how it depends on the rows.
struct HeldOutObjective {
  double value = 0;
  /// One number for each independent piece (row, or group where there are groups), of mean about 0:
  /// the variance of `value` is sum of squares / pieces^2, and that of a difference of two
  /// objectives on the same rows is the same with the differences (delta method).
  std::vector<double> influence;
};

HeldOutObjective held_out_objective(std::span<const double> predictions, const HeldOutRows& rows,
                                    double beta);

}  // namespace esscher::internal
