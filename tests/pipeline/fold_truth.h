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

/// The policies of an evaluation's folds, with equal weights, on fresh rows: of their figure at
/// each temperature the average over the table's rows.
inline std::vector<double> fold_figures(const RewardTable& table, const EvaluationOptions& options,
                                        const SingleIndexTable& fresh, bool grouped,
                                        TableEstimate TablePolicyValue::*figure) {
  std::vector<std::uint32_t> folds(table.folds.begin(), table.folds.end());
  auto count = static_cast<std::uint32_t>(options.folds);
  if (folds.empty()) {
    folds = assign_folds(table.rewards.size(), table.groups, options.folds, options.training.seed);
  } else {
    count = std::ranges::max(folds) + 1;
  }
  std::vector<std::uint64_t> rows(fresh.rewards.size());
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  const std::vector<double>& betas = options.training.deployment_temperatures;
  std::vector<double> figures(betas.size());
  for (std::uint32_t fold = 0; fold < count; ++fold) {
    const TrainedReward reward =
        train_reward(table, rows_not_in_fold(folds, fold), options.training);
    const Matrix<double> predictions = predict_rewards(reward, fresh.features, rows, 1);
    std::vector<double> r(rows.size());
    for (std::size_t b = 0; b < betas.size(); ++b) {
      const std::size_t column = reward.column(FitWeights::uniform, betas[b]);
      for (std::size_t i = 0; i < r.size(); ++i) r[i] = predictions(i, column);
      TableReference reference;
      reference.rows = r.size();
      if (grouped) reference.groups = fresh.groups;
      TablePolicyOptions policy;
      policy.beta = betas[b];
      policy.bootstrap = 0;
      figures[b] += static_cast<double>(rows_in_fold(folds, fold).size()) /
                    static_cast<double>(folds.size()) *
                    (table_policy_value(r, fresh.rewards, reference, policy).*figure).value;
    }
  }
  return figures;
}

/// What they are truly worth at the first temperature.
inline double fold_truth(const RewardTable& table, const EvaluationOptions& options,
                         const SingleIndexTable& fresh, bool grouped) {
  return fold_figures(table, options, fresh, grouped, &TablePolicyValue::value).front();
}

/// What they truly gain, at each temperature.
inline std::vector<double> fold_gains(const RewardTable& table, const EvaluationOptions& options,
                                      const SingleIndexTable& fresh) {
  return fold_figures(table, options, fresh, false, &TablePolicyValue::gain);
}

}  // namespace esscher::testing_support
