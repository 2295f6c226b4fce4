#include "esscher/temperature/tilt_calibration.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/weights/log_weights.h"

namespace esscher {
namespace {

/// Slopes are looked at in so many equal steps up to the reach.
constexpr int kSteps = 16;
/// Standard errors by which a slope has fallen for sure from half the reach to the reach.
constexpr double kSureFall = 3;
/// Halvings of the interval in which the reach lies.
constexpr int kHalvings = 30;

void require_pairs(std::span<const double> predictions, std::span<const double> labels) {
  if (predictions.empty() || predictions.size() != labels.size()) {
    throw UsageError(rejection("predictions", std::to_string(predictions.size()) + " values",
                               "there must be one for each of the " +
                                   std::to_string(labels.size()) + " labels, and at least one"));
  }
}

bool vary(std::span<const double> values) {
  const auto [least, greatest] = std::ranges::minmax_element(values);
  return *least < *greatest;
}

void require_base(const TiltBase& base, std::size_t n) {
  if ((base.log_weights.empty() || base.log_weights.size() == n) &&
      (base.groups.empty() || base.groups.size() == n)) {
    return;
  }
  throw UsageError(
      rejection("base",
                std::to_string(base.log_weights.size()) + " weights, " +
                    std::to_string(base.groups.size()) + " groups",
                "there must be one for each of the " + std::to_string(n) + " labels, or none"));
}

/// Weights of the base times e^{t prediction}, of sum 1; groups keep their mass.
std::vector<double> tilted_weights(std::span<const double> predictions, double t,
                                   const TiltBase& base) {
  std::vector<double> weights(predictions.begin(), predictions.end());
  for (double& w : weights) w *= t;
  if (!base.log_weights.empty()) {
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] += base.log_weights[i];
  }
  if (!base.groups.empty()) {
    const std::size_t groups = std::size_t{std::ranges::max(base.groups)} + 1;
    std::vector<double> greatest(groups, -std::numeric_limits<double>::infinity());
    std::vector<double> sum(groups);
    std::vector<double> mass(groups);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      greatest[base.groups[i]] = std::max(greatest[base.groups[i]], weights[i]);
    }
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const std::uint32_t g = base.groups[i];
      if (greatest[g] > -std::numeric_limits<double>::infinity()) {
        sum[g] += std::exp(weights[i] - greatest[g]);
      }
      mass[g] += base.log_weights.empty() ? 1 : std::exp(base.log_weights[i]);
    }
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const std::uint32_t g = base.groups[i];
      if (sum[g] > 0) weights[i] += std::log(mass[g] / sum[g]) - greatest[g];
    }
  }
  normalise_log_weights(weights);
  for (double& w : weights) w = std::exp(w);
  return weights;
}

/// The largest beta t, 1 at most, that leaves enough effective samples.
double find_reach(std::span<const double> predictions, std::span<const double> labels, double beta,
                  const TiltBase& base) {
  const auto leaves_enough = [&](double scale) {
    return slope_under_tilt(predictions, labels, scale / beta, base).ess >= kLeastSlopeEss;
  };
  if (leaves_enough(1)) return 1;
  double low = 0;
  double high = 1;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    (leaves_enough(middle) ? low : high) = middle;
  }
  return low;
}

/// \p scale drawn back to 1 as far as the slope's standard error lets it be 1 (James and Stein).
double drawn_back(double scale, double standard_error) {
  const double deviation = 1 - scale;
  if (!(deviation > standard_error)) return 1;
  return 1 - deviation * (1 - standard_error * standard_error / (deviation * deviation));
}

/// The scale where the sample ends before slope and scale meet.
double beyond_reach(double reach, const TiltSlope& half, const TiltSlope& last) {
  // A slope that falls for sure falls faster and faster where the reward is only extrapolated. One
  // that is still above 1 has room to fall: the reward is understated so far, and where it predicts
  // well the least fall is sure.
  const bool falls = half.slope - last.slope > kSureFall * last.standard_error;
  if (falls && last.slope < 1) return reach;
  const double fall = (last.slope + last.standard_error - half.slope) / (reach / 2);
  const double trend = std::min(0.0, fall);
  const double scale = std::clamp((last.slope - trend * reach) / (1 - trend), reach, 1.0);
  return drawn_back(scale, last.standard_error);
}

}  // namespace

TiltSlope slope_under_tilt(std::span<const double> predictions, std::span<const double> labels,
                           double t, const TiltBase& base) {
  require_pairs(predictions, labels);
  require_base(base, labels.size());
  if (!std::isfinite(t)) throw UsageError(rejection("t", t, "must be finite"));
  const std::size_t n = predictions.size();
  const std::vector<double> weights = tilted_weights(predictions, t, base);
  const std::size_t groups =
      base.groups.empty() ? 1 : std::size_t{std::ranges::max(base.groups)} + 1;
  const auto group = [&](std::size_t i) { return base.groups.empty() ? 0 : base.groups[i]; };
  std::vector<double> mass(groups);
  std::vector<double> prediction_mean(groups);
  std::vector<double> label_mean(groups);
  double squares = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double w = weights[i];
    squares += w * w;
    mass[group(i)] += w;
    prediction_mean[group(i)] += w * predictions[i];
    label_mean[group(i)] += w * labels[i];
  }
  for (std::size_t g = 0; g < groups; ++g) {
    if (!(mass[g] > 0)) continue;
    prediction_mean[g] /= mass[g];
    label_mean[g] /= mass[g];
  }
  double variance = 0;
  double covariance = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double p = predictions[i] - prediction_mean[group(i)];
    variance += weights[i] * p * p;
    covariance += weights[i] * p * (labels[i] - label_mean[group(i)]);
  }
  TiltSlope result;
  result.ess = 1 / squares;
  if (!(variance > 0)) return result;
  result.slope = covariance / variance;
  double spread = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double p = predictions[i] - prediction_mean[group(i)];
    const double residual = labels[i] - label_mean[group(i)] - result.slope * p;
    spread += weights[i] * weights[i] * residual * residual * p * p;
  }
  result.standard_error = std::sqrt(spread) / variance;
  return result;
}

TiltCalibration calibrate_tilt(std::span<const double> predictions, std::span<const double> labels,
                               double beta, const TiltBase& base) {
  require_temperature(beta, "beta");
  require_pairs(predictions, labels);
  TiltCalibration result;
  if (!vary(predictions)) return result;
  result.reach = find_reach(predictions, labels, beta, base);
  if (!(result.reach > 0)) return result;  // too few samples to see any tilt by
  TiltSlope half;
  TiltSlope before;
  TiltSlope last;
  double scale_before = 0;
  for (int step = 1; step <= kSteps; ++step) {
    const double scale = result.reach * step / kSteps;
    result.last = slope_under_tilt(predictions, labels, scale / beta, base);
    // It is told as it is, but counts with caution.
    TiltSlope cautious = result.last;
    cautious.slope += base.caution * cautious.standard_error;
    if (step == kSteps / 2) half = cautious;
    if (cautious.slope < scale) {
      if (step == 1) before = slope_under_tilt(predictions, labels, 0, base);
      // Between two steps both are taken to be straight.
      const double above = before.slope - scale_before;
      const double below = scale - cautious.slope;
      const double share = above > 0 ? above / (above + below) : 0;
      // A reward that no tilt bears out is all but taken away, not quite: it stays a reward.
      constexpr double kLeastScale = 1e-3;
      const double meeting =
          std::max(scale_before + share * (scale - scale_before), kLeastScale * result.reach);
      result.scale = drawn_back(meeting, result.last.standard_error);
      return result;
    }
    before = cautious;
    last = cautious;
    scale_before = scale;
  }
  if (result.reach < 1) result.scale = beyond_reach(result.reach, half, last);
  return result;
}

}  // namespace esscher
