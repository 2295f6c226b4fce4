#include "esscher/pipeline/preference_evaluation.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/data/folds.h"
#include "esscher/weights/log_weights.h"
#include "features/learn_features_progress.h"
#include "pipeline/evaluation_folds.h"
#include "pipeline/merged_table.h"
#include "pipeline/preference_fit.h"

namespace esscher {
namespace {

/// log(1 + e^-lead) without overflow.
double loss_of_lead(double lead) {
  return std::max(0.0, -lead) + std::log1p(std::exp(-std::abs(lead)));
}

/// One pair as it was measured.
struct MeasuredPair {
  double lead = 0;   ///< of the likely winner over the other, predicted
  double share = 1;  ///< of its wins
  double weight = 0;
  std::size_t cluster = 0;
};

std::vector<MeasuredPair> measured(std::span<const double> r, const RewardTable& table,
                                   std::uint64_t seed) {
  const std::vector<internal::StatedPair> stated =
      internal::preferences(table.rewards, table.groups, seed, table.pairs ? 1 : 0);
  const std::span<const std::uint32_t> clusters =
      table.clusters.empty() ? table.groups : table.clusters;
  std::vector<double> size(std::size_t{std::ranges::max(table.groups)} + 1);
  std::vector<double> weights(r.size(), 1);
  for (std::size_t i = 0; i < r.size(); ++i) {
    if (!table.log_weights.empty()) weights[i] = std::exp(table.log_weights[i]);
    size[table.groups[i]] += weights[i];
  }
  std::vector<MeasuredPair> pairs;
  for (const auto& [rows, share] : stated) {
    const std::uint32_t group = table.groups[rows.winner];
    // Groups count equally, stated pairs by their weight.
    double weight = weights[rows.winner] * weights[rows.loser] / (size[group] * size[group]);
    if (table.pairs) weight = weights[rows.winner];
    if (!(weight > 0)) continue;
    pairs.push_back({r[rows.winner] - r[rows.loser], share, weight, clusters[rows.winner]});
  }
  return pairs;
}

/// A weighted mean over pairs, with the error of draws of clusters.
template <class Value>
Estimate mean_of(std::span<const MeasuredPair> pairs, Value value) {
  double weight = 0;
  double sum = 0;
  for (const MeasuredPair& pair : pairs) {
    weight += pair.weight;
    sum += pair.weight * value(pair);
  }
  Estimate estimate;
  estimate.value = sum / weight;
  std::map<std::size_t, double> residuals;
  for (const MeasuredPair& pair : pairs) {
    residuals[pair.cluster] += pair.weight * (value(pair) - estimate.value);
  }
  double square = 0;
  for (const auto& [cluster, residual] : residuals) square += residual * residual;
  const auto count = static_cast<double>(residuals.size());
  estimate.degrees_of_freedom = std::max(1.0, count - 1);
  estimate.standard_error = count > 1 ? std::sqrt(square * count / (count - 1)) / weight
                                      : std::numeric_limits<double>::infinity();
  return estimate;
}

/// Share of wins of the side that is predicted to win, and how sure that is.
double favoured_share(const MeasuredPair& pair) {
  return pair.lead == 0 ? 0.5 : pair.lead > 0 ? pair.share : 1 - pair.share;
}
double sureness(const MeasuredPair& pair) { return 1 / (1 + std::exp(-std::abs(pair.lead))); }

/// The likeliest factor on leads, with its sandwich error.
std::optional<Estimate> calibration_of(std::span<const MeasuredPair> pairs) {
  std::vector<double> leads;
  std::vector<double> weights;
  for (const MeasuredPair& pair : pairs) {
    for (const bool way : {true, false}) {
      const double share = way ? pair.share : 1 - pair.share;
      if (!(share > 0)) continue;
      leads.push_back(way ? pair.lead : -pair.lead);
      weights.push_back(pair.weight * share);
    }
  }
  const double scale = internal::likely_scale(leads, weights);
  if (!(scale > 0)) return Estimate{0, std::numeric_limits<double>::infinity()};
  double curvature = 0;
  std::map<std::size_t, double> scores;
  for (const MeasuredPair& pair : pairs) {
    const double won = 1 / (1 + std::exp(-scale * pair.lead));
    scores[pair.cluster] += pair.weight * pair.lead * (pair.share - won);
    curvature += pair.weight * pair.lead * pair.lead * won * (1 - won);
  }
  double square = 0;
  for (const auto& [cluster, score] : scores) square += score * score;
  const auto count = static_cast<double>(scores.size());
  if (count < 2) return {};
  return Estimate{scale, std::sqrt(square * count / (count - 1)) / curvature, count - 1};
}

std::vector<CalibrationBin> bins_of(std::span<const MeasuredPair> pairs) {
  constexpr int kBins = 5;
  std::vector<CalibrationBin> bins;
  for (int b = 0; b < kBins; ++b) {
    CalibrationBin bin;
    bin.low = 0.5 + 0.1 * b;
    bin.high = 0.6 + 0.1 * b;
    std::vector<MeasuredPair> within;
    for (const MeasuredPair& pair : pairs) {
      const int at = std::min(kBins - 1, static_cast<int>((sureness(pair) - 0.5) * 10));
      if (at == b) within.push_back(pair);
    }
    if (within.empty()) continue;
    bin.pairs = within.size();
    bin.predicted = mean_of(within, sureness).value;
    bin.observed = mean_of(within, favoured_share);
    bins.push_back(bin);
  }
  return bins;
}

void add_pair_remarks(PairEvaluation& result) {
  const PreferenceQuality& first = result.rewards.front().quality;
  const PreferenceQuality& linear = result.rewards.back().quality;
  if (first.accuracy.lower() <= 0.5) {
    result.remarks.emplace_back(
        "On pairs that it has not seen the reward is not surely better than a coin: do not tilt by "
        "it.");
  } else if (first.log_loss && linear.log_loss && first.log_loss->value >= linear.log_loss->value) {
    result.remarks.emplace_back(
        "The network does not beat the linear baseline in log-loss: take the linear reward "
        "(--weights linear).");
  }
  if (first.calibration && first.calibration->upper() < 1) {
    result.remarks.push_back(
        "Held-out pairs say that the reward is too sure: its differences are " +
        number_text(1 / std::max(first.calibration->value, 1e-3), 3) + " times too large.");
  }
}

}  // namespace

PreferenceQuality preference_quality(std::span<const double> r, const RewardTable& table,
                                     std::uint64_t seed) {
  const std::vector<MeasuredPair> pairs = measured(r, table, seed);
  std::vector<MeasuredPair> won;
  std::ranges::copy_if(pairs, std::back_inserter(won),
                       [](const MeasuredPair& pair) { return pair.share > 0.5; });
  if (won.empty()) {
    throw DataError("rewards: no group has two different ones, so that none is preferred");
  }
  PreferenceQuality quality;
  quality.pairs = pairs.size();
  quality.accuracy = mean_of(won, [](const MeasuredPair& pair) {
    return pair.lead > 0 ? 1.0 : pair.lead == 0 ? 0.5 : 0.0;
  });
  if (!table.pairs) return quality;
  quality.log_loss = mean_of(pairs, [](const MeasuredPair& pair) {
    return pair.share * loss_of_lead(pair.lead) + (1 - pair.share) * loss_of_lead(-pair.lead);
  });
  quality.calibration = calibration_of(pairs);
  quality.bins = bins_of(pairs);
  return quality;
}

PairEvaluation evaluate_pairs(const RewardTable& table, const TrainingOptions& training,
                              int folds) {
  if (!table.pairs || table.groups.empty()) {
    throw InternalError("evaluate_pairs() of a table that states no pairs");
  }
  validate(training, table);
  const std::size_t n = table.rewards.size();
  std::vector<std::uint64_t> all(n);
  std::iota(all.begin(), all.end(), std::uint64_t{0});
  const internal::MergedTable merged(table, all, training.reward_transform, training.threads);
  const RewardTable own = merged.table();
  const std::vector<std::uint32_t> fold_of = internal::evaluation_folds(own, training.seed, folds);
  std::vector<double> uniform(own.rewards.size());
  std::vector<double> linear(own.rewards.size());
  PairEvaluation result;
  result.folds = folds;
  internal::StageProgress progress(training.callbacks, "folds", static_cast<std::uint64_t>(folds));
  for (int fold = 0; fold < folds; ++fold) {
    progress.at(static_cast<std::uint64_t>(fold));
    const auto number = static_cast<std::uint32_t>(fold);
    const TrainedReward reward =
        internal::train_distinct(own, rows_not_in_fold(fold_of, number), training);
    if (training.callbacks.cancelled()) {
      result.cancelled = true;
      return result;
    }
    result.penalties.push_back(reward.heads.front().penalty);
    const std::vector<std::uint64_t> rows = rows_in_fold(fold_of, number);
    const Matrix<double> predictions =
        predict_rewards(reward, own.features, rows, training.threads);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      uniform[rows[i]] = predictions(i, TrainedReward::kUniform);
      linear[rows[i]] = predictions(i, TrainedReward::kLinear);
    }
    for (const std::string& remark : reward.remarks) {
      if (std::ranges::find(result.remarks, remark) == result.remarks.end()) {
        result.remarks.push_back(remark);
      }
    }
  }
  progress.finish();
  // Each statement is held against the fits, those of one pair in one cluster.
  RewardTable stated = table;
  const std::vector<std::uint32_t> units = merged.units_of_rows();
  stated.clusters = units;
  for (const auto& [name, values] :
       {std::pair("uniform", &uniform), std::pair("linear", &linear)}) {
    result.rewards.push_back(
        {name, preference_quality(merged.of_rows(*values), stated, training.seed)});
  }
  add_pair_remarks(result);
  return result;
}

}  // namespace esscher
