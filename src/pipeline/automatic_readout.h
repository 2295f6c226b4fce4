#pragma once

#include <span>
#include <string>
#include <vector>

#include "esscher/readout/ridge.h"
#include "esscher/temperature/tilt_calibration.h"

namespace esscher::internal {

/// The readout to deploy at one temperature, where the choice of weights is ours.
///
/// Weights e^{r/beta} look where the policy goes, but cost effective samples, and a pilot that is
/// wrong looks at the wrong place. So nothing is chosen by hand:
/// 1. the pilot, plain regression at first, is brought to the slope that its own tilt bears out
///    (temperature/tilt_calibration.h);
/// 2. readouts with defensive weights e^{pilot/beta_w} are fitted for beta_w = 1, 2 and 4 times the
///    lowest temperature, not below beta, at which the pilot's weights leave four effective samples
///    for each effective parameter, and one with weights e^{y/beta_w}, beta_w likewise;
/// 3. they and plain regression are mixed by their held-out error under the first of the pilot's
///    weights (readout/stacking.h);
/// 4. the mixture is the pilot of a second such round, whose mixture, brought to its slope, is
///    deployed.
/// All of it rests on predictions of rows that a fit has not seen, in the same folds throughout.
struct AutomaticReadout {
  RidgeFit fit;  ///< the mixture, scaled: plain regression's facts, its own coefficients
  double weight_temperature = 0;  ///< the pilot's lowest beta_w of the last round
  /// Of plain regression, label weights, and the pilot's weights, lowest temperature first.
  std::vector<double> shares;
  TiltCalibration calibration;
  std::string reason;  ///< a plain sentence
};

/// \param uniform  plain regression on all rows; its penalty, times sqrt(n / ESS), serves all fits
/// \param pilot    its held-out predictions
/// \param folds    as in cross_fit_ridge()
/// Cost: seven cross_fit_ridge().
AutomaticReadout automatic_readout(const DesignRows& rows, std::span<const double> labels,
                                   const RidgeFit& uniform, std::span<const double> pilot,
                                   std::span<const std::uint32_t> folds, double beta,
                                   const RidgeOptions& ridge);

}  // namespace esscher::internal
