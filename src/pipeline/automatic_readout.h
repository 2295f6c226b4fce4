#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "esscher/readout/cross_fit.h"
#include "esscher/readout/readout_weights.h"
#include "esscher/temperature/tilt_calibration.h"

namespace esscher::internal {

/// What readouts are fitted to, in simulation and on tables.
struct ReadoutSample {
  std::span<const double> labels;   ///< rewards, in the unit of beta
  std::span<const double> targets;  ///< what is regressed: the labels, or a transform of them
  TiltBase base{};                  ///< pi_0
  /// pi_0 e^{values/beta}: log-weights of the rows.
  std::function<std::vector<double>(std::span<const double> values, double beta)> tilted{};
  /// One fit for each log-weights, with its predictions of rows that it has not seen; none where
  /// cancelled.
  std::function<std::vector<CrossFit>(std::vector<std::vector<double>> log_weights)> fit{};
  /// Predicted targets as rewards in the unit of the labels.
  std::function<std::vector<double>(std::vector<double> targets)> rewards{};
};

/// Kind and temperature of weights.
using WeightKind = std::pair<ReadoutWeights, double>;

/// Fits that readouts for several temperatures share.
using SharedFits = std::map<WeightKind, CrossFit>;

/// The readout to deploy at one temperature, where the choice of weights is ours.
///
/// Weights e^{r/beta} look where the policy goes, but cost effective samples, and a pilot that is
/// wrong looks at the wrong place. So nothing is chosen by hand:
/// 1. the pilot, plain regression at first, is brought to the slope that its own tilt bears out
///    (temperature/tilt_calibration.h);
/// 2. readouts with defensive weights e^{pilot/beta_w} are fitted for beta_w = 1, 2 and 4 times the
///    lowest temperature, not below beta, at which the pilot's weights leave four effective samples
///    for each effective parameter, or half of all samples, and one with weights e^{y/beta_w},
///    beta_w likewise; those whose weights leave nine tenths of the effective samples of equal ones
///    are left out;
/// 3. they and plain regression are mixed by their held-out error under the first of the pilot's
///    weights (readout/stacking.h);
/// 4. the mixture may be the pilot of a second such round; that of the last, brought to its slope,
///    is deployed.
/// All of it rests on predictions of rows that a fit has not seen, in the same folds throughout.
struct AutomaticReadout {
  RidgeFit fit;  ///< the mixture, not scaled: plain regression's facts, its own coefficients
  double weight_temperature = 0;  ///< the pilot's lowest beta_w of the last round
  /// Of plain regression, label weights, and the pilot's weights, lowest temperature first; 0 of
  /// those that were left out.
  std::vector<double> shares;
  TiltCalibration calibration;  ///< its scale is that of the reward to deploy
  std::string reason;           ///< a plain sentence; temperatures times the unit
};

struct AutomaticReadoutOptions {
  int rounds = 2;
  /// Where given, weights' temperatures are rounded up to powers of the root of two, so that
  /// several beta share fits: one round only.
  SharedFits* shared = nullptr;
  double unit = 1;  ///< of the temperatures that the reason tells
};

/// \param uniform  plain regression with its held-out predictions of the targets
/// Cost: at most seven fits, or four for one round, less those that are shared.
AutomaticReadout automatic_readout(const ReadoutSample& sample, const CrossFit& uniform,
                                   double beta, const AutomaticReadoutOptions& options = {});

/// What one round of automatic_readout() with shared fits looks for there.
std::vector<WeightKind> automatic_fits(const ReadoutSample& sample, const CrossFit& uniform,
                                       double beta);

/// Makes those at once that are not there yet: a pass over the rows serves them all, where
/// automatic_readout() of one temperature after the other would take two for each. False where
/// cancelled.
bool share_fits(const ReadoutSample& sample, const CrossFit& uniform,
                std::span<const WeightKind> kinds, SharedFits& shared);

}  // namespace esscher::internal
