#pragma once

/// \file
/// A table under audit, checked, with its known rows side by side.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "esscher/pipeline/table_audit.h"
#include "pipeline/held_out_spread.h"
#include "pipeline/proxy_calibration.h"
#include "policy/table_cells.h"

namespace esscher::internal {

/// Numbers without gaps, in order of first occurrence.
std::vector<std::uint32_t> dense(std::span<const std::uint32_t> numbers);

struct AuditedTable {
  const AuditTable& table;
  std::size_t rows = 0;
  TableReference reference{};
  std::vector<std::uint32_t> cells;  ///< groups, or 0 throughout
  std::vector<std::size_t> known;    ///< rows with a gold reward
  // Of the known rows:
  std::vector<double> gold{};
  std::vector<std::uint32_t> known_cells{};
  std::vector<double> known_log_weights{};
  std::vector<std::uint32_t> pieces{};
  /// Of the reference, within groups where there are any: of all rows, whichever are known.
  double gold_sd = 0;

  /// \throws as audit_table() says of tables. \p given must outlive this.
  explicit AuditedTable(const AuditTable& given);
  /// \throws DataError where the gold reward does not vary, within groups where there are any
  void require_spread() const;
  bool partial() const { return known.size() < rows; }
  bool grouped() const { return !table.groups.empty(); }
  KnownRows known_rows() const { return {gold, known_cells, known_log_weights, pieces, grouped()}; }
  std::vector<double> at_known(std::span<const double> values) const {
    std::vector<double> result;
    for (const std::size_t i : known) result.push_back(values[i]);
    return result;
  }
  /// The known rows alone, where they may speak for themselves beside the others: fewer than half
  /// of all, without groups and clusters, whose draws are not told by rows, and alike with the
  /// others in the averages of \p scores, which of a fair draw 1 - kDoubt fail at most.
  std::optional<TableCells> labelled_cells(std::span<const NamedScores> scores) const;
  /// How many of the known rows, or of what of them is drawn together.
  double draws() const { return internal::draws(pieces, known.size(), {}); }
  /// Under the reference, of rows where there is a value.
  double mean(std::span<const double> values) const;
  double sd(std::span<const double> values) const {
    return std::sqrt(spread(values, values, cells, table.log_weights).rr);
  }
};

}  // namespace esscher::internal
