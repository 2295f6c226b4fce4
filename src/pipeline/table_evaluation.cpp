#include "esscher/pipeline/table_evaluation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/data/folds.h"
#include "esscher/temperature/simultaneous_gains.h"
#include "esscher/weights/log_weights.h"
#include "pipeline/merged_table.h"

namespace esscher {
namespace {

constexpr const char* kLinear = "linear";

/// Held-out predictions of one kind of reward, one vector a temperature.
struct HeldOut {
  std::string name;
  std::vector<std::vector<double>> predictions;
};

/// Prior-weighted second moments of r and y about the means of their cells (groups, or folds).
struct Spread {
  double rr = 0;
  double yy = 0;
  double ry = 0;

  double correlation() const { return rr > 0 && yy > 0 ? ry / std::sqrt(rr * yy) : 0; }
};

Spread spread(std::span<const double> r, std::span<const double> y,
              std::span<const std::uint32_t> cells, std::vector<double> log_weights) {
  log_weights.resize(r.size());
  normalise_log_weights(log_weights);
  const std::size_t count = std::size_t{std::ranges::max(cells)} + 1;
  // From a cell's first row on, so that a constant has no rounding error.
  std::vector<std::size_t> first(count);
  for (std::size_t i = r.size(); i-- > 0;) first[cells[i]] = i;
  std::vector<double> mass(count);
  std::vector<double> r_mean(count);
  std::vector<double> y_mean(count);
  for (std::size_t i = 0; i < r.size(); ++i) {
    const std::size_t c = cells[i];
    const double w = std::exp(log_weights[i]);
    mass[c] += w;
    r_mean[c] += w * (r[i] - r[first[c]]);
    y_mean[c] += w * (y[i] - y[first[c]]);
  }
  Spread result;
  for (std::size_t i = 0; i < r.size(); ++i) {
    const std::size_t c = cells[i];
    const double w = std::exp(log_weights[i]);
    if (!(w > 0)) continue;
    const double a = (r[i] - r[first[c]]) - r_mean[c] / mass[c];
    const double b = (y[i] - y[first[c]]) - y_mean[c] / mass[c];
    result.rr += w * a * a;
    result.yy += w * b * b;
    result.ry += w * a * b;
  }
  return result;
}

TrainingOptions with_uniform(TrainingOptions options) {
  if (std::ranges::find(options.weights, FitWeights::uniform) == options.weights.end()) {
    options.weights.push_back(FitWeights::uniform);
  }
  return options;
}

void add_remarks(const TableEvaluation& evaluation, std::vector<std::string>& remarks) {
  const RewardEvaluation& first = evaluation.rewards.front();
  const RewardEvaluation& linear = evaluation.rewards.back();
  if (first.correlation < linear.correlation) {
    remarks.push_back("Held-out correlation with the reward is lower for the network (" +
                      number_text(first.correlation, 3) + ") than for the linear baseline (" +
                      number_text(linear.correlation, 3) + ").");
  }
}

/// Advice on each reward, and which of them to take: all from intervals that hold at once.
void advise(TableEvaluation& evaluation, const EvaluationOptions& options) {
  std::vector<const TablePolicyValue*> policies;
  for (const RewardEvaluation& reward : evaluation.rewards) {
    for (const TablePolicyValue& policy : reward.policies) policies.push_back(&policy);
  }
  const SimultaneousGains gains =
      simultaneous_gains(policies, options.alpha, options.training.seed);
  auto next = gains.intervals.begin();
  double most = 0;
  for (std::size_t k = 0; k < evaluation.rewards.size(); ++k) {
    RewardEvaluation& reward = evaluation.rewards[k];
    const auto end = next + static_cast<std::ptrdiff_t>(reward.policies.size());
    reward.gains.assign(next, end);
    next = end;
    reward.advice = advise_deployment(reward.policies, reward.gains);
    for (TablePolicyValue& policy : reward.policies) policy.gain_influence.clear();
    if (reward.advice.gain && cautious_gain(*reward.advice.gain) > most) {
      most = cautious_gain(*reward.advice.gain);
      evaluation.recommended = k;
    }
  }
}

/// Where each row is a design of its own.
TableEvaluation evaluate_distinct(const RewardTable& table, const EvaluationOptions& options) {
  const TrainingOptions training = with_uniform(options.training);
  const std::size_t n = table.rewards.size();
  const std::vector<std::uint32_t> folds =
      assign_folds(n, table.clusters.empty() ? table.groups : table.clusters, options.folds,
                   training.seed, "--evaluation-folds");
  const std::vector<double>& betas = training.deployment_temperatures;
  TableEvaluation result;
  std::vector<HeldOut> held_out;
  for (const FitWeights weights : training.weights) {
    held_out.push_back({std::string(fit_weights_name(weights)),
                        std::vector(betas.size(), std::vector<double>(n))});
    RewardEvaluation evaluation{.name = held_out.back().name, .policies = {}, .advice = {}};
    evaluation.weight_temperatures.resize(betas.size());
    result.rewards.push_back(std::move(evaluation));
  }
  held_out.push_back({kLinear, std::vector(betas.size(), std::vector<double>(n))});
  result.rewards.push_back({.name = kLinear, .policies = {}, .advice = {}});

  for (int fold = 0; fold < options.folds; ++fold) {
    const auto number = static_cast<std::uint32_t>(fold);
    const TrainedReward reward =
        internal::train_distinct(table, rows_not_in_fold(folds, number), training);
    if (training.callbacks.cancelled()) {
      result.cancelled = true;
      return result;
    }
    const std::vector<std::uint64_t> rows = rows_in_fold(folds, number);
    result.folds.push_back({n - rows.size(), reward.landmarks.rows(), reward.chosen_round,
                            reward.rounds[reward.chosen_round].error, reward.heads.front().penalty,
                            reward.linear.penalty, reward.reward_sd});
    const Matrix<double> predictions =
        predict_rewards(reward, table.features, rows, training.threads);
    for (std::size_t kind = 0; kind < held_out.size(); ++kind) {
      const bool linear = kind == training.weights.size();
      for (std::size_t b = 0; b < betas.size(); ++b) {
        const std::size_t column =
            linear ? TrainedReward::kLinear : reward.column(training.weights[kind], betas[b]);
        for (std::size_t i = 0; i < rows.size(); ++i) {
          held_out[kind].predictions[b][rows[i]] = predictions(i, column);
        }
        if (!linear) {
          result.rewards[kind].weight_temperatures[b].push_back(
              reward.heads[reward.deployment(training.weights[kind], betas[b]).head]
                  .weight_temperature.value_or(std::numeric_limits<double>::infinity()));
        }
      }
    }
    for (const std::string& remark : reward.remarks) {
      if (std::ranges::find(result.remarks, remark) == result.remarks.end()) {
        result.remarks.push_back(remark);
      }
    }
  }

  const std::span<const double> gold = options.gold.empty() ? table.rewards : options.gold;
  // One policy, normalised over all rows, in which each row's reward comes from a model that has
  // not seen it: that models of different folds differ costs less than to tell each of their
  // policies from its own fold's rows alone.
  const TableReference reference{.rows = n,
                                 .groups = table.groups,
                                 .log_weights = table.log_weights,
                                 .clusters = table.clusters};
  const std::span<const std::uint32_t> cells =
      table.groups.empty() ? std::span<const std::uint32_t>(folds) : table.groups;
  const std::vector<double> log_weights(table.log_weights.begin(), table.log_weights.end());
  TablePolicyOptions policy;
  policy.bootstrap = options.enumerated ? 0 : options.bootstrap;
  policy.enumerated = options.enumerated;
  policy.influence = true;
  policy.seed = training.seed;
  policy.threads = training.threads;
  // A gold reward that is the same throughout each group prefers nobody.
  bool ranked = training.loss == ReadoutLoss::preferences;
  if (ranked) {
    const PreferenceCounts counts = count_preferences(gold, table.groups);
    ranked = counts.pairs > counts.ties;
  }
  for (std::size_t kind = 0; kind < held_out.size(); ++kind) {
    RewardEvaluation& evaluation = result.rewards[kind];
    for (std::size_t b = 0; b < betas.size(); ++b) {
      policy.beta = betas[b];
      const std::vector<double>& r = held_out[kind].predictions[b];
      evaluation.policies.push_back(table_policy_value(r, gold, reference, policy));
      const double candidates = equivalent_n(std::max(0.0, evaluation.policies.back().kl.value));
      evaluation.best_of_n.push_back(
          best_of_n_value(r, gold, reference, {candidates, options.enumerated}));
    }
    evaluation.correlation =
        spread(held_out[kind].predictions.front(), gold, cells, log_weights).correlation();
    if (ranked) {
      RewardTable measured = table;
      measured.rewards = gold;
      evaluation.preferences =
          preference_quality(held_out[kind].predictions.front(), measured, training.seed);
    }
  }
  if (training.loss == ReadoutLoss::preferences) {
    result.preferences = count_preferences(table.rewards, table.groups);
  }
  advise(result, options);
  policy.bootstrap = 0;
  policy.influence = false;
  for (const double beta : betas) {
    policy.beta = beta;
    result.attainable_gain.push_back(table_policy_value(gold, gold, reference, policy).gain.value);
  }
  add_remarks(result, result.remarks);
  if (!options.gold.empty()) {
    const std::vector<std::uint32_t> whole(n);
    const Spread both = spread(
        table.rewards, gold,
        table.groups.empty() ? std::span<const std::uint32_t>(whole) : table.groups, log_weights);
    const double sd = std::sqrt(both.rr);
    const double gold_sd = std::sqrt(both.yy);
    if (gold_sd > 2 * sd || sd > 2 * gold_sd) {
      result.remarks.push_back(
          "The gold reward's standard deviation is " + number_text(gold_sd, 3) +
          ", the learned reward's " + number_text(sd, 3) +
          ": gain = gold - beta KL mixes their units; scale the gold reward to the learned one's "
          "unit.");
    }
  }
  return result;
}

}  // namespace

TableEvaluation evaluate_table(const RewardTable& table, const EvaluationOptions& options) {
  if (table.pairs) {
    throw UsageError("pairs have no reward to value a policy by; evaluate them as pairs");
  }
  if (!options.gold.empty() && options.gold.size() != table.rewards.size()) {
    throw UsageError(rejection("--gold", std::to_string(options.gold.size()) + " values",
                               "there are " + std::to_string(table.rewards.size()) + " rewards"));
  }
  std::vector<std::uint64_t> rows(table.rewards.size());
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  const internal::MergedTable merged(table, rows, options.training.reward_transform,
                                     options.training.threads);
  EvaluationOptions distinct = options;
  const std::vector<double> gold = merged.merged(options.gold);
  distinct.gold = gold;
  // Each fold needs two designs, or groups, to tell an error.
  const RewardTable own = merged.table();
  const std::size_t units = merged.units();
  const bool fewer = merged.replicates() && units >= 4 &&
                     2 * static_cast<std::size_t>(std::max(0, options.folds)) > units;
  if (fewer) distinct.folds = static_cast<int>(units / 2);
  distinct.training.folds =
      merged.folds(options.training.folds,
                   units - units / static_cast<std::size_t>(std::max(2, distinct.folds)));
  TableEvaluation result = evaluate_distinct(own, distinct);
  if (fewer) {
    result.remarks.push_back("There are only " + std::to_string(units) +
                             " distinct designs, or groups of them: evaluated on " +
                             std::to_string(distinct.folds) + " folds.");
  }
  result.replicates = merged.replicates();
  return result;
}

}  // namespace esscher
