#include "esscher/temperature/forecast.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "esscher/base/error.h"

namespace esscher {
namespace {

/// Of the largest d, from where on points are fitted.
constexpr double kUpper = 0.5;
constexpr std::size_t kLeastPoints = 3;
/// Points above this share of the largest d tell no curve.
constexpr double kNarrow = 0.8;

double other_feature(bool logarithmic, double d) { return logarithmic ? -d * std::log(d) : -d * d; }

ForecastCurve fitted(bool logarithmic, const std::vector<const ForecastPoint*>& points) {
  double xx = 0;
  double xz = 0;
  double zz = 0;
  for (const ForecastPoint* point : points) {
    const double d = std::sqrt(point->kl);
    const double z = other_feature(logarithmic, d);
    const double w = 1 / (point->rise.standard_error * point->rise.standard_error);
    xx += w * d * d;
    xz += w * d * z;
    zz += w * z * z;
  }
  const double determinant = xx * zz - xz * xz;
  ForecastCurve curve{.logarithmic = logarithmic};
  std::vector<double> a_moved(points.front()->influence.size());
  std::vector<double> b_moved(a_moved.size());
  for (const ForecastPoint* point : points) {
    const double d = std::sqrt(point->kl);
    const double z = other_feature(logarithmic, d);
    const double w = 1 / (point->rise.standard_error * point->rise.standard_error);
    const double to_a = w * (zz * d - xz * z) / determinant;
    const double to_b = w * (xx * z - xz * d) / determinant;
    curve.a += to_a * point->rise.value;
    curve.b += to_b * point->rise.value;
    for (std::size_t i = 0; i < a_moved.size(); ++i) {
      a_moved[i] += to_a * point->influence[i];
      b_moved[i] += to_b * point->influence[i];
    }
  }
  for (std::size_t i = 0; i < a_moved.size(); ++i) {
    curve.covariance[0] += a_moved[i] * a_moved[i];
    curve.covariance[1] += a_moved[i] * b_moved[i];
    curve.covariance[2] += b_moved[i] * b_moved[i];
  }
  return curve;
}

}  // namespace

Estimate ForecastCurve::rise(double kl) const {
  const double d = std::sqrt(kl);
  if (d == 0) return {};
  const double z = other_feature(logarithmic, d);
  Estimate rise;
  rise.value = a * d + b * z;
  const double variance = covariance[0] * d * d + 2 * covariance[1] * d * z + covariance[2] * z * z;
  rise.standard_error = std::sqrt(std::max(0.0, variance));
  return rise;
}

std::optional<double> ForecastCurve::turning_kl() const {
  if (!(b > 0)) return std::nullopt;
  const double d = logarithmic ? std::exp(a / b - 1) : std::max(0.0, a / (2 * b));
  return d * d;
}

Interval Forecast::rise(double kl) const {
  Interval all{std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};
  constexpr double kNormal = 1.959963984540054;
  const auto hold = [&](const Estimate& rise) {
    all.low = std::min(all.low, rise.value - kNormal * rise.standard_error);
    all.high = std::max(all.high, rise.value + kNormal * rise.standard_error);
  };
  for (const ForecastCurve& curve : curves) hold(curve.rise(kl));
  if (kl > to_kl) hold(last);
  return all;
}

Interval Forecast::turning_kl() const {
  Interval all{std::numeric_limits<double>::infinity(), 0};
  for (const ForecastCurve& curve : curves) {
    const double at = curve.turning_kl().value_or(std::numeric_limits<double>::infinity());
    all.low = std::min(all.low, at);
    all.high = std::max(all.high, at);
  }
  return all;
}

std::vector<double> Forecast::shown_kl() const {
  const double reach = kForecastReach * kForecastReach * to_kl;
  std::vector<double> shown;
  constexpr int kSteps = 4;
  for (int k = 0; k <= kSteps; ++k) shown.push_back(to_kl + (reach - to_kl) * k / kSteps);
  return shown;
}

std::optional<Forecast> forecast_rise(std::span<const ForecastPoint> points) {
  std::vector<const ForecastPoint*> told;
  double most = 0;
  for (const ForecastPoint& point : points) {
    const double error = point.rise.standard_error;
    if (!(error > 0 && std::isfinite(error)) || !(point.kl > 0) || point.influence.empty())
      continue;
    told.push_back(&point);
    most = std::max(most, point.kl);
  }
  std::erase_if(told, [&](const ForecastPoint* point) {
    return std::sqrt(point->kl) < kUpper * std::sqrt(most);
  });
  std::ranges::sort(told, {}, &ForecastPoint::kl);
  const auto same = [](const ForecastPoint* a, const ForecastPoint* b) {
    return b->kl - a->kl <= 1e-6 * b->kl;
  };
  told.erase(std::unique(told.begin(), told.end(), same), told.end());
  if (told.size() < kLeastPoints ||
      std::sqrt(told.front()->kl) > kNarrow * std::sqrt(told.back()->kl)) {
    return std::nullopt;
  }
  for (const ForecastPoint* point : told) {
    if (point->influence.size() != told.front()->influence.size()) {
      throw InternalError("points of tables of unequal length");
    }
  }
  return Forecast{.curves = {fitted(false, told), fitted(true, told)},
                  .from_kl = told.front()->kl,
                  .to_kl = told.back()->kl,
                  .last = told.back()->rise};
}

}  // namespace esscher
