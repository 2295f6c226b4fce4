#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "esscher/data/folds.h"
#include "esscher/pipeline/table_evaluation.h"
#include "single_index_table.h"

namespace esscher::testing_support {

/// Of a fit that takes hardly any time: intervals are looked at, not the reward.
inline EvaluationOptions quick_options(double beta) {
  EvaluationOptions options;
  options.training.deployment_temperatures = {beta};
  options.training.weights = {FitWeights::uniform};
  options.training.most_rounds = 0;
  options.training.folds = 2;
  options.training.landmarks = 40;
  options.training.ridge.rule = PenaltyRule::fixed;
  options.training.ridge.penalty = 0.01;
  options.training.threads = 1;
  return options;
}

/// What the policies of an evaluation's folds are truly worth, on average over its
/// rows, at its first temperature: by fresh rows.
inline double fold_truth(const RewardTable& table, const EvaluationOptions& options,
                         const SingleIndexTable& fresh, bool grouped) {
  std::vector<std::uint32_t> folds(table.folds.begin(), table.folds.end());
  auto count = static_cast<std::uint32_t>(options.folds);
  if (folds.empty()) {
    folds = assign_folds(table.rewards.size(), table.groups, options.folds, options.training.seed);
  } else {
    count = std::ranges::max(folds) + 1;
  }
  std::vector<std::uint64_t> rows(fresh.rewards.size());
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  double total = 0;
  for (std::uint32_t fold = 0; fold < count; ++fold) {
    const TrainedReward reward =
        train_reward(table, rows_not_in_fold(folds, fold), options.training);
    const Matrix<double> predictions = predict_rewards(reward, fresh.features, rows, 1);
    std::vector<double> r(rows.size());
    for (std::size_t i = 0; i < r.size(); ++i) {
      r[i] = predictions(i, TrainedReward::kFirstDeployment);
    }
    TableReference reference;
    reference.rows = r.size();
    if (grouped) reference.groups = fresh.groups;
    TablePolicyOptions policy;
    policy.beta = options.training.deployment_temperatures[0];
    policy.bootstrap = 0;
    total += static_cast<double>(rows_in_fold(folds, fold).size()) *
             table_policy_value(r, fresh.rewards, reference, policy).value.value;
  }
  return total / static_cast<double>(folds.size());
}

}  // namespace esscher::testing_support
