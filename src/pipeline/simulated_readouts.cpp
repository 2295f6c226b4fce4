#include "pipeline/simulated_readouts.h"

#include <cmath>

#include "esscher/base/error.h"
#include "esscher/base/memory.h"

namespace esscher::internal {

SimulatedReadouts::SimulatedReadouts(const FirstLayer& layer, const SimulationOptions& options)
    : options_(options),
      rows_(layer, options.readout_samples, options.seed, "stage2", physical_memory() / 4,
            options.threads),
      ridge_(options.ridge) {
  ridge_.threads = options.threads;
  const std::vector<double> z = rows_.directions();
  rewards_.resize(z.size());
  options.model.link.evaluate(z, rewards_);
  labels_ = rewards_;
  add_noise(options.model.noise, RandomStream(options.seed, "stage2/noise"), 0, labels_);
}

RidgeFit SimulatedReadouts::fit(ReadoutWeights weights, double beta) {
  switch (weights) {
    case ReadoutWeights::uniform:
      return uniform();
    case ReadoutWeights::label:
      return weighted(labels_, beta);
    case ReadoutWeights::oracle:
      return weighted(rewards_, beta);
    case ReadoutWeights::surrogate:
      if (pilot_.empty()) {
        pilot_ = cross_fitted_predictions(rows_, labels_, options_.pilot_folds, ridge_);
      }
      return weighted(pilot_, beta);
  }
  throw InternalError("unknown readout weights");
}

const RidgeFit& SimulatedReadouts::uniform() {
  if (!uniform_) {
    uniform_ = fit_ridge(rows_, labels_, std::vector<double>(labels_.size()), ridge_);
  }
  return *uniform_;
}

RidgeFit SimulatedReadouts::weighted(const std::vector<double>& values, double beta) {
  const std::vector<double> log_weights = tilted_log_weights(values, beta);
  RidgeOptions ridge = ridge_;
  if (ridge.rule != PenaltyRule::fixed && options_.shared_penalty == SharedPenalty::yes) {
    const double thinning =
        static_cast<double>(log_weights.size()) / diagnose_weights(log_weights).ess;
    ridge.rule = PenaltyRule::fixed;
    ridge.penalty = uniform().penalty * std::sqrt(thinning);
  }
  return fit_ridge(rows_, labels_, log_weights, ridge);
}

}  // namespace esscher::internal
