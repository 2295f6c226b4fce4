#pragma once

/// \file
/// How far a learned reward may be followed along its own tilt (ours).
///
/// Let pi_t ∝ pi_0 e^{t r}. What is gained by following r to t at temperature beta is
/// J(t) = E_{pi_t} r* - beta KL(pi_t || pi_0), and, exactly,
///     dJ/dt = Cov_{pi_t}(r, r*) - beta t Var_{pi_t}(r) = Var_{pi_t}(r) (slope(t) - beta t),
/// slope(t) the slope of the true reward on the learned one under pi_t. A reward that is right has
/// slope 1 everywhere and is followed to t = 1/beta. One that is right on the average only loses
/// its slope where its tilt leads, and the best policy of the family is where slope(t) = beta t:
/// the reward to deploy is s r with s = beta t. The slope is estimated from labels, by held-out
/// predictions weighted with e^{t r}, as far as these leave enough effective samples.

#include <cstdint>
#include <span>

namespace esscher {

/// The reference that is tilted, and how it is looked at; spans are n long, or empty.
struct TiltBase {
  std::span<const double> log_weights{};  ///< of the rows; empty: equal
  std::span<const std::uint32_t>
      groups{};  ///< candidates of one prompt: tilted and compared within
  /// Standard errors by which slopes are raised before they take anything off a reward: for labels
  /// whose tails make the error itself uncertain, and predictions of fits to fewer rows.
  double caution = 0;
};

/// Effective samples below which a slope is not estimated.
inline constexpr double kLeastSlopeEss = 30;

struct TiltSlope {
  double slope = 1;           ///< of labels on predictions; noise in labels does not bias it
  double standard_error = 0;  ///< robust to unequal variances
  double ess = 0;             ///< effective sample size of the weights
};

/// Weighted regression of \p labels on \p predictions, weights e^{t prediction}.
/// \param predictions  held out, n; \param labels  n
/// \throws UsageError for unequal lengths, no rows, or a \p t that is not finite
TiltSlope slope_under_tilt(std::span<const double> predictions, std::span<const double> labels,
                           double t, const TiltBase& base = {});

struct TiltCalibration {
  double scale = 1;  ///< s in (0, 1]: the reward to deploy is s r
  /// beta t at the strongest tilt that leaves kLeastSlopeEss effective samples, 1 at most: up to it
  /// the slope was looked at, beyond it continued.
  double reach = 1;
  TiltSlope last{};  ///< at the reach, or where s was found before it
};

/// s by the rule above. Where the sample ends before slope and s meet: s is the reach if the slope
/// falls by more than three standard errors from half the reach to the reach, and below 1; else it
/// is continued along the straight line through both, taken to fall no faster than it does with the
/// slope at the reach raised by a standard error, and s is not less than the reach. In all cases
/// but the first of these two, 1 - s is then multiplied by 1 - (standard error / (1 - s))^2, at
/// least 0: a slope that may well be 1 is taken for 1. Where fewer than kLeastSlopeEss samples are
/// there, or predictions do not vary s is 1. \throws UsageError as slope_under_tilt(), or unless \p
/// beta is a temperature Cost: some fifty passes over n numbers.
TiltCalibration calibrate_tilt(std::span<const double> predictions, std::span<const double> labels,
                               double beta, const TiltBase& base = {});

}  // namespace esscher
