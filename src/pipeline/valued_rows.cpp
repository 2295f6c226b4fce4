#include "pipeline/valued_rows.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <unordered_map>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/random.h"
#include "esscher/data/designs.h"
#include "pipeline/expected_gold.h"

namespace esscher::internal {
namespace {

constexpr std::uint64_t kNoOriginal = std::numeric_limits<std::uint64_t>::max();

/// One table behind the other.
class StackedRows final : public FeatureRows {
 public:
  StackedRows(const FeatureRows& upper, const FeatureRows& lower) : upper_(upper), lower_(lower) {}
  std::uint64_t rows() const override { return upper_.rows() + lower_.rows(); }
  std::size_t columns() const override { return upper_.columns(); }
  void gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const override {
    take(upper_, 0, rows, out);
    take(lower_, upper_.rows(), rows, out);
  }

 private:
  void take(const FeatureRows& part, std::uint64_t from, std::span<const std::uint64_t> rows,
            MatrixView<double> out) const {
    std::vector<std::uint64_t> own;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] < from || rows[i] - from >= part.rows()) continue;
      own.push_back(rows[i] - from);
      places.push_back(i);
    }
    if (own.empty()) return;
    Matrix<double> values(own.size(), columns());
    part.gather(own, values.view());
    for (std::size_t k = 0; k < own.size(); ++k) {
      std::ranges::copy(values.row(k), out.row(places[k]).begin());
    }
  }

  const FeatureRows& upper_;
  const FeatureRows& lower_;
};

void require_rows(const RewardTable& table, const ReferenceRows& more) {
  const std::uint64_t rows = more.features.rows();
  const auto require = [&](std::size_t length, const char* what) {
    if (length == rows) return;
    throw UsageError(rejection("reference", std::to_string(length) + " " + what,
                               "there are " + std::to_string(rows) + " rows"));
  };
  if (more.features.columns() != table.features.columns()) {
    throw UsageError(
        rejection("reference", std::to_string(more.features.columns()) + " columns",
                  "the table has " + std::to_string(table.features.columns()) + " features"));
  }
  if (table.groups.empty() != more.groups.empty()) {
    throw UsageError(
        rejection("reference", more.groups.empty() ? "no groups" : "groups",
                  table.groups.empty() ? "the table has none" : "the table has groups",
                  table.groups.empty() ? "leave them out" : "say of which groups its rows are"));
  }
  if (!more.groups.empty()) require(more.groups.size(), "groups");
  if (!more.log_weights.empty()) require(more.log_weights.size(), "log-weights");
}

}  // namespace

ValuedRows::ValuedRows(const RewardTable& table, std::span<const double> gold,
                       const std::optional<ReferenceRows>& reference,
                       std::span<const std::uint32_t> folds, std::uint32_t fold_count,
                       std::uint64_t seed, int threads)
    : reference_{.rows = table.rewards.size(),
                 .groups = table.groups,
                 .log_weights = table.log_weights,
                 .clusters = table.clusters},
      gold_(gold) {
  if (!reference || reference->features.rows() == 0) return;
  require_rows(table, *reference);
  all_.gold.assign(gold.begin(), gold.end());
  append(table, *reference, threads);
  gold_ = all_.gold;
  audited_.emplace(all_);
  reference_ = audited_->reference;

  std::unordered_map<std::uint32_t, std::uint32_t> group_folds;
  for (std::size_t i = 0; i < table.groups.size(); ++i) group_folds[table.groups[i]] = folds[i];
  const RandomStream draw(seed, "evaluation/reference");
  for (std::size_t j = 0; j < original_.size(); ++j) {
    const std::uint64_t unit = table.groups.empty() ? j : reference->groups[j];
    const auto drawn = static_cast<std::uint32_t>(draw.uniform(unit) * fold_count);
    std::uint32_t fold = std::min(drawn, fold_count - 1);
    if (original_[j] != kNoOriginal) {
      fold = folds[original_[j]];
    } else if (!table.groups.empty() && group_folds.contains(reference->groups[j])) {
      fold = group_folds.at(reference->groups[j]);
    }
    fold_of_.push_back(fold);
  }
}

void ValuedRows::append(const RewardTable& table, const ReferenceRows& more, int threads) {
  const std::size_t n = table.rewards.size();
  all_.groups.assign(table.groups.begin(), table.groups.end());
  all_.log_weights.assign(table.log_weights.begin(), table.log_weights.end());
  all_.clusters.assign(table.clusters.begin(), table.clusters.end());
  const StackedRows both(table.features, more.features);
  std::vector<std::uint64_t> numbers(both.rows());
  std::iota(numbers.begin(), numbers.end(), std::uint64_t{0});
  std::vector<std::uint32_t> groups = all_.groups;
  groups.insert(groups.end(), more.groups.begin(), more.groups.end());
  const Designs designs = find_designs(both, numbers, groups, threads);
  for (std::size_t i = n; i < numbers.size(); ++i) {
    const std::uint64_t first = designs.first[designs.of_row[i]];
    original_.push_back(first < n ? first : kNoOriginal);
    copies_ += first < n ? 1 : 0;
  }
  if (copies_ > 0 && all_.groups.empty() && all_.clusters.empty()) {
    all_.clusters.resize(n);
    std::iota(all_.clusters.begin(), all_.clusters.end(), 0U);
  }
  AuditTable rows;
  rows.gold.resize(original_.size());
  rows.groups.assign(more.groups.begin(), more.groups.end());
  rows.log_weights.assign(more.log_weights.begin(), more.log_weights.end());
  append_reference(all_, rows);
  // Errors are those of candidates, of which a copy is none of its own.
  for (std::size_t j = 0; j < original_.size() && !all_.clusters.empty(); ++j) {
    if (original_[j] != kNoOriginal) all_.clusters[n + j] = all_.clusters[original_[j]];
  }
  if (!all_.clusters.empty()) all_.clusters = dense(all_.clusters);
}

std::vector<std::uint64_t> ValuedRows::reference_rows_in_fold(std::uint32_t fold) const {
  std::vector<std::uint64_t> rows;
  for (std::size_t j = 0; j < fold_of_.size(); ++j) {
    if (fold_of_[j] == fold) rows.push_back(j);
  }
  return rows;
}

std::vector<double> ValuedRows::expected(std::span<const double> predictions, double beta) const {
  if (!audited_) return {};
  std::vector<double> log_tilt(predictions.begin(), predictions.end());
  for (double& r : log_tilt) r /= beta;
  return expected_gold(*audited_, predictions, log_tilt);
}

std::vector<double> ValuedRows::expected_of_best(std::span<const double> predictions,
                                                 double n) const {
  if (!audited_) return {};
  std::vector<double> log_tilt = log_ranks(*audited_, predictions);
  for (double& rank : log_tilt) rank *= n - 1;
  return expected_gold(*audited_, predictions, log_tilt);
}

}  // namespace esscher::internal
