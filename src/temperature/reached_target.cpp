#include "esscher/temperature/reached_target.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <map>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "temperature/correlated_normals.h"

namespace esscher {
namespace {

/// Share of alpha for the upper ends.
constexpr double kUpperShare = 0.1;
/// A policy that hardly reaches the target still gets this weight, of 1.
constexpr double kLeastWeight = 1e-4;
/// A policy that lies so many errors below the target is never named.
constexpr double kOutOfReach = 10;

double normal_tail(double z) { return 0.5 * std::erfc(z / std::sqrt(2.0)); }

double tail(double t, double degrees_of_freedom) {
  if (std::isinf(degrees_of_freedom)) return normal_tail(t);
  return boost::math::cdf(boost::math::complement(boost::math::students_t(degrees_of_freedom), t));
}

double quantile(double tail, double degrees_of_freedom) {
  if (std::isinf(degrees_of_freedom)) {
    return boost::math::quantile(boost::math::complement(boost::math::normal(), tail));
  }
  return boost::math::quantile(
      boost::math::complement(boost::math::students_t(degrees_of_freedom), tail));
}

/// The normal variable of the same tail.
double normal_score(double t, double degrees_of_freedom) {
  constexpr double kFar = 1e-15;
  return quantile(std::clamp(tail(t, degrees_of_freedom), kFar, 1 - kFar),
                  std::numeric_limits<double>::infinity());
}

double smallest_but(std::vector<double>& values, double share) {
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size()));
  std::ranges::nth_element(values, values.begin() + at);
  return values[static_cast<std::size_t>(at)];
}

}  // namespace

MeasuredValue measured_value(const TablePolicyValue& policy) {
  return {policy.steady_value, policy.value_influence};
}

MeasuredValue measured_value(const BestOfNValue& best) {
  return {best.steady_value, best.value_influence};
}

TargetTest::TargetTest(std::span<const MeasuredValue> values, double alpha, std::uint64_t seed)
    : alpha_(alpha) {
  if (!(alpha > 0 && alpha < 1)) {
    throw UsageError(rejection("alpha", alpha, "must be between 0 and 1", "for example 0.05"));
  }
  std::vector<std::span<const double>> influences;
  for (const MeasuredValue& measured : values) {
    const double error = measured.value.standard_error;
    if (error > 0 && std::isfinite(error) && !measured.influence.empty()) {
      estimated_.push_back(values_.size());
      influences.push_back(measured.influence);
    }
    values_.push_back(measured.value);
    foreseen_.push_back(measured.foreseen);
  }
  if (influences.empty()) return;
  const Matrix<double> root = internal::correlation_root(influences);
  draws_ = Matrix<float>(internal::kMaximumDraws, root.rows());
  const RandomStream stream(seed, "temperature/target");
  std::vector<double> z(root.columns());
  std::vector<double> least(draws_.rows());  // of the variables' negatives
  for (std::size_t draw = 0; draw < draws_.rows(); ++draw) {
    stream.at(draw).fill_normal(0, z);
    for (std::size_t a = 0; a < root.rows(); ++a) {
      const std::span<const double> row = root.row(a);
      double value = 0;
      for (std::size_t k = 0; k < z.size(); ++k) value += row[k] * z[k];
      draws_(draw, a) = static_cast<float>(value);
      least[draw] = std::min(least[draw], -value);
    }
  }
  upper_quantile_ = -smallest_but(least, kUpperShare * alpha);
}

std::vector<double> TargetTest::lower_ends(double target) const {
  if (!std::isfinite(target)) throw UsageError(rejection("target", target, "must be finite"));
  std::vector<double> ends;
  for (const Estimate& value : values_) {
    ends.push_back(value.standard_error == 0 ? value.value
                                             : -std::numeric_limits<double>::infinity());
  }
  std::vector<double> below;   // how far each may at most lie there, in errors
  std::vector<double> weight;  // of its share of alpha
  for (const std::size_t k : estimated_) {
    const Estimate& value = values_[k];
    const double t = (value.value - target) / value.standard_error;
    below.push_back(std::min(0.0, normal_score(t, value.degrees_of_freedom) + upper_quantile_));
    constexpr double kLikely = 1.5;
    weight.push_back(!foreseen_[k]
                         ? 1
                         : kLeastWeight + normal_tail(kLikely - (*foreseen_[k] - target) /
                                                                    value.standard_error));
  }
  if (estimated_.empty()) return ends;
  // Of those of one weight the greatest variable decides.
  std::map<double, std::vector<std::size_t>> alike;
  for (std::size_t a = 0; a < weight.size(); ++a) {
    if (below[a] > -kOutOfReach) alike[weight[a]].push_back(a);
  }
  std::vector<double> least(draws_.rows(), std::numeric_limits<double>::infinity());
  for (std::size_t draw = 0; draw < draws_.rows(); ++draw) {
    for (const auto& [share, policies] : alike) {
      double most = -std::numeric_limits<double>::infinity();
      for (const std::size_t a : policies) {
        most = std::max(most, static_cast<double>(draws_(draw, a)) + below[a]);
      }
      least[draw] = std::min(least[draw], normal_tail(most) / share);
    }
  }
  const double rest = (1 - kUpperShare) * alpha_;
  const double level = smallest_but(least, rest);
  for (std::size_t a = 0; a < weight.size(); ++a) {
    const Estimate& value = values_[estimated_[a]];
    // Never above the level of one policy alone.
    const double own = std::min(level * weight[a], rest);
    ends[estimated_[a]] =
        value.value - quantile(own, value.degrees_of_freedom) * value.standard_error;
  }
  return ends;
}

}  // namespace esscher
