#include "pipeline/merged_table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"
#include "esscher/data/folds.h"
#include "esscher/weights/log_weights.h"
#include "pipeline/heavy_designs.h"
#include "pipeline/training_labels.h"

namespace esscher::internal {
namespace {

std::string fold_name(const RewardTable& table, std::uint64_t row) {
  const std::uint32_t fold = table.folds[row];
  return fold < table.fold_names.size() ? in_quotes(table.fold_names[fold])
                                        : std::to_string(fold + 1);
}

[[noreturn]] void refuse_split(const std::string& what, const RewardTable& table, std::uint64_t a,
                               std::uint64_t b) {
  throw DataError("--fold: " + std::string(table.pairs ? "pairs " : "rows ") +
                  std::to_string(table.number_of(a)) + " and " +
                  std::to_string(table.number_of(b)) + " " + what + ", and lie in folds " +
                  fold_name(table, a) + " and " + fold_name(table, b) +
                  "; put them into one, or leave --fold out");
}

/// \throws DataError where two rows of one unit lie in two folds
void require_whole(const RewardTable& table, std::span<const std::uint64_t> rows,
                   std::span<const std::uint32_t> units, const std::string& what) {
  if (units.empty()) return;
  std::unordered_map<std::uint32_t, std::uint64_t> first;
  for (const std::uint64_t row : rows) {
    const std::uint64_t other = first.emplace(units[row], row).first->second;
    if (table.folds[other] != table.folds[row]) refuse_split(what, table, other, row);
  }
}

void require_folds(const RewardTable& table, std::span<const std::uint64_t> rows) {
  if (table.folds.size() != table.rewards.size()) {
    throw UsageError(rejection("--fold", std::to_string(table.folds.size()) + " values",
                               "there are " + std::to_string(table.rewards.size()) + " rewards"));
  }
  require_whole(table, rows, table.groups, "are of one group");
  require_whole(table, rows, table.clusters, "are of one cluster");
}

/// Statements of the same two designs are one pair, whichever side each prefers: the pair of each
/// row of the table, in order of first occurrence.
std::vector<std::uint32_t> stated_pairs(const RewardTable& table,
                                        std::span<const std::uint64_t> rows, int threads) {
  const Designs designs = find_designs(table.features, rows, {}, threads);
  using Sides = std::pair<std::uint32_t, std::uint32_t>;
  std::unordered_map<std::uint32_t, Sides> sides;  // of each statement
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::uint32_t design = designs.of_row[i];
    Sides& both = sides.emplace(table.groups[rows[i]], Sides(design, design)).first->second;
    both = {std::min(both.first, design), std::max(both.second, design)};
  }
  std::map<Sides, std::uint32_t> numbers;
  std::vector<std::uint32_t> pairs(table.groups.size());
  for (const std::uint64_t row : rows) {
    const auto next = static_cast<std::uint32_t>(numbers.size());
    pairs[row] = numbers.emplace(sides.at(table.groups[row]), next).first->second;
  }
  return pairs;
}

}  // namespace

MergedTable::MergedTable(const RewardTable& table, std::span<const std::uint64_t> rows,
                         const RewardTransformRequest& transform, int threads, bool cuts_heavy)
    : source_(rows.begin(), rows.end()), table_(table) {
  require_rewards(table, rows);
  if (!table.folds.empty()) require_folds(table, rows);
  if (transform.kind == RewardTransformKind::log1p) {
    // Its domain is that of each reward, not of their means.
    std::vector<double> y;
    std::vector<std::uint64_t> numbers;
    for (const std::uint64_t row : rows) {
      y.push_back(table.rewards[row]);
      numbers.push_back(table.number_of(row));
    }
    fit_reward_transform(transform, y, {}, numbers);
  }
  std::vector<std::uint32_t> pairs;
  if (table.pairs) pairs = stated_pairs(table, rows, threads);
  const std::span<const std::uint32_t> groups = table.pairs ? pairs : table.groups;
  designs_ = find_designs(table.features, rows, groups, threads);
  if (designs_.size() == rows.size()) {
    numbers_ = source_;
    if (!table.clusters.empty() && !table.groups.empty()) {
      clusters_ = joined_groups(table.clusters, table.groups);
      table_.clusters = clusters_;
    }
    return;
  }
  if (designs_.size() < 2) {
    throw DataError("features: all " + std::to_string(rows.size()) +
                    " training rows have the same; there is nothing to learn from");
  }
  if (!table.clusters.empty()) join_clusters(table);
  if (!table.folds.empty()) take_folds(table);
  weigh(table.log_weights);
  find_spread(table);
  if (cuts_heavy && groups.empty() && table.clusters.empty() && table.folds.empty()) {
    cut_heavy(table);
  }
  rewards_ = merged(table.rewards);
  std::vector<std::uint64_t> first;
  for (const std::uint64_t place : designs_.first) {
    first.push_back(source_[place]);
    if (!groups.empty()) groups_.push_back(groups[source_[place]]);
  }
  features_.emplace(table.features, std::move(first));
  numbers_.resize(designs_.size());
  std::iota(numbers_.begin(), numbers_.end(), std::uint64_t{0});
}

void MergedTable::cut_heavy(const RewardTable& table) {
  std::vector<double> rewards;
  std::vector<double> weights;
  for (const std::uint64_t row : source_) {
    rewards.push_back(table.rewards[row]);
    weights.push_back(table.log_weights.empty() ? 0 : table.log_weights[row]);
  }
  normalise_log_weights(weights);
  for (double& weight : weights) weight = std::exp(weight);
  std::optional<CutDesigns> cut = cut_heavy_designs(designs_, rewards, weights);
  if (!cut) return;
  whole_ = std::exchange(designs_, std::move(cut->parts));
  twins_ = std::move(cut->design);
  const auto most =
      static_cast<std::uint32_t>(std::ranges::max_element(whole_->count) - whole_->count.begin());
  replicates_->parts = static_cast<std::uint32_t>(std::ranges::count(twins_, most));
  weigh(table.log_weights);
}

void MergedTable::weigh(std::span<const double> log_weights) {
  const auto weight = [&](std::size_t i) {
    return log_weights.empty() ? 0 : log_weights[source_[i]];
  };
  // A design whose rows all have weight 0 keeps it; its reward is their plain mean.
  std::vector<double> greatest(designs_.size(), -std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < source_.size(); ++i) {
    greatest[designs_.of_row[i]] = std::max(greatest[designs_.of_row[i]], weight(i));
  }
  std::vector<double> mass(designs_.size());
  shares_.resize(source_.size());
  for (std::size_t i = 0; i < source_.size(); ++i) {
    const std::uint32_t d = designs_.of_row[i];
    shares_[i] = std::isfinite(greatest[d]) ? std::exp(weight(i) - greatest[d]) : 1;
    mass[d] += shares_[i];
  }
  for (std::size_t i = 0; i < source_.size(); ++i) shares_[i] /= mass[designs_.of_row[i]];
  log_weights_.clear();
  for (std::size_t d = 0; d < designs_.size(); ++d) {
    log_weights_.push_back(greatest[d] + std::log(mass[d]));
  }
}

void MergedTable::join_clusters(const RewardTable& table) {
  std::vector<std::uint32_t> own;
  std::vector<std::uint32_t> groups;
  for (const std::uint64_t row : source_) {
    own.push_back(table.clusters[row]);
    if (!table.groups.empty()) groups.push_back(table.groups[row]);
  }
  own = joined_groups(own, designs_.of_row);
  if (!groups.empty()) own = joined_groups(own, groups);
  for (const std::uint64_t place : designs_.first) clusters_.push_back(own[place]);
}

void MergedTable::take_folds(const RewardTable& table) {
  for (const std::uint64_t place : designs_.first) folds_.push_back(table.folds[source_[place]]);
  for (std::size_t i = 0; i < source_.size(); ++i) {
    const std::uint64_t first = source_[designs_.first[designs_.of_row[i]]];
    if (table.folds[first] != table.folds[source_[i]]) {
      refuse_split("have equal features", table, first, source_[i]);
    }
  }
}

RewardTable MergedTable::table() const {
  if (!features_) return table_;
  return {.features = *features_,
          .rewards = rewards_,
          .groups = groups_,
          .log_weights = log_weights_,
          .clusters = clusters_,
          .pairs = table_.pairs,
          .folds = folds_,
          .twins = twins_,
          .fold_names = table_.fold_names,
          .feature_names = table_.feature_names};
}

std::size_t MergedTable::units() const {
  return units_of_folds(table(), numbers_).count(numbers_.size());
}

int MergedTable::folds(int asked, std::size_t units) const {
  if (asked != 0 || (!replicates_ && table_.folds.empty())) return asked;
  const auto most = static_cast<int>(std::min<std::size_t>(units, 20));
  return std::max(2, std::min(default_folds(numbers_.size()), most));
}

std::size_t FoldUnits::count(std::size_t rows) const {
  return of_row.empty() ? rows : std::set<std::uint32_t>(of_row.begin(), of_row.end()).size();
}

FoldUnits units_of_folds(const RewardTable& table, std::span<const std::uint64_t> rows) {
  FoldUnits result;
  std::span<const std::uint32_t> units = table.clusters.empty() ? table.groups : table.clusters;
  result.name = table.clusters.empty() ? "group" : "cluster";
  const auto fold = [&](std::uint64_t row) { return table.folds[row]; };
  if (!table.folds.empty() && !rows.empty() &&
      !std::ranges::all_of(rows, [&](std::uint64_t row) { return fold(row) == fold(rows[0]); })) {
    units = table.folds;
    result.name = "fold";
  }
  if (units.empty() && !table.twins.empty()) {
    units = table.twins;
    result.name = "design";
  }
  if (units.empty()) return result;
  for (const std::uint64_t row : rows) result.of_row.push_back(units[row]);
  return result;
}

std::span<const std::uint32_t> drawn_together(const RewardTable& table) {
  if (!table.clusters.empty()) return table.clusters;
  return table.groups.empty() ? table.twins : table.groups;
}

std::vector<double> MergedTable::merged(std::span<const double> values) const {
  if (values.empty() || shares_.empty()) return {values.begin(), values.end()};
  std::vector<double> result(designs_.size());
  // From the first row on, so that equal values stay what they are.
  for (std::size_t i = 0; i < source_.size(); ++i) {
    const std::uint32_t d = designs_.of_row[i];
    const double first = values[source_[designs_.first[d]]];
    result[d] += shares_[i] * (values[source_[i]] - first);
  }
  for (std::size_t d = 0; d < result.size(); ++d) result[d] += values[source_[designs_.first[d]]];
  return result;
}

std::vector<double> MergedTable::of_rows(std::span<const double> values) const {
  std::vector<double> result;
  for (const std::uint32_t design : designs_.of_row) result.push_back(values[design]);
  return result;
}

std::vector<std::uint32_t> MergedTable::units_of_rows() const {
  const RewardTable own = table();
  const std::span<const std::uint32_t> units = own.clusters.empty() ? own.groups : own.clusters;
  std::vector<std::uint32_t> result;
  if (units.empty()) return result;
  for (const std::uint32_t design : designs_.of_row) result.push_back(units[numbers_[design]]);
  return result;
}

void MergedTable::find_spread(const RewardTable& table) {
  Replicates found;
  found.rows = source_.size();
  found.designs = designs_.size();
  const auto most = std::ranges::max_element(designs_.count);
  found.most = *most;
  found.most_row = table.number_of(
      source_[designs_.first[static_cast<std::size_t>(most - designs_.count.begin())]]);
  if (table.groups.empty()) {
    std::vector<double> weights = log_weights_;
    normalise_log_weights(weights);
    found.share = std::exp(weights[static_cast<std::size_t>(most - designs_.count.begin())]);
  }
  // Plain means, since replicates of one design are alike, whatever weight the design has. With
  // groups the level of a group is nobody's reward.
  const auto n = static_cast<double>(source_.size());
  const auto group = [&](std::size_t i) {
    return table.groups.empty() ? 0 : table.groups[source_[i]];
  };
  const std::size_t groups =
      table.groups.empty() ? 1 : std::size_t{std::ranges::max(table.groups)} + 1;
  std::vector<double> whole(groups);
  std::vector<double> size(groups);
  for (std::size_t i = 0; i < source_.size(); ++i) {
    whole[group(i)] += table.rewards[source_[i]];
    size[group(i)] += 1;
  }
  double total = 0;
  for (std::size_t i = 0; i < source_.size(); ++i) {
    const double about = table.rewards[source_[i]] - whole[group(i)] / size[group(i)];
    total += about * about / n;
  }
  found.noise_sd = noise_sd(table.rewards);
  const double variance = found.noise_sd * found.noise_sd;
  found.reliability = total > 0 ? std::max(0.0, 1 - variance / total) : 0;
  if (table.pairs) {
    found.pairs = true;
    found.rows /= 2;
    found.designs /= 2;
  }
  replicates_ = found;
}

double MergedTable::noise_sd(std::span<const double> labels) const {
  if (shares_.empty()) return 0;
  const Designs& designs = whole_ ? *whole_ : designs_;
  // From a design's first row on, so that copies do not vary at all.
  const auto step = [&](std::size_t i) {
    return labels[source_[i]] - labels[source_[designs.first[designs.of_row[i]]]];
  };
  std::vector<double> mean(designs.size());
  for (std::size_t i = 0; i < source_.size(); ++i) {
    const std::uint32_t d = designs.of_row[i];
    mean[d] += step(i) / designs.count[d];
  }
  double within = 0;
  for (std::size_t i = 0; i < source_.size(); ++i) {
    const double residual = step(i) - mean[designs.of_row[i]];
    within += residual * residual;
  }
  return std::sqrt(within / static_cast<double>(source_.size() - designs.size()));
}

std::optional<LabelNoise> MergedTable::noise(std::span<const double> labels, double stated) const {
  const double told = noise_sd(labels);
  LabelNoise noise{stated > 0 ? stated : told, std::vector<double>(numbers_.size(), 1.0)};
  if (noise.sd == 0) return {};
  if (told == 0) return noise;  // of copies each has the noise of all
  std::ranges::fill(noise.shares, 0.0);
  for (std::size_t i = 0; i < source_.size(); ++i) {
    noise.shares[designs_.of_row[i]] += shares_[i] * shares_[i];
  }
  return noise;
}

}  // namespace esscher::internal

namespace esscher {

std::string Replicates::text() const {
  if (pairs) {
    return std::to_string(rows) + " pairs are " + std::to_string(designs) +
           " distinct ones (pair " + std::to_string(most_row) + " is there " +
           std::to_string(most) +
           " times), merged into one weighted pair each, with its share of " + "wins.";
  }
  std::string text = std::to_string(rows) + " rows are " + std::to_string(designs) +
                     " distinct designs (row " + std::to_string(most_row) + " is there " +
                     std::to_string(most) + " times), merged into one weighted row each" +
                     (parts > 1 ? " (that one into " + std::to_string(parts) + ")" : "") + ": ";
  if (noise_sd == 0) {
    text += "their rewards agree, as copies' do.";
  } else {
    text += "rewards of one design vary by " + number_text(noise_sd, 3) +
            " (standard deviation), so that the reliability of one label is " +
            number_text(reliability, 2) + ".";
  }
  if (!internal::is_heavy(share, most, designs)) return text;
  return text + " Row " + std::to_string(most_row) + "'s design has " +
         number_text(100 * share, 2) + " % of all weight: the reference takes it so often. " +
         (parts > 1 ? "Its measurements are draws of their own in errors, but tell nothing of rows "
                      "that are not there. "
                    : "") +
         "Of a control that was measured again and again keep a few rows, or give them less "
         "weight.";
}

}  // namespace esscher
