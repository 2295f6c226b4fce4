#include "pipeline/merged_table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "esscher/base/error.h"
#include "pipeline/training_labels.h"

namespace esscher::internal {

MergedTable::MergedTable(const RewardTable& table, std::span<const std::uint64_t> rows, int threads)
    : source_(rows.begin(), rows.end()), table_(table) {
  require_rewards(table, rows);
  designs_ = find_designs(table.features, rows, table.groups, threads);
  if (designs_.size() == rows.size()) {
    numbers_ = source_;
    return;
  }
  const auto weight = [&](std::size_t i) {
    return table.log_weights.empty() ? 0 : table.log_weights[source_[i]];
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
  for (std::size_t d = 0; d < designs_.size(); ++d) {
    log_weights_.push_back(greatest[d] + std::log(mass[d]));
  }
  rewards_ = merged(table.rewards);
  std::vector<std::uint64_t> first;
  for (const std::uint64_t place : designs_.first) {
    first.push_back(source_[place]);
    if (!table.groups.empty()) groups_.push_back(table.groups[source_[place]]);
  }
  features_.emplace(table.features, std::move(first));
  numbers_.resize(designs_.size());
  std::iota(numbers_.begin(), numbers_.end(), std::uint64_t{0});
  find_spread(table);
}

RewardTable MergedTable::table() const {
  return features_ ? RewardTable{*features_, rewards_, groups_, log_weights_} : table_;
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

void MergedTable::find_spread(const RewardTable& table) {
  Replicates found;
  found.rows = source_.size();
  found.designs = designs_.size();
  const auto most = std::ranges::max_element(designs_.count);
  found.most = *most;
  found.most_row = source_[designs_.first[static_cast<std::size_t>(most - designs_.count.begin())]];
  // Plain means, since replicates of one design are alike, whatever weight the design has; from the
  // first one on, so that copies do not vary at all.
  const auto n = static_cast<double>(source_.size());
  std::vector<double> mean(designs_.size());
  double whole = 0;
  for (std::size_t i = 0; i < source_.size(); ++i) {
    const double y = table.rewards[source_[i]];
    const std::uint32_t d = designs_.of_row[i];
    mean[d] += (y - table.rewards[source_[designs_.first[d]]]) / designs_.count[d];
    whole += y / n;
  }
  double within = 0;
  double total = 0;
  for (std::size_t i = 0; i < source_.size(); ++i) {
    const double y = table.rewards[source_[i]];
    const std::uint32_t d = designs_.of_row[i];
    const double residual = y - table.rewards[source_[designs_.first[d]]] - mean[d];
    within += residual * residual;
    total += (y - whole) * (y - whole) / n;
  }
  const double variance = within / (n - static_cast<double>(designs_.size()));
  found.noise_sd = std::sqrt(variance);
  found.reliability = total > 0 ? std::max(0.0, 1 - variance / total) : 0;
  replicates_ = found;
}

}  // namespace esscher::internal
