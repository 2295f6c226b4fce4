#include "esscher/pipeline/table_evaluation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"
#include "esscher/data/folds.h"
#include "esscher/temperature/simultaneous_gains.h"
#include "features/learn_features_progress.h"
#include "pipeline/against_target.h"
#include "pipeline/best_of_n_choices.h"
#include "pipeline/dominant_reward.h"
#include "pipeline/evaluation_folds.h"
#include "pipeline/gain_ceilings.h"
#include "pipeline/held_out.h"
#include "pipeline/held_out_spread.h"
#include "pipeline/merged_table.h"
#include "pipeline/noise_free_gain.h"
#include "pipeline/single_column.h"
#include "pipeline/told_gains.h"
#include "pipeline/valued_rows.h"
#include "policy/shared_cells.h"

namespace esscher {
namespace {

using internal::spread;
using internal::Spread;

constexpr const char* kLinear = "linear";

/// Held-out predictions of one kind of reward, one vector a temperature.
struct HeldOut {
  std::string name;
  std::vector<std::vector<double>> predictions;  ///< of the linear baseline one for all

  std::span<const double> at(std::size_t b) const {
    return predictions[std::min(b, predictions.size() - 1)];
  }
};

/// Puts the predictions of \p rows of \p features at \p places.
template <class Places>
void predict_fold(const TrainedReward& reward, const FeatureRows& features,
                  std::span<const std::uint64_t> rows, const Places& places,
                  const TrainingOptions& training, std::vector<HeldOut>& held_out) {
  // In blocks: a reference may be far longer than the table.
  constexpr std::size_t kBlock = 65536;
  for (std::size_t begin = 0; begin < rows.size(); begin += kBlock) {
    const auto block = rows.subspan(begin, std::min(kBlock, rows.size() - begin));
    const Matrix<double> predictions = predict_rewards(reward, features, block, training.threads);
    for (std::size_t kind = 0; kind < held_out.size(); ++kind) {
      for (std::size_t b = 0; b < held_out[kind].predictions.size(); ++b) {
        const std::size_t column =
            kind == training.weights.size()
                ? TrainedReward::kLinear
                : reward.column(training.weights[kind], training.deployment_temperatures[b]);
        for (std::size_t i = 0; i < block.size(); ++i) {
          held_out[kind].predictions[b][places[begin + i]] = predictions(i, column);
        }
      }
    }
  }
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
/// \param draws  of the table, by which correlations are judged
void advise(TableEvaluation& evaluation, const EvaluationOptions& options, double draws) {
  std::vector<RewardFacts> facts;
  for (const RewardEvaluation& reward : evaluation.rewards) {
    facts.push_back({RewardOrigin::learned, internal::surely_positive(reward.correlation, draws)});
  }
  if (options.target) {
    internal::AgainstTarget against(*options.target, false);
    for (const RewardEvaluation& reward : evaluation.rewards) {
      against.add_tilts(reward.name, reward.policies);
    }
    for (const RewardEvaluation& reward : evaluation.rewards) {
      against.add_best_of_n(reward.name, reward.best_of_n);
    }
    evaluation.target = against.answer(options.alpha, options.training.seed);
  }
  std::vector<internal::GainSeries<TablePolicyValue>> tilts;
  std::vector<internal::ChoiceSeries> choices;
  for (std::size_t k = 0; k < evaluation.rewards.size(); ++k) {
    RewardEvaluation& reward = evaluation.rewards[k];
    tilts.push_back(internal::gain_series(reward.policies, reward.gains, reward.of_labelled));
    choices.push_back(
        {internal::gain_series(reward.best_of_n, reward.best_of_n_gains, reward.of_labelled),
         reward.best_of_n_advice, reward.best_of_n_forecast, facts[k]});
  }
  internal::tell_gains(tilts, options.alpha, options.training.seed);
  double most = 0;
  for (std::size_t k = 0; k < evaluation.rewards.size(); ++k) {
    RewardEvaluation& reward = evaluation.rewards[k];
    reward.advice =
        advise_deployment(reward.policies, reward.gains, facts[k], tilts[k].of_labelled());
    if (reward.advice.gain && cautious_gain(*reward.advice.gain) > most) {
      most = cautious_gain(*reward.advice.gain);
      evaluation.recommended = k;
    }
  }
  evaluation.recommended_best_of_n =
      internal::advise_choices(choices, options.alpha, options.training.seed);
}

/// Names a column that tells nearly as much as the first reward, in its verdict.
void name_single_column(const RewardTable& table, std::span<const double> gold,
                        std::span<const std::uint32_t> folds, const EvaluationOptions& options,
                        TableEvaluation& result) {
  RewardEvaluation& first = result.rewards.front();
  result.single_column =
      internal::telling_column(table, gold, folds, options.columns, first.correlation,
                               options.training.seed, options.training.threads);
  if (!result.single_column) return;
  const double share = result.single_column->share;
  const std::string question = in_quotes(result.single_column->name) + " alone gives " +
                               (share < 0.995 ? number_text(share, 2) + " of" : "all of") +
                               " the correlation: is it known when a candidate is chosen?";
  first.advice.verdict += " " + question;
  // Whichever reward is looked at.
  if (result.recommended && *result.recommended != 0) {
    result.rewards[*result.recommended].advice.verdict += " " + question;
  }
}

/// Where each row is a design of its own.
TableEvaluation evaluate_distinct(const RewardTable& table, const EvaluationOptions& options,
                                  const std::optional<internal::LabelNoise>& noise) {
  const TrainingOptions training = with_uniform(options.training);
  const std::size_t n = table.rewards.size();
  int fold_count = options.folds;
  const std::vector<std::uint32_t> folds =
      internal::evaluation_folds(table, training.seed, fold_count);
  const std::vector<double>& betas = training.deployment_temperatures;
  const std::span<const double> gold = options.gold.empty() ? table.rewards : options.gold;
  const internal::ValuedRows valued(table, gold, options.reference, folds, training.seed,
                                    training.threads);
  TableEvaluation result;
  result.reference_rows = options.reference ? options.reference->features.rows() : 0;
  result.reference_groups = valued.new_groups();
  result.reference_copies = valued.copies();
  std::vector<HeldOut> held_out;
  for (const FitWeights weights : training.weights) {
    held_out.push_back({std::string(fit_weights_name(weights)),
                        std::vector(betas.size(), std::vector<double>(valued.rows()))});
    RewardEvaluation evaluation{.name = held_out.back().name, .policies = {}, .advice = {}};
    evaluation.weight_temperatures.resize(betas.size());
    result.rewards.push_back(std::move(evaluation));
  }
  held_out.push_back({kLinear, {std::vector<double>(valued.rows())}});
  result.rewards.push_back({.name = kLinear, .policies = {}, .advice = {}});

  internal::StageProgress progress(training.callbacks, "folds",
                                   static_cast<std::uint64_t>(fold_count));
  for (int fold = 0; fold < fold_count; ++fold) {
    progress.at(static_cast<std::uint64_t>(fold));
    const auto number = static_cast<std::uint32_t>(fold);
    const TrainedReward reward =
        internal::train_distinct(table, rows_not_in_fold(folds, number), training);
    if (training.callbacks.cancelled()) {
      result.cancelled = true;
      return result;
    }
    const std::vector<std::uint64_t> rows = rows_in_fold(folds, number);
    const std::string name =
        number < table.fold_names.size() ? table.fold_names[number] : std::string();
    result.folds.push_back({name, rows.size(), 0, n - rows.size(), reward.landmarks.rows(),
                            reward.chosen_round, reward.rounds[reward.chosen_round].error,
                            reward.heads.front().penalty, reward.linear.penalty, reward.reward_sd});
    predict_fold(reward, table.features, rows, rows, training, held_out);
    if (options.reference) {
      const internal::ValuedRows::FoldRows more = valued.reference_in_fold(number);
      predict_fold(reward, options.reference->features, more.rows, more.places, training, held_out);
    }
    for (std::size_t kind = 0; kind < training.weights.size(); ++kind) {
      for (std::size_t b = 0; b < betas.size(); ++b) {
        result.rewards[kind].weight_temperatures[b].push_back(
            reward.heads[reward.deployment(training.weights[kind], betas[b]).head]
                .weight_temperature.value_or(std::numeric_limits<double>::infinity()));
      }
    }
    for (const std::string& remark : reward.remarks) {
      if (std::ranges::find(result.remarks, remark) == result.remarks.end()) {
        result.remarks.push_back(remark);
      }
    }
  }
  progress.finish();

  // One policy, normalised over all rows, in which each row's reward comes from a model that has
  // not seen it: that models of different folds differ costs less than to tell each of their
  // policies from its own fold's rows alone.
  const TableReference& reference = valued.reference();
  const std::span<const std::uint32_t> cells =
      table.groups.empty() ? std::span<const std::uint32_t>(folds) : table.groups;
  const std::vector<double> log_weights(table.log_weights.begin(), table.log_weights.end());
  TablePolicyOptions policy;
  policy.bootstrap = options.enumerated || options.reference ? 0 : options.bootstrap;
  policy.enumerated = options.enumerated;
  std::vector<double> label_noise;
  if (options.enumerated && noise) label_noise = noise->of_rows();
  policy.label_noise = label_noise;
  policy.influence = true;
  policy.seed = training.seed;
  policy.threads = training.threads;
  // A gold reward that is the same throughout each group prefers nobody.
  bool ranked = training.loss == ReadoutLoss::preferences;
  if (ranked) {
    const PreferenceCounts counts = count_preferences(gold, table.groups);
    ranked = counts.pairs > counts.ties;
  }
  const internal::TableCells reference_cells = internal::table_cells(reference);
  const std::optional<internal::TableCells> labelled =
      valued.labelled_cells(held_out.front().at(0));
  for (std::size_t kind = 0; kind < held_out.size(); ++kind) {
    RewardEvaluation& evaluation = result.rewards[kind];
    for (std::size_t b = 0; b < betas.size(); ++b) {
      policy.beta = betas[b];
      const std::span<const double> r = held_out[kind].at(b);
      const std::vector<double> expected = valued.expected(r, betas[b]);
      policy.predicted = expected;
      evaluation.policies.push_back(
          internal::table_policy_value(r, valued.gold(), reference_cells, policy));
      fold_influences(evaluation.policies.back());
      if (labelled) {
        policy.predicted = {};
        std::vector<TablePolicyValue>& alone = evaluation.of_labelled.policies;
        alone.push_back(internal::table_policy_value(r.first(n), gold, *labelled, policy));
        internal::price_by_all(evaluation.policies.back(), alone.back());
        fold_influences(alone.back());
      }
      const double candidates = equivalent_n(std::max(0.0, evaluation.policies.back().kl.value));
      const std::vector<double> of_best = valued.expected_of_best(r, candidates);
      evaluation.equal_kl.push_back(
          internal::best_of_n_value(internal::RankedCells(reference_cells, r), valued.gold(),
                                    {.n = candidates,
                                     .enumerated = options.enumerated,
                                     .predicted = of_best,
                                     .label_noise = label_noise}));
    }
    const std::span<const double> first = held_out[kind].at(0);
    std::vector<double> candidates = options.best_of;
    if (labelled) {
      candidates = internal::labelled_choices(first.first(n), gold, *labelled, candidates,
                                              evaluation.of_labelled.best_of_n);
    }
    evaluation.best_of_n = internal::best_of_n_choices(
        first, valued.gold(), reference_cells,
        {.enumerated = options.enumerated, .label_noise = label_noise},
        [&](double of) { return valued.expected_of_best(first, of); }, candidates);
    evaluation.correlation =
        spread(held_out[kind].at(0).first(n), gold, cells, log_weights).correlation();
    if (ranked) {
      RewardTable measured = table;
      measured.rewards = gold;
      evaluation.preferences =
          preference_quality(held_out[kind].at(0).first(n), measured, training.seed);
    }
  }
  if (training.loss == ReadoutLoss::preferences) {
    result.preferences = count_preferences(table.rewards, table.groups);
  }
  for (std::uint32_t fold = 0; fold < result.folds.size(); ++fold) {
    std::vector<double> r;
    std::vector<double> y;
    std::vector<std::uint32_t> own;
    std::vector<double> weights;
    for (const std::uint64_t row : rows_in_fold(folds, fold)) {
      r.push_back(held_out.front().at(0)[row]);
      y.push_back(gold[row]);
      own.push_back(cells[row]);
      if (!log_weights.empty()) weights.push_back(log_weights[row]);
    }
    result.folds[fold].correlation = spread(r, y, own, std::move(weights)).correlation();
  }
  advise(result, options, internal::draws(internal::drawn_together(table), n, log_weights));
  name_single_column(table, gold, folds, options, result);
  const std::span<const double> seen = held_out.front().at(0).first(n);
  result.held_out = {{seen.begin(), seen.end()}, {gold.begin(), gold.end()}};
  internal::remove_group_means(result.held_out, table.groups);
  if (noise) result.label_noise = noise->sd;
  if (options.enumerated && !noise) result.remarks.emplace_back(internal::kExactOfLabels);
  if (options.reference) {
    result.attainable_gain.assign(betas.size(), std::numeric_limits<double>::quiet_NaN());
  } else {
    internal::add_gain_ceilings(table, gold, reference, noise, betas, policy, result);
  }
  add_remarks(result, result.remarks);
  if (const auto remark = valued.draw_remark(held_out.front().at(0))) {
    result.remarks.push_back(*remark);
  }
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
  validate(options.training, table);
  internal::check_candidates(options.best_of);
  if (options.target) internal::AgainstTarget(*options.target, !table.groups.empty());
  if (options.enumerated && options.reference) {
    throw UsageError(
        "--enumerated: nobody knows the rewards of --reference; leave --enumerated out, the "
        "library "
        "as a reference will do");
  }
  std::vector<std::uint64_t> rows(table.rewards.size());
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  // Rows of a reference are draws, which its parts would not be beside them.
  const internal::MergedTable merged(table, rows, options.training.reward_transform,
                                     options.training.threads, !options.reference);
  EvaluationOptions distinct = options;
  const std::vector<double> gold = merged.merged(options.gold);
  distinct.gold = gold;
  // Each fold needs two designs, or groups, to tell an error.
  const RewardTable own = merged.table();
  const auto noise =
      merged.noise(options.gold.empty() ? table.rewards : options.gold, options.label_noise);
  const std::size_t units = merged.units();
  const bool fewer = own.folds.empty() && merged.replicates() && units >= 4 &&
                     2 * static_cast<std::size_t>(std::max(0, options.folds)) > units;
  if (fewer) distinct.folds = static_cast<int>(units / 2);
  if (own.folds.empty()) {
    distinct.training.folds =
        merged.folds(options.training.folds,
                     units - units / static_cast<std::size_t>(std::max(2, distinct.folds)));
  }
  std::vector<std::string> remarks;
  internal::add_dominant_reward(table, rows, remarks);
  TableEvaluation result = evaluate_distinct(own, distinct, noise);
  if (fewer) {
    result.remarks.push_back("There are only " + std::to_string(units) +
                             " distinct designs, or groups of them: evaluated on " +
                             std::to_string(distinct.folds) + " folds.");
  }
  result.replicates = merged.replicates();
  result.remarks.insert(result.remarks.end(), remarks.begin(), remarks.end());
  return result;
}

}  // namespace esscher
