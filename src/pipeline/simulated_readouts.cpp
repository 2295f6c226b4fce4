#include "pipeline/simulated_readouts.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/memory.h"
#include "esscher/base/number_text.h"
#include "esscher/readout/cross_fit.h"
#include "esscher/readout/readout_weights.h"
#include "esscher/temperature/weight_temperature.h"
#include "pipeline/automatic_readout.h"

namespace esscher::internal {

SimulatedReadouts::SimulatedReadouts(const FirstLayer& layer, const SimulationOptions& options)
    : options_(options),
      rows_(layer, options.readout_samples, options.seed, "stage2", physical_memory() / 4,
            options.threads),
      ridge_(options.ridge) {
  ridge_.threads = options.threads;
  const std::vector<double> z = rows_.directions();
  const std::size_t q = layer.hidden;
  rewards_.resize(z.size() / q);
  options.model.link.evaluate({z.data(), rewards_.size(), q, q}, rewards_);
  labels_ = rewards_;
  add_noise(options.model.noise, RandomStream(options.seed, "stage2/noise"), 0, labels_);
}

SimulatedReadout SimulatedReadouts::fit(ReadoutWeights weights, double beta) {
  switch (weights) {
    case ReadoutWeights::automatic:
      return automatic(beta);
    case ReadoutWeights::uniform:
      return {uniform()};
    case ReadoutWeights::label:
      return weighted(labels_, beta);
    case ReadoutWeights::oracle:
      return weighted(rewards_, beta);
    case ReadoutWeights::surrogate:
      if (pilot().empty()) return {uniform()};  // cancelled
      return weighted(pilot(), beta);
  }
  throw InternalError("unknown readout weights");
}

const RidgeFit& SimulatedReadouts::uniform() {
  if (!uniform_) {
    uniform_ = fit_ridge(rows_, labels_, std::vector<double>(labels_.size()), ridge_);
  }
  return *uniform_;
}

const std::vector<double>& SimulatedReadouts::pilot() {
  if (pilot_.empty()) {
    pilot_ = cross_fitted_predictions(rows_, labels_, options_.pilot_folds, ridge_);
  }
  return pilot_;
}

SimulatedReadout SimulatedReadouts::automatic(double beta) {
  if (uniform().status == RidgeStatus::cancelled || pilot().empty()) return {uniform()};
  // Those of the pilot.
  std::vector<std::uint32_t> folds(labels_.size());
  for (std::size_t i = 0; i < folds.size(); ++i) {
    folds[i] = static_cast<std::uint32_t>(i) % static_cast<std::uint32_t>(options_.pilot_folds);
  }
  const auto n = static_cast<double>(labels_.size());
  ReadoutSample sample{.labels = labels_, .targets = labels_};
  sample.tilted = [](std::span<const double> values, double temperature) {
    return tilted_log_weights(values, temperature);
  };
  sample.rewards = [](std::vector<double> targets) { return targets; };
  sample.fit = [&](const std::vector<std::vector<double>>& log_weights) {
    std::vector<CrossFit> fits;
    RidgeOptions fixed = ridge_;
    fixed.rule = PenaltyRule::fixed;
    for (const std::vector<double>& each : log_weights) {
      if (ridge_.rule != PenaltyRule::fixed) {
        fixed.penalty = uniform().penalty * std::sqrt(n / diagnose_weights(each).ess);
      }
      fits.push_back(cross_fit_ridge(rows_, labels_, each, folds, fixed));
    }
    return fits;
  };
  AutomaticReadout found = automatic_readout(sample, {uniform(), pilot()}, beta);
  const double scale = found.calibration.scale;
  for (double& a : found.fit.coefficients) a *= scale;
  found.fit.intercept *= scale;
  return {std::move(found.fit), found.weight_temperature, std::move(found.shares),
          found.calibration, std::move(found.reason)};
}

SimulatedReadout SimulatedReadouts::weighted(const std::vector<double>& values, double beta) {
  if (uniform().status == RidgeStatus::cancelled) return {uniform()};
  SimulatedReadout readout;
  // Half the samples are left by any weights that are mild enough.
  const double least =
      std::min(static_cast<double>(values.size()) / 2, uniform().degrees_of_freedom);
  readout.weight_temperature = bearable_temperature(values, beta, least);
  const std::vector<double> log_weights = tilted_log_weights(values, *readout.weight_temperature);
  RidgeOptions ridge = ridge_;
  if (ridge.rule != PenaltyRule::fixed && options_.shared_penalty == SharedPenalty::yes) {
    const double thinning =
        static_cast<double>(log_weights.size()) / diagnose_weights(log_weights).ess;
    ridge.rule = PenaltyRule::fixed;
    ridge.penalty = uniform().penalty * std::sqrt(thinning);
  }
  readout.fit = fit_ridge(rows_, labels_, log_weights, ridge);
  if (*readout.weight_temperature > beta) {
    readout.remark = "weights at " + number_text(*readout.weight_temperature, 3) + ": at " +
                     number_text(beta) + " they would leave " +
                     number_text(diagnose_weights(tilted_log_weights(values, beta)).ess, 3) +
                     " effective samples for " +
                     number_text(std::ceil(uniform().degrees_of_freedom)) + " effective parameters";
  }
  return readout;
}

}  // namespace esscher::internal
