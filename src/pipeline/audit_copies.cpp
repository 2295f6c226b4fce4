#include "pipeline/audit_copies.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <set>
#include <span>

#include "esscher/base/matrix.h"
#include "esscher/data/designs.h"
#include "esscher/data/folds.h"

namespace esscher::internal {
namespace {

/// A score of which so many rows have another than all others hardly ever repeats.
constexpr double kHardlyRepeats = 0.9;

/// The scores, and perhaps the gold reward, as features.
class AuditColumns final : public FeatureRows {
 public:
  AuditColumns(const AuditTable& table, bool with_gold) : rows_(table.gold.size()) {
    for (const auto* scores : {&table.proxies, &table.log_ratios}) {
      for (const NamedScores& each : *scores) columns_.emplace_back(each.values);
    }
    if (with_gold) columns_.emplace_back(table.gold);
  }
  std::uint64_t rows() const override { return rows_; }
  std::size_t columns() const override { return columns_.size(); }
  void gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const override {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t j = 0; j < columns_.size(); ++j) out(i, j) = columns_[j][rows[i]];
    }
  }
  /// Whether some column hardly has a value twice in \p rows.
  bool hardly_repeat(std::span<const std::uint64_t> rows) const {
    return std::ranges::any_of(columns_, [&](std::span<const double> column) {
      std::set<double> values;
      for (const std::uint64_t row : rows) values.insert(column[row]);
      return static_cast<double>(values.size()) >=
             kHardlyRepeats * static_cast<double>(rows.size());
    });
  }

 private:
  std::uint64_t rows_;
  std::vector<std::span<const double>> columns_;
};

/// Whether each row has all; what lacks some is refused elsewhere.
bool is_whole(const AuditTable& table) {
  const std::size_t rows = table.gold.size();
  const auto beside = [rows](const NamedScores& each) { return each.values.size() == rows; };
  return std::ranges::all_of(table.proxies, beside) &&
         std::ranges::all_of(table.log_ratios, beside) &&
         (table.clusters.empty() || table.clusters.size() == rows) &&
         (table.source_rows.empty() || table.source_rows.size() == rows);
}

/// Numbers rows without a gold reward, behind the \p designs of those that have one: by their
/// scores where these hardly ever repeat, so that copies count once in means over all rows, too;
/// else each by itself.
void number_unknown(const AuditTable& table, std::uint32_t designs,
                    std::vector<std::uint32_t>& numbers) {
  const AuditColumns scores(table, false);
  std::vector<std::uint64_t> all(numbers.size());
  std::iota(all.begin(), all.end(), std::uint64_t{0});
  const Designs same = find_designs(scores, all);
  const bool told = scores.hardly_repeat(same.first);
  constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> of_scores(same.size(), kNone);
  for (const std::uint64_t i : all) {
    std::uint32_t& number = of_scores[same.of_row[i]];
    if (!std::isnan(table.gold[i]) && number == kNone) number = numbers[i];
  }
  for (const std::uint64_t i : all) {
    if (!std::isnan(table.gold[i])) continue;
    std::uint32_t& number = of_scores[same.of_row[i]];
    if (!told || number == kNone) number = designs++;
    numbers[i] = number;
  }
}

}  // namespace

std::optional<AuditCopies> find_copies(const AuditTable& table) {
  if (!table.groups.empty() || !is_whole(table)) return {};
  std::vector<std::uint64_t> known;
  for (std::uint64_t i = 0; i < table.gold.size(); ++i) {
    if (!std::isnan(table.gold[i])) known.push_back(i);
  }
  const AuditColumns columns(table, true);
  const Designs designs = find_designs(columns, known);
  constexpr double kFewCopies = 0.05;
  const auto further = static_cast<double>(known.size() - designs.size());
  if (designs.size() < 2 || further < kFewCopies * static_cast<double>(known.size())) return {};
  std::vector<std::uint64_t> first;
  for (const std::uint64_t place : designs.first) first.push_back(known[place]);
  if (!columns.hardly_repeat(first)) return {};
  std::vector<std::uint32_t> numbers(table.gold.size());
  for (std::size_t i = 0; i < known.size(); ++i) numbers[known[i]] = designs.of_row[i];
  number_unknown(table, static_cast<std::uint32_t>(designs.size()), numbers);
  AuditCopies copies;
  copies.clusters =
      table.clusters.empty() ? std::move(numbers) : joined_groups(table.clusters, numbers);
  const auto most = std::ranges::max_element(designs.count);
  const std::uint64_t row = first[static_cast<std::size_t>(most - designs.count.begin())];
  copies.remark =
      std::to_string(known.size()) + " rows have " + std::to_string(designs.size()) +
      " distinct scores and gold rewards (row " +
      std::to_string((table.source_rows.empty() ? row : table.source_rows[row]) + table.first_row) +
      " is there " + std::to_string(*most) + " times): errors take copies for one draw.";
  return copies;
}

}  // namespace esscher::internal
