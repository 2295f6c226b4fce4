#pragma once

/// \file
/// Which deployment temperatures are admissible (mathematics, section 7; the criterion is ours).

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "esscher/policy/estimate.h"

namespace esscher {

/// What is known at one deployment temperature.
struct TemperaturePoint {
  double beta = 0;
  std::optional<Estimate> efficiency;  ///< empty where the true reward is constant
  Estimate gain;                       ///< J(pi_r) - J(pi_0)
  Estimate gold;                       ///< E_{pi_r} r*
  bool reliable = true;
};

/// A run of neighbouring grid temperatures that all satisfy the criterion. The set's true ends lie
/// between the grid's points: between low_excluded and low, and between high and high_excluded.
struct TemperatureInterval {
  double low = 0;
  double high = 0;
  /// The next lower grid temperature, which fails. Empty at the grid's end: nothing is known below.
  std::optional<double> low_excluded;
  std::optional<double> high_excluded;  ///< the next higher one

  /// "[0.25, 2]", or "0.25" for a single temperature.
  std::string text() const;
};

/// "[0.25, 0.5] and [1, 2]", "none" where there is no interval.
std::string intervals_text(std::span<const TemperatureInterval> intervals);

struct AdmissibleSets {
  double tolerance = 0;                        ///< eps
  std::vector<TemperatureInterval> efficient;  ///< efficiency >= 1 - eps, ascending
  std::vector<TemperatureInterval> gaining;    ///< lower 95 % limit of the gain above 0, ascending
  /// argmax over the grid's reliable points of E_{pi_r} r*: below it, more optimisation earns less
  /// true reward. Of equals the highest. Empty where no point is reliable.
  std::optional<double> gold_optimal_beta;
  /// It is the lowest reliable temperature: the turning point, if there is one, lies below.
  bool gold_optimal_at_end = false;
};

/// Points in any order. Unreliable ones fail every criterion.
/// \throws UsageError unless 0 < tolerance < 1 and betas are distinct temperatures.
AdmissibleSets admissible_sets(std::span<const TemperaturePoint> points, double tolerance);

}  // namespace esscher
