#include "pipeline/valued_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <string>
#include <unordered_map>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/random.h"
#include "esscher/data/designs.h"
#include "esscher/weights/log_weights.h"
#include "pipeline/expected_gold.h"
#include "pipeline/reference_draw.h"

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
  if (more.features.columns() != table.features.columns()) {
    throw UsageError(
        rejection("reference", std::to_string(more.features.columns()) + " columns",
                  "the table has " + std::to_string(table.features.columns()) + " features"));
  }
  const auto require = [&](std::span<const std::uint32_t> own, std::span<const std::uint32_t> given,
                           const std::string& what) {
    if (own.empty() != given.empty()) {
      throw UsageError(
          rejection("reference", given.empty() ? "no " + what : what,
                    own.empty() ? "the table has none" : "the table has " + what,
                    own.empty() ? "leave them out" : "say of which " + what + " its rows are"));
    }
    if (given.empty() || given.size() == rows) return;
    throw UsageError(rejection("reference", std::to_string(given.size()) + " " + what,
                               "there are " + std::to_string(rows) + " rows"));
  };
  require(table.groups, more.groups, "groups");
  require(table.clusters, more.clusters, "clusters");
  if (!more.log_weights.empty() && more.log_weights.size() != rows) {
    throw UsageError(rejection("reference",
                               std::to_string(more.log_weights.size()) + " log-weights",
                               "there are " + std::to_string(rows) + " rows"));
  }
}

/// The first of \p n rows above that each of those below equals.
std::vector<std::uint64_t> originals_of(const FeatureRows& both, std::size_t n,
                                        std::span<const std::uint32_t> groups, int threads) {
  std::vector<std::uint64_t> numbers(both.rows());
  std::iota(numbers.begin(), numbers.end(), std::uint64_t{0});
  const Designs designs = find_designs(both, numbers, groups, threads);
  std::vector<std::uint64_t> originals;
  for (std::size_t i = n; i < numbers.size(); ++i) {
    const std::uint64_t first = designs.first[designs.of_row[i]];
    originals.push_back(first < n ? first : kNoOriginal);
  }
  return originals;
}

/// 1 for those that another has for a twin; empty where there are no twins.
std::vector<std::uint8_t> rows_of_heavy_designs(std::span<const std::uint32_t> twins) {
  if (twins.empty()) return {};
  std::vector<std::uint32_t> count(std::size_t{std::ranges::max(twins)} + 1);
  for (const std::uint32_t design : twins) ++count[design];
  std::vector<std::uint8_t> heavy;
  for (const std::uint32_t design : twins) heavy.push_back(count[design] > 1 ? 1 : 0);
  return heavy;
}

/// Draws a fold as a row of the table has it or, with groups, as one of its groups has.
class FoldDraw {
 public:
  FoldDraw(const RewardTable& table, std::span<const std::uint32_t> folds, std::uint64_t seed)
      : draw_(seed, "evaluation/reference") {
    std::vector<double> log_weights(table.log_weights.begin(), table.log_weights.end());
    log_weights.resize(folds.size());
    std::vector<bool> seen;
    double mass = 0;
    normalise_log_weights(log_weights);
    for (std::size_t i = 0; i < folds.size(); ++i) {
      if (!table.groups.empty()) {
        seen.resize(std::max<std::size_t>(seen.size(), table.groups[i] + std::size_t{1}));
        if (seen[table.groups[i]]) continue;
        seen[table.groups[i]] = true;
        mass += 1;
      } else {
        mass += std::exp(log_weights[i]);
      }
      folds_.push_back(folds[i]);
      mass_.push_back(mass);
    }
  }
  std::uint32_t fold(std::uint64_t unit) const {
    const double at = draw_.uniform(unit) * mass_.back();
    const auto found = std::ranges::upper_bound(mass_, at) - mass_.begin();
    return folds_[std::min(static_cast<std::size_t>(found), folds_.size() - 1)];
  }

 private:
  RandomStream draw_;
  std::vector<std::uint32_t> folds_;
  std::vector<double> mass_;
};

}  // namespace

/// Rows of the table that those of the reference equal.
struct ValuedRows::Originals {
  std::vector<std::uint64_t> of_features;
  std::vector<std::uint64_t> of_candidate;  ///< within the same group, too
  /// Of each group of the reference one that a row of it equals in its features.
  std::unordered_map<std::uint32_t, std::uint64_t> of_group{};
};

ValuedRows::ValuedRows(const RewardTable& table, std::span<const double> gold,
                       const std::optional<ReferenceRows>& reference,
                       std::span<const std::uint32_t> folds, std::uint64_t seed, int threads)
    : own_{.rows = table.rewards.size(),
           .groups = table.groups,
           .log_weights = table.log_weights,
           .clusters = table.clusters},
      placed_(rows_of_heavy_designs(table.twins)),
      reference_(own_),
      gold_(gold),
      clustered_(!table.clusters.empty()) {
  own_.placed = placed_;
  reference_ = own_;
  if (!reference || reference->features.rows() == 0) return;
  require_rows(table, *reference);
  const StackedRows both(table.features, reference->features);
  Originals originals{originals_of(both, gold.size(), {}, threads), {}};
  originals.of_candidate = originals.of_features;
  if (!table.groups.empty()) {
    std::vector<std::uint32_t> groups(table.groups.begin(), table.groups.end());
    groups.insert(groups.end(), reference->groups.begin(), reference->groups.end());
    originals.of_candidate = originals_of(both, gold.size(), groups, threads);
    for (std::size_t j = 0; j < reference->groups.size(); ++j) {
      if (originals.of_features[j] == kNoOriginal) continue;
      originals.of_group.emplace(reference->groups[j], originals.of_features[j]);
    }
  }
  for (std::size_t j = 0; j < originals.of_features.size(); ++j) {
    if (originals.of_features[j] != kNoOriginal) ++copies_;
    const bool again = !table.groups.empty() && originals.of_candidate[j] != kNoOriginal;
    if (again) continue;
    kept_.push_back(j);
    copied_.push_back(originals.of_features[j] != kNoOriginal);
  }
  if (kept_.empty()) return;
  deal(table, *reference, originals, folds, seed);
  all_.gold.assign(gold.begin(), gold.end());
  append(table, *reference, originals);
  gold_ = all_.gold;
  audited_.emplace(all_);
  reference_ = audited_->reference;
}

void ValuedRows::deal(const RewardTable& table, const ReferenceRows& more,
                      const Originals& originals, std::span<const std::uint32_t> folds,
                      std::uint64_t seed) {
  std::unordered_map<std::uint32_t, std::uint32_t> group_folds;
  for (std::size_t i = 0; i < table.groups.size(); ++i) group_folds[table.groups[i]] = folds[i];
  std::unordered_map<std::uint32_t, std::uint32_t> cluster_folds;
  for (std::size_t i = 0; i < table.clusters.size(); ++i) {
    cluster_folds[table.clusters[i]] = folds[i];
  }
  const FoldDraw draw(table, folds, seed);
  std::set<std::uint32_t> seen;
  for (const std::uint64_t j : kept_) {
    const bool grouped = !table.groups.empty();
    const std::uint32_t group = grouped ? more.groups[j] : 0;
    if (grouped && group_folds.contains(group)) {
      fold_of_.push_back(group_folds.at(group));
      continue;
    }
    if (grouped && seen.insert(group).second) ++new_groups_;
    std::uint64_t original = originals.of_features[j];
    if (grouped) {
      const auto found = originals.of_group.find(group);
      original = found == originals.of_group.end() ? kNoOriginal : found->second;
    }
    if (original != kNoOriginal) {
      fold_of_.push_back(folds[original]);
    } else if (!more.clusters.empty() && cluster_folds.contains(more.clusters[j])) {
      fold_of_.push_back(cluster_folds.at(more.clusters[j]));
    } else {
      fold_of_.push_back(draw.fold(grouped ? group : j));
    }
  }
}

void ValuedRows::append(const RewardTable& table, const ReferenceRows& more,
                        const Originals& originals) {
  const std::size_t n = table.rewards.size();
  const bool grouped = !table.groups.empty();
  all_.groups.assign(table.groups.begin(), table.groups.end());
  all_.log_weights.assign(table.log_weights.begin(), table.log_weights.end());
  AuditTable rows;
  rows.gold.resize(kept_.size());
  for (const std::uint64_t j : kept_) {
    if (grouped) rows.groups.push_back(more.groups[j]);
    if (!more.log_weights.empty()) rows.log_weights.push_back(more.log_weights[j]);
  }
  append_reference(all_, rows);
  if (grouped) all_.groups = dense(all_.groups);

  // Errors are those of candidates, or groups, of which a copy is none of its own.
  std::vector<std::uint32_t> clusters(table.clusters.begin(), table.clusters.end());
  if (clusters.empty() && copies_ == 0) return;
  if (clusters.empty()) {
    clusters.assign(table.groups.begin(), table.groups.end());
    clusters.resize(n);
    if (!grouped) std::iota(clusters.begin(), clusters.end(), 0U);
  }
  const std::vector<std::uint32_t> own = clusters;
  auto next =
      std::max(std::ranges::max(own), more.clusters.empty() ? 0U : std::ranges::max(more.clusters));
  std::unordered_map<std::uint32_t, std::uint32_t> of_group;
  for (std::size_t i = 0; i < table.groups.size(); ++i) of_group[table.groups[i]] = own[i];
  for (const std::uint64_t j : kept_) {
    if (!grouped) {
      const std::uint64_t original = originals.of_features[j];
      clusters.push_back(original != kNoOriginal ? own[original]
                         : more.clusters.empty() ? ++next
                                                 : more.clusters[j]);
      continue;
    }
    const auto [found, is_new] = of_group.emplace(more.groups[j], 0);
    if (is_new) {
      const auto copied = originals.of_group.find(more.groups[j]);
      found->second = copied != originals.of_group.end() ? own[copied->second]
                      : more.clusters.empty()            ? ++next
                                                         : more.clusters[j];
    }
    clusters.push_back(found->second);
  }
  all_.clusters = dense(clusters);
}

ValuedRows::FoldRows ValuedRows::reference_in_fold(std::uint32_t fold) const {
  FoldRows rows;
  const std::size_t n = all_.gold.size() - kept_.size();
  for (std::size_t k = 0; k < fold_of_.size(); ++k) {
    if (fold_of_[k] != fold) continue;
    rows.rows.push_back(kept_[k]);
    rows.places.push_back(n + k);
  }
  return rows;
}

std::optional<std::string> ValuedRows::draw_remark(std::span<const double> r) const {
  if (!audited_ || !all_.groups.empty() || clustered_) return std::nullopt;
  const auto far = unlike(r, kAlarm);
  if (!far) return std::nullopt;
  return "Predicted rewards average " + number_text(far->known, 3) + " over the table and " +
         number_text(far->others, 3) + " over the reference, " + number_text(far->errors, 2) +
         " standard errors apart: the table is no random draw from the reference, and what is told "
         "of policies is wrong by what that does; give its rows' prior importance by --weight, or "
         "leave --reference out.";
}

std::optional<UnlikeParts> ValuedRows::unlike(std::span<const double> r, double level) const {
  std::vector<double> log_weights = all_.log_weights;
  log_weights.resize(all_.gold.size());
  for (std::size_t k = 0; k < copied_.size(); ++k) {
    if (copied_[k]) log_weights[own_.rows + k] = -std::numeric_limits<double>::infinity();
  }
  return unlike_parts(r, all_.gold, log_weights, level);
}

std::optional<TableCells> ValuedRows::labelled_cells(std::span<const double> r) const {
  if (!audited_ || !all_.groups.empty() || clustered_) return std::nullopt;
  const auto others = static_cast<std::size_t>(std::ranges::count(copied_, false));
  if (others <= own_.rows || unlike(r, kDoubt)) return std::nullopt;
  return table_cells(own_);
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
