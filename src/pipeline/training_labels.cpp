#include "pipeline/training_labels.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"
#include "esscher/linalg/log_sum_exp.h"
#include "esscher/weights/log_weights.h"
#include "features/sample_label.h"

namespace esscher::internal {
namespace {

// Temperatures lie in [1e-9, 1e9], and some eighths of a deviation are of use.
constexpr double kLeastDeviation = 1e-8;
constexpr double kGreatestDeviation = 1e8;

void require_length(const char* what, std::size_t length, std::uint64_t rows) {
  if (length == 0 || length == rows) return;
  throw UsageError(rejection(what, std::to_string(length) + " values",
                             "the features have " + std::to_string(rows) + " rows"));
}

/// The same partition with ids 0, 1, ... in order of first occurrence.
std::vector<std::uint32_t> dense(std::vector<std::uint32_t> ids) {
  constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> names(ids.empty() ? 0 : std::size_t{std::ranges::max(ids)} + 1, kNone);
  std::uint32_t next = 0;
  for (std::uint32_t& id : ids) {
    if (names[id] == kNone) names[id] = next++;
    id = names[id];
  }
  return ids;
}

}  // namespace

void require_rewards(const RewardTable& table, std::span<const std::uint64_t> rows) {
  const std::uint64_t all = table.features.rows();
  require_length("rewards", table.rewards.size(), all);
  require_length("groups", table.groups.size(), all);
  require_length("log_weights", table.log_weights.size(), all);
  require_length("clusters", table.clusters.size(), all);
  if (rows.size() < 2) {
    throw DataError(rejection("training rows", std::to_string(rows.size()), "must be at least 2",
                              "give more rows, or take fewer folds"));
  }
  for (const std::uint64_t row : rows) {
    const double y = table.rewards[row];
    if (!std::isfinite(y)) {
      throw DataError("row " + std::to_string(table.number_of(row)) + ": reward " + number_text(y) +
                      " is not finite; drop the row");
    }
  }
}

TrainingLabels::TrainingLabels(const RewardTable& table, std::span<const std::uint64_t> rows)
    : pairs_(table.pairs) {
  require_rewards(table, rows);
  for (const std::uint64_t row : rows) {
    values_.push_back(table.rewards[row]);
    if (!table.groups.empty()) groups_.push_back(table.groups[row]);
    if (!table.log_weights.empty()) log_weights_.push_back(table.log_weights[row]);
  }
  groups_ = dense(std::move(groups_));

  std::vector<double> share = even_log_weights();
  normalise_log_weights(share);
  for (double& p : share) p = std::exp(p);
  const std::size_t cells = groups_.empty() ? 1 : std::size_t{std::ranges::max(groups_)} + 1;
  const auto cell = [&](std::size_t i) { return groups_.empty() ? 0 : groups_[i]; };
  std::vector<double> mass(cells);
  std::vector<double> means(cells);
  for (std::size_t i = 0; i < values_.size(); ++i) {
    mass[cell(i)] += share[i];
    means[cell(i)] += share[i] * values_[i];
  }
  for (std::size_t c = 0; c < cells; ++c) means[c] = mass[c] > 0 ? means[c] / mass[c] : 0;
  double variance = 0;
  double largest = 0;
  double spread = 0;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    largest = std::max(largest, std::abs(values_[i]));
    values_[i] -= means[cell(i)];
    if (share[i] > 0) spread = std::max(spread, std::abs(values_[i]));
    variance += share[i] * values_[i] * values_[i];
  }
  sd_ = std::sqrt(variance);
  if (!(spread > 1e-13 * largest)) {
    throw DataError(groups_.empty()
                        ? "rewards: all training rows have the same reward; nothing can be learned"
                        : "rewards: they do not vary within any group; nothing can be learned");
  }
  if (!(sd_ >= kLeastDeviation && sd_ <= kGreatestDeviation)) {
    std::string remedy = "change the unit of the rewards";
    if (sd_ > kGreatestDeviation) {
      std::size_t most = 0;  // the farthest from its mean, of those that count
      for (std::size_t i = 1; i < values_.size(); ++i) {
        if (share[i] * std::abs(values_[i]) > share[most] * std::abs(values_[most])) most = i;
      }
      const std::uint64_t row = rows[most];
      remedy += ", or look at row " + std::to_string(table.number_of(row)) + ", " +
                number_text(table.rewards[row]);
    }
    throw DataError(rejection("rewards' standard deviation", sd_,
                              "must lie in [1e-8, 1e8], or temperatures leave their range",
                              remedy));
  }
  if (groups_.empty()) mean_ = means[0];
  for (double& y : values_) y /= sd_;
  greatest_ = std::ranges::max(values_);
}

std::vector<double> TrainingLabels::even_log_weights() const {
  std::vector<double> result(values_.size());
  if (!log_weights_.empty()) result = log_weights_;
  normalise_within_groups(result);
  return result;
}

std::vector<double> TrainingLabels::tilted_log_weights(std::span<const double> values,
                                                       double beta) const {
  std::vector<double> result(values.size());
  if (!log_weights_.empty()) result = log_weights_;
  for (std::size_t i = 0; i < result.size(); ++i) result[i] += values[i] / beta;
  normalise_within_groups(result);
  return result;
}

void TrainingLabels::normalise_within_groups(std::vector<double>& log_weights) const {
  if (groups_.empty()) return;
  std::vector<std::vector<double>> members(std::size_t{std::ranges::max(groups_)} + 1);
  for (std::size_t i = 0; i < groups_.size(); ++i) members[groups_[i]].push_back(log_weights[i]);
  std::vector<double> totals;
  for (const std::vector<double>& group : members) totals.push_back(log_sum_exp(group));
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    // A group whose rows all have weight 0 stays out.
    if (std::isfinite(totals[groups_[i]])) log_weights[i] -= totals[groups_[i]];
    if (pairs_ && !log_weights_.empty()) log_weights[i] += log_weights_[i];
  }
}

double TrainingLabels::bearable_temperature(std::size_t least_ess) const {
  for (const double beta : {1.0, 1.5, 2.0, 3.0, 4.0, 8.0, 16.0}) {
    if (diagnose_weights(tilted_log_weights(values_, beta)).ess >= static_cast<double>(least_ess)) {
      return beta;
    }
  }
  return std::numeric_limits<double>::infinity();
}

void TrainingLabels::standardise(WeightedLabel& label) const {
  std::vector<double> shares = even_log_weights();
  normalise_log_weights(shares);
  for (double& share : shares) share = std::exp(share);
  standardise_on_sample(values_, shares, label);
}

}  // namespace esscher::internal

namespace esscher {

std::string RewardTable::feature_text(std::size_t column) const {
  return "Feature " + (feature_names.empty() ? std::to_string(column + first_row)
                                             : in_quotes(feature_names[column]));
}

}  // namespace esscher
