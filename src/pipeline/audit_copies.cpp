#include "pipeline/audit_copies.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <set>
#include <span>

#include "esscher/base/matrix.h"
#include "esscher/data/designs.h"
#include "esscher/data/folds.h"

namespace esscher::internal {
namespace {

/// The scores and the gold reward, as features.
class AuditColumns final : public FeatureRows {
 public:
  explicit AuditColumns(const AuditTable& table) : rows_(table.gold.size()) {
    for (const auto* scores : {&table.proxies, &table.log_ratios}) {
      for (const NamedScores& each : *scores) columns_.emplace_back(each.values);
    }
    columns_.emplace_back(table.gold);
  }
  std::uint64_t rows() const override { return rows_; }
  std::size_t columns() const override { return columns_.size(); }
  void gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const override {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t j = 0; j < columns_.size(); ++j) out(i, j) = columns_[j][rows[i]];
    }
  }
  /// The most values that a column has in \p rows.
  std::size_t most_values(std::span<const std::uint64_t> rows) const {
    std::size_t most = 0;
    for (const std::span<const double> column : columns_) {
      std::set<double> values;
      for (const std::uint64_t row : rows) values.insert(column[row]);
      most = std::max(most, values.size());
    }
    return most;
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

}  // namespace

std::optional<AuditCopies> find_copies(const AuditTable& table) {
  if (!table.groups.empty() || !is_whole(table)) return {};
  std::vector<std::uint64_t> known;
  for (std::uint64_t i = 0; i < table.gold.size(); ++i) {
    if (!std::isnan(table.gold[i])) known.push_back(i);
  }
  const AuditColumns columns(table);
  const Designs designs = find_designs(columns, known);
  constexpr double kFewCopies = 0.05;
  const auto further = static_cast<double>(known.size() - designs.size());
  if (designs.size() < 2 || further < kFewCopies * static_cast<double>(known.size())) return {};
  std::vector<std::uint64_t> first;
  for (const std::uint64_t place : designs.first) first.push_back(known[place]);
  constexpr double kHardlyRepeats = 0.9;
  if (static_cast<double>(columns.most_values(first)) <
      kHardlyRepeats * static_cast<double>(first.size())) {
    return {};
  }
  // Rows that nothing is known of keep numbers of their own, behind those of the designs.
  std::vector<std::uint32_t> numbers(table.gold.size());
  std::iota(numbers.begin(), numbers.end(), static_cast<std::uint32_t>(designs.size()));
  for (std::size_t i = 0; i < known.size(); ++i) numbers[known[i]] = designs.of_row[i];
  AuditCopies copies;
  copies.clusters =
      table.clusters.empty() ? std::move(numbers) : joined_groups(table.clusters, numbers);
  const auto most = std::ranges::max_element(designs.count);
  const std::uint64_t row = first[static_cast<std::size_t>(most - designs.count.begin())];
  copies.remark = std::to_string(known.size()) + " rows have " + std::to_string(designs.size()) +
                  " distinct scores and gold rewards (row " +
                  std::to_string((table.source_rows.empty() ? row : table.source_rows[row]) + 1) +
                  " is there " + std::to_string(*most) +
                  " times): errors take copies for one draw.";
  return copies;
}

}  // namespace esscher::internal
