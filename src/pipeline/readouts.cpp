#include "pipeline/readouts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/weights/log_weights.h"
#include "pipeline/held_out.h"

namespace esscher::internal {
namespace {

/// Standard errors by which labels' slope on predictions is raised before it takes off anything.
constexpr double kCaution = 2;
constexpr double kEqualWeights = std::numeric_limits<double>::infinity();
/// Numbers a row of a fit at work: its log-weights, their copy, what it and each kernel predict.
constexpr std::size_t kFitNumbers = 4;
/// Of fits that are made at once.
constexpr std::size_t kFitBytes = std::size_t{1} << 27;

}  // namespace

Readouts::Readouts(FoldedFits& fits, const TrainingLabels& targets, const TrainingLabels& rewards,
                   const TrainingOptions& options, TrainedReward& reward)
    : fits_(fits),
      targets_(targets),
      rewards_(rewards),
      options_(options),
      reward_(reward),
      even_(targets.even_log_weights()),
      even_ess_(diagnose_weights(even_).ess),
      uniform_(fits.choose()) {
  if (uniform_.held_out.empty()) return;  // cancelled: the caller looks before it deploys
  pilot_ = as_rewards(uniform_.held_out);
  add(ReadoutWeights::uniform, kEqualWeights, uniform_.fit);
}

Deployment Readouts::deploy(FitWeights weights, double beta) {
  const double asked = options_.weight_temperature.value_or(beta) / rewards_.sd();
  switch (weights) {
    case FitWeights::uniform:
      return {weights, beta, 0, 1, "equal weights, as asked for"};
    case FitWeights::label:
      return {weights, beta, head(ReadoutWeights::label, asked), 1, "as asked for"};
    case FitWeights::surrogate:
      return {weights, beta, head(ReadoutWeights::surrogate, asked), 1, "as asked for"};
    case FitWeights::automatic:
      return automatic(beta);
  }
  throw InternalError("no such weights");
}

HeldOutRewards Readouts::held_out() const {
  HeldOutRewards rewards{pilot_, {rewards_.values().begin(), rewards_.values().end()}};
  for (std::vector<double>* values : {&rewards.predicted, &rewards.observed}) {
    for (double& value : *values) value = rewards_.mean() + rewards_.sd() * value;
  }
  remove_group_means(rewards, rewards_.groups());
  return rewards;
}

void Readouts::add_remarks() const {
  if (constant_.empty()) return;
  std::string kinds;
  for (const std::string& kind : constant_) kinds += (kinds.empty() ? "" : ", ") + kind;
  reward_.remarks.push_back(
      "Readouts whose learned order does not agree with the rewards out of sample are constant; "
      "there are such with these weights: " +
      kinds + ".");
}

std::size_t Readouts::head(ReadoutWeights weights, double temperature) {
  const auto key = std::pair(weights, temperature);
  const auto found = heads_.find(key);
  if (found != heads_.end()) return found->second;
  const std::span<const double> values =
      weights == ReadoutWeights::label ? rewards_.values() : std::span<const double>(pilot_);
  const std::vector<CrossFit> fits = fit({rewards_.tilted_log_weights(values, temperature)});
  if (fits.empty()) return 0;  // cancelled
  return heads_[key] = add(weights, temperature, fits.front().fit);
}

Deployment Readouts::automatic(double beta) {
  ReadoutSample sample{.labels = rewards_.values(), .targets = targets_.values()};
  const std::vector<double> even = rewards_.even_log_weights();
  sample.base = {even, rewards_.groups(), kCaution};
  sample.tilted = [&](std::span<const double> values, double temperature) {
    return rewards_.tilted_log_weights(values, temperature);
  };
  sample.fit = [&](const std::vector<std::vector<double>>& log_weights) {
    return fit(log_weights);
  };
  sample.rewards = [&](std::vector<double> values) { return as_rewards(std::move(values)); };
  share(sample, beta / rewards_.sd());
  const AutomaticReadout found =
      automatic_readout(sample, uniform_, beta / rewards_.sd(),
                        {.rounds = 1, .shared = &shared_, .unit = rewards_.sd()});
  Deployment deployment{FitWeights::automatic, beta, 0, found.calibration.scale, found.reason};
  if (found.shares.empty()) return deployment;  // cancelled
  if (found.shares.front() < 1) {
    deployment.head = add(ReadoutWeights::automatic, found.weight_temperature, found.fit);
  }
  return deployment;
}

void Readouts::share(const ReadoutSample& sample, double beta) {
  if (planned_.empty() && shared_.empty()) {
    for (const double each : options_.deployment_temperatures) {
      const double temperature = each / rewards_.sd();
      planned_[temperature] = automatic_fits(sample, uniform_, temperature);
    }
  }
  const auto planned = planned_.find(beta);
  if (planned == planned_.end()) return;
  const auto looked_for = [&](const WeightKind& kind) {
    return std::ranges::any_of(planned_, [&](const auto& each) {
      return std::ranges::find(each.second, kind) != each.second.end();
    });
  };
  std::erase_if(shared_, [&](const auto& fit) { return !looked_for(fit.first); });
  const std::size_t most = std::max<std::size_t>(
      planned->second.size(), kFitBytes / (kFitNumbers * sizeof(double) * pilot_.size()));
  std::vector<WeightKind> next;
  const auto add = [&](const std::vector<WeightKind>& kinds) {
    for (const WeightKind& kind : kinds) {
      const bool known = shared_.contains(kind) || std::ranges::find(next, kind) != next.end();
      if (!known && next.size() < most) next.push_back(kind);
    }
  };
  add(planned->second);
  // In their order, which descends; by then some of their fits may be there.
  if (!next.empty()) {
    for (const double each : options_.deployment_temperatures) {
      const auto found = planned_.find(each / rewards_.sd());
      if (found != planned_.end()) add(found->second);
    }
  }
  planned_.erase(beta);
  share_fits(sample, uniform_, next, shared_);
}

std::vector<CrossFit> Readouts::fit(const std::vector<std::vector<double>>& log_weights) const {
  std::vector<double> factors;
  for (const std::vector<double>& weights : log_weights) {
    // The classical rate at which penalties grow as the effective sample shrinks.
    const double growth = std::sqrt(even_ess_ / diagnose_weights(weights).ess);
    const bool fixed = options_.ridge.rule == PenaltyRule::fixed;
    factors.push_back(fixed ? 1 : growth);
  }
  return fits_.fit(log_weights, factors);
}

std::size_t Readouts::add(ReadoutWeights weights, double temperature, const RidgeFit& fit) {
  RewardHead head;
  head.weights = weights;
  if (std::isfinite(temperature)) head.weight_temperature = temperature * rewards_.sd();
  head.readout = fits_.lift(fit.coefficients);
  for (double& a : head.readout) a *= targets_.sd();
  head.intercept = targets_.mean() + targets_.sd() * fit.intercept;
  head.penalty = fit.penalty;
  // A ridge regression's remarks speak of its small samples, which the effective sample size tells.
  if (options_.loss == ReadoutLoss::preferences && !fit.remark.empty()) {
    constant_.insert(head.weight_temperature ? std::string(readout_weights_name(weights))
                                             : "equal");
  }
  reward_.heads.push_back(std::move(head));
  reward_.head_ess.push_back(fit.weights.ess);
  return reward_.heads.size() - 1;
}

std::vector<double> Readouts::as_rewards(std::vector<double> values) const {
  for (double& value : values) {
    const double target = reward_.bounded(targets_.mean() + targets_.sd() * value);
    const double reward = reward_.reward_transform.inverse(target);
    if (!std::isfinite(reward)) {
      throw DataError(
          "--reward-transform " + reward_.reward_transform.request.text() +
          ": undone, a predicted reward is too large for a number; fit without --no-ceiling");
    }
    value = (reward - rewards_.mean()) / rewards_.sd();
  }
  return values;
}

}  // namespace esscher::internal
