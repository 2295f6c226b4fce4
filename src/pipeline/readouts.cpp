#include "pipeline/readouts.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/temperature/weight_temperature.h"
#include "esscher/weights/log_weights.h"
#include "pipeline/preference_fit.h"

namespace esscher::internal {
namespace {

/// Moments of fits that share a pass, for one chunk of rows; a thread holds some four of them.
constexpr std::size_t kMomentBytes = std::size_t{1} << 25;
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
  CrossFit uniform =
      options.loss == ReadoutLoss::squared
          ? cross_fit_ridge(rows_, targets_.values(), even, folds_, ridge_, targets_.groups())
          : fit_preferences(even, ridge_);
  penalty_ = uniform.fit.penalty;
  even_ess_ = uniform.fit.weights.ess;
  parameters_ = static_cast<std::size_t>(std::ceil(uniform.fit.degrees_of_freedom));
  if (uniform.held_out.empty()) return;  // cancelled: the caller looks before it deploys
  pilot_ = std::move(uniform.held_out);
  become_rewards(pilot_);
  add(ReadoutWeights::uniform, kEqualWeights, uniform.fit);
}

Deployment Readouts::deploy(FitWeights weights, double beta) {
  const double asked = options_.weight_temperature.value_or(beta) / rewards_.sd();
  switch (weights) {
    case FitWeights::uniform:
      return {weights, beta, {0}, "equal weights, as asked for"};
    case FitWeights::label:
      return {weights, beta, {head(ReadoutWeights::label, asked)}, "as asked for"};
    case FitWeights::surrogate:
      return {weights, beta, {head(ReadoutWeights::surrogate, asked)}, "as asked for"};
    case FitWeights::automatic:
      return average(beta);
  }
  throw InternalError("no such weights");
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
  return heads_[key] = add(weights, temperature,
                           fit({rewards_.tilted_log_weights(values, temperature)}).front());
}

Deployment Readouts::average(double beta) {
  const std::vector<double> temperatures = weight_temperature_grid(beta / rewards_.sd());
  const std::size_t equal = temperatures.size() - 1;
  std::vector<double> ess;
  for (std::size_t i = 0; i < equal; ++i) {
    ess.push_back(diagnose_weights(rewards_.tilted_log_weights(pilot_, temperatures[i])).ess);
  }
  ess.push_back(even_ess_);
  // In the reward's unit, in which the sentence tells them.
  std::vector<double> told = temperatures;
  for (double& temperature : told) temperature *= rewards_.sd();
  const AveragedWeights taken = averaged_weights(told, ess, {.parameters = parameters_});

  const std::vector<double> even = rewards_.even_log_weights();
  Deployment deployment{FitWeights::automatic, beta, {}, taken.reason};
  std::vector<double> missing;
  std::vector<std::vector<double>> defended;
  for (std::size_t i = taken.first; i < equal; ++i) {
    if (defended_.contains(temperatures[i])) continue;
    missing.push_back(temperatures[i]);
    defended.push_back(
        defensive_log_weights(rewards_.tilted_log_weights(pilot_, temperatures[i]), even));
  }
  const std::vector<RidgeFit> fits = fit(std::move(defended));
  for (std::size_t i = 0; i < missing.size(); ++i) {
    defended_[missing[i]] = add(ReadoutWeights::surrogate, missing[i], fits[i]);
  }
  for (std::size_t i = taken.first; i < equal; ++i) {
    deployment.heads.push_back(defended_.at(temperatures[i]));
  }
  deployment.heads.push_back(0);
  return deployment;
}

std::vector<RidgeFit> Readouts::fit(std::vector<std::vector<double>> log_weights) const {
  std::vector<double> penalties;
  for (const std::vector<double>& weights : log_weights) {
    // The classical rate at which penalties grow as the effective sample shrinks.
    const double growth = std::sqrt(even_ess_ / diagnose_weights(weights).ess);
    penalties.push_back(ridge_.rule == PenaltyRule::fixed ? ridge_.penalty : penalty_ * growth);
  }
  const bool squared = options_.loss == ReadoutLoss::squared;
  if (squared && targets_.groups().empty()) return share_passes(std::move(log_weights), penalties);
  // Means of groups, or pairs, for one weights at a time: they may take much memory.
  std::vector<RidgeFit> fits;
  RidgeOptions ridge = ridge_;
  ridge.rule = PenaltyRule::fixed;
  for (std::size_t i = 0; i < penalties.size(); ++i) {
    if (options_.callbacks.cancelled()) return std::vector<RidgeFit>(penalties.size());
    ridge.penalty = penalties[i];
    fits.push_back(
        squared ? fit_ridge(rows_, targets_.values(), log_weights[i], ridge, targets_.groups())
                : fit_preferences(log_weights[i], ridge).fit);
  }
  return fits;
}

std::vector<RidgeFit> Readouts::share_passes(std::vector<std::vector<double>> log_weights,
                                             std::span<const double> penalties) const {
  const std::size_t bytes = (rows_.columns() + 1) * (rows_.columns() + 1) * sizeof(double);
  const std::size_t most = std::max<std::size_t>(1, kMomentBytes / bytes);
  std::vector<RidgeFit> fits;
  for (std::size_t begin = 0; begin < penalties.size(); begin += most) {
    const std::size_t count = std::min(most, penalties.size() - begin);
    std::vector<std::vector<double>> some;
    for (std::size_t i = begin; i < begin + count; ++i) some.push_back(std::move(log_weights[i]));
    std::ranges::move(fit_ridges(rows_, targets_.values(), std::move(some),
                                 penalties.subspan(begin, count), ridge_),
                      std::back_inserter(fits));
  }
  return fits;
}

CrossFit Readouts::fit_preferences(std::span<const double> log_weights,
                                   const RidgeOptions& ridge) const {
  PreferenceFitOptions preferences{
      .seed = options_.seed, .threads = options_.threads, .callbacks = options_.callbacks};
  if (ridge.rule == PenaltyRule::fixed) preferences.penalty = ridge.penalty;
  return cross_fit_preferences(rows_, targets_.values(), log_weights, folds_, targets_.groups(),
                               targets_.even_log_weights(), preferences);
}

std::size_t Readouts::add(ReadoutWeights weights, double temperature, const RidgeFit& fit) {
  RewardHead head;
  head.weights = weights;
  if (std::isfinite(temperature)) head.weight_temperature = temperature * rewards_.sd();
  head.readout = fit.coefficients;
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

void Readouts::become_rewards(std::vector<double>& values) const {
  if (reward_.ceiling) {
    for (double& value : values) value = std::min(value, targets_.greatest());
  }
  if (reward_.reward_transform.request.kind == RewardTransformKind::none) return;
  for (double& value : values) {
    const double reward = reward_.reward_transform.inverse(targets_.mean() + targets_.sd() * value);
    if (!std::isfinite(reward)) {
      throw DataError(
          "--reward-transform " + reward_.reward_transform.request.text() +
          ": undone, a predicted reward is too large for a number; fit without --no-ceiling");
    }
    value = (reward - rewards_.mean()) / rewards_.sd();
  }
}

}  // namespace esscher::internal
