#include "esscher/temperature/tilt_calibration.h"

#include <algorithm>
#include <cmath>
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

/// The largest beta t, 1 at most, that leaves enough effective samples.
double find_reach(std::span<const double> predictions, std::span<const double> labels,
                  double beta) {
  const auto leaves_enough = [&](double scale) {
    return slope_under_tilt(predictions, labels, scale / beta).ess >= kLeastSlopeEss;
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
  // A slope that falls for sure falls faster and faster where the reward is only extrapolated.
  if (half.slope - last.slope > kSureFall * last.standard_error) return reach;
  const double fall = (last.slope + last.standard_error - half.slope) / (reach / 2);
  const double trend = std::min(0.0, fall);
  const double scale = std::clamp((last.slope - trend * reach) / (1 - trend), reach, 1.0);
  return drawn_back(scale, last.standard_error);
}

}  // namespace

TiltSlope slope_under_tilt(std::span<const double> predictions, std::span<const double> labels,
                           double t) {
  require_pairs(predictions, labels);
  if (!std::isfinite(t)) throw UsageError(rejection("t", t, "must be finite"));
  const std::size_t n = predictions.size();
  std::vector<double> weights(predictions.begin(), predictions.end());
  for (double& w : weights) w *= t;
  normalise_log_weights(weights);
  double squares = 0;
  double prediction_mean = 0;
  double label_mean = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double w = weights[i] = std::exp(weights[i]);
    squares += w * w;
    prediction_mean += w * predictions[i];
    label_mean += w * labels[i];
  }
  double variance = 0;
  double covariance = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double p = predictions[i] - prediction_mean;
    variance += weights[i] * p * p;
    covariance += weights[i] * p * (labels[i] - label_mean);
  }
  TiltSlope result;
  result.ess = 1 / squares;
  if (!(variance > 0)) return result;
  result.slope = covariance / variance;
  double spread = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double p = predictions[i] - prediction_mean;
    const double residual = labels[i] - label_mean - result.slope * p;
    spread += weights[i] * weights[i] * residual * residual * p * p;
  }
  result.standard_error = std::sqrt(spread) / variance;
  return result;
}

TiltCalibration calibrate_tilt(std::span<const double> predictions, std::span<const double> labels,
                               double beta) {
  require_temperature(beta, "beta");
  require_pairs(predictions, labels);
  TiltCalibration result;
  if (!vary(predictions)) return result;
  result.reach = find_reach(predictions, labels, beta);
  if (!(result.reach > 0)) return result;  // too few samples to see any tilt by
  TiltSlope half;
  TiltSlope before;
  double scale_before = 0;
  for (int step = 1; step <= kSteps; ++step) {
    const double scale = result.reach * step / kSteps;
    result.last = slope_under_tilt(predictions, labels, scale / beta);
    if (step == kSteps / 2) half = result.last;
    if (result.last.slope < scale) {
      if (step == 1) before = slope_under_tilt(predictions, labels, 0);
      // Between two steps both are taken to be straight.
      const double above = before.slope - scale_before;
      const double below = scale - result.last.slope;
      const double share = above > 0 ? above / (above + below) : 0;
      // A reward that no tilt bears out is all but taken away, not quite: it stays a reward.
      constexpr double kLeastScale = 1e-3;
      const double meeting =
          std::max(scale_before + share * (scale - scale_before), kLeastScale * result.reach);
      result.scale = drawn_back(meeting, result.last.standard_error);
      return result;
    }
    before = result.last;
    scale_before = scale;
  }
  if (result.reach < 1) result.scale = beyond_reach(result.reach, half, result.last);
  return result;
}

}  // namespace esscher
