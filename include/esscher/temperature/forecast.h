#pragma once

/// \file
/// Where the true reward would go beyond the policies that rows can tell: the over-optimisation
/// curve over d = sqrt(KL), d (a - b d) and d (a - b log d), after Gao, Schulman, Hilton, "Scaling
/// laws for reward model overoptimization" (ICML 2023), continued from its upper half.

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "esscher/policy/estimate.h"
#include "esscher/policy/table_policy.h"

namespace esscher {

/// A policy, or best-of-n, that rows can tell.
struct ForecastPoint {
  double kl = 0;                        ///< in nats
  Estimate rise;                        ///< of the true reward over the reference
  std::span<const double> influence{};  ///< of the rise; as long for all points
};

/// One of the two forms, fitted: rise = d (a - b g(d)).
struct ForecastCurve {
  bool logarithmic = false;  ///< g(d) = log d; else g(d) = d
  double a = 0;
  double b = 0;
  std::array<double, 3> covariance{};  ///< of (a, a), (a, b), (b, b)

  /// Its standard error is that of the fitted points alone.
  Estimate rise(double kl) const;
  /// KL at which the rise is greatest, 0 where it falls from there on; none where it never falls.
  std::optional<double> turning_kl() const;
};

struct Forecast {
  std::array<ForecastCurve, 2> curves;
  double from_kl = 0;  ///< of the points that were fitted
  double to_kl = 0;
  Estimate last;  ///< the rise of the last of them

  /// Smallest and largest of both curves' 95 % limits, nominal for each by itself, and beyond the
  /// points of those of the last one: what lies between going on as before and standing still.
  Interval rise(double kl) const;
  /// From the first to the last KL at which a form turns; infinite where one never does.
  Interval turning_kl() const;
  /// Five values of KL from the last point to kForecastReach times its sqrt(KL).
  std::vector<double> shown_kl() const;
};

/// As far as a forecast is shown, in multiples of the largest sqrt(KL) that rows tell.
inline constexpr double kForecastReach = 1.25;

/// Least squares with weights 1/variance on the points from half the largest d on: what a reward
/// does far from the reference is told by its last stretch. Both forms are straight where a reward
/// saturates, and promise too much of those of six enumerated landscapes, by 0 to 30 % at 1.25
/// times the largest d; hence the limits of the last point. Errors of a and b, which the policies
/// of one table share, come from the influences. What the forms miss is in no error.
/// \param points  in any order; those without an error or an influence take no part
/// \return none where fewer than three points of distinct KL are left, or all lie within a fifth of
/// the largest d
/// \throws InternalError for influences of unequal length
/// Cost: O(points x influence).
std::optional<Forecast> forecast_rise(std::span<const ForecastPoint> points);

}  // namespace esscher
