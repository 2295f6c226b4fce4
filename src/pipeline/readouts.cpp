#include "pipeline/readouts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "esscher/base/error.h"
#include "esscher/temperature/weight_temperature.h"
#include "esscher/weights/log_weights.h"
#include "pipeline/preference_fit.h"

namespace esscher::internal {
namespace {

constexpr double kEqualWeights = std::numeric_limits<double>::infinity();

}  // namespace

Readouts::Readouts(const DesignRows& rows, const TrainingLabels& targets,
                   const TrainingLabels& rewards, std::span<const std::uint32_t> folds,
                   const TrainingOptions& options, TrainedReward& reward)
    : rows_(rows),
      targets_(targets),
      rewards_(rewards),
      folds_(folds),
      options_(options),
      reward_(reward) {
  ridge_ = options.ridge;
  ridge_.threads = options.threads;
  ridge_.callbacks = options.callbacks;
  const std::vector<double> even = targets.even_log_weights();
  CrossFit uniform = fit(even, ridge_);
  penalty_ = uniform.fit.penalty;
  even_ess_ = uniform.fit.weights.ess;
  parameters_ = static_cast<std::size_t>(std::ceil(uniform.fit.degrees_of_freedom));
  if (uniform.held_out.empty()) return;  // cancelled: the caller looks before it deploys
  pilot_ = uniform.held_out;
  become_rewards(pilot_);
  if (options.loss == ReadoutLoss::preferences && !uniform.fit.remark.empty()) {
    reward.remarks.push_back(uniform.fit.remark);
  }
  add(ReadoutWeights::uniform, kEqualWeights, std::move(uniform));
}

Deployment Readouts::deploy(FitWeights weights, double beta) {
  const double scaled = beta / rewards_.sd();
  const double asked = options_.weight_temperature.value_or(beta) / rewards_.sd();
  switch (weights) {
    case FitWeights::uniform:
      return {weights, beta, 0, "equal weights, as asked for"};
    case FitWeights::label:
      return {weights, beta, head(ReadoutWeights::label, asked), "as asked for"};
    case FitWeights::surrogate:
      return {weights, beta, head(ReadoutWeights::surrogate, asked), "as asked for"};
    case FitWeights::automatic:
      return choose(beta, scaled);
  }
  throw InternalError("no such weights");
}

std::size_t Readouts::head(ReadoutWeights weights, double temperature) {
  if (weights == ReadoutWeights::uniform || !std::isfinite(temperature)) return 0;
  const auto key = std::pair(weights, temperature);
  const auto found = index_.find(key);
  if (found != index_.end()) return found->second;
  const std::span<const double> values =
      weights == ReadoutWeights::label ? rewards_.values() : std::span<const double>(pilot_);
  const std::vector<double> log_weights = rewards_.tilted_log_weights(values, temperature);
  RidgeOptions ridge = ridge_;
  if (ridge.rule != PenaltyRule::fixed) {
    ridge.rule = PenaltyRule::fixed;
    // The classical rate at which penalties grow as the effective sample shrinks.
    ridge.penalty = penalty_ * std::sqrt(even_ess_ / diagnose_weights(log_weights).ess);
  }
  return add(weights, temperature, fit(log_weights, ridge));
}

CrossFit Readouts::fit(std::span<const double> log_weights, const RidgeOptions& ridge) const {
  if (options_.loss == ReadoutLoss::squared) {
    return cross_fit_ridge(rows_, targets_.values(), log_weights, folds_, ridge, targets_.groups());
  }
  PreferenceFitOptions preferences{
      .seed = options_.seed, .threads = options_.threads, .callbacks = options_.callbacks};
  if (ridge.rule == PenaltyRule::fixed) preferences.penalty = ridge.penalty;
  return cross_fit_preferences(rows_, targets_.values(), log_weights, folds_, targets_.groups(),
                               targets_.even_log_weights(), preferences);
}

std::size_t Readouts::add(ReadoutWeights weights, double temperature, CrossFit fit) {
  const double sd = targets_.sd();
  RewardHead head;
  head.weights = weights;
  if (std::isfinite(temperature)) head.weight_temperature = temperature * rewards_.sd();
  head.readout = std::move(fit.fit.coefficients);
  for (double& a : head.readout) a *= sd;
  head.intercept = targets_.mean() + sd * fit.fit.intercept;
  head.penalty = fit.fit.penalty;
  reward_.heads.push_back(std::move(head));
  reward_.head_ess.push_back(fit.fit.weights.ess);
  become_rewards(fit.held_out);
  for (double& value : fit.held_out) value *= rewards_.sd();
  held_out_.push_back(std::move(fit.held_out));
  const std::size_t index = held_out_.size() - 1;
  index_[{weights, temperature}] = index;
  return index;
}

Deployment Readouts::choose(double beta, double scaled) {
  std::vector<std::size_t> heads;
  std::vector<double> temperatures;
  for (const double temperature : weight_temperature_grid(scaled)) {
    heads.push_back(head(ReadoutWeights::surrogate, temperature));
    temperatures.push_back(temperature * rewards_.sd());
    if (options_.callbacks.cancelled()) return {FitWeights::automatic, beta, 0, "cancelled"};
  }
  std::vector<WeightCandidate> candidates;
  for (std::size_t i = 0; i < heads.size(); ++i) {
    candidates.push_back({temperatures[i], reward_.head_ess[heads[i]], held_out_[heads[i]]});
  }
  // In the reward's unit, in which the sentence tells temperatures.
  std::vector<double> unit_rewards(rewards_.values().begin(), rewards_.values().end());
  for (double& y : unit_rewards) y *= rewards_.sd();
  const WeightTemperatureChoice choice = choose_weight_temperature(
      beta, candidates, {unit_rewards, folds_, rewards_.groups(), rewards_.log_weights()},
      {.parameters = parameters_});
  return {FitWeights::automatic, beta, heads[choice.candidate], choice.reason};
}

void Readouts::become_rewards(std::vector<double>& values) const {
  if (reward_.ceiling) {
    for (double& value : values) value = std::min(value, targets_.greatest());
  }
  if (reward_.reward_transform.request.kind == RewardTransformKind::none) return;
  for (double& value : values) {
    const double reward = reward_.reward_transform.inverse(targets_.mean() + targets_.sd() * value);
    value = (reward - rewards_.mean()) / rewards_.sd();
  }
}

}  // namespace esscher::internal
