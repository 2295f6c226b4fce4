#pragma once

/// \file
/// The cells of a table: rows whose weights are normalised together, that is groups or, without
/// groups, strata.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/policy/table_policy.h"

namespace esscher::internal {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// Below these an estimate is called unreliable: effective rows in each stratum, and groups.
constexpr double kLeastEffectiveRows = 10;
constexpr double kLeastGroups = 5;
/// Effective rows without which advice promises nothing: its errors hold from there on.
constexpr double kLeastRows = 5;
/// Known gold rewards must carry so much of the weight that is their due.
constexpr double kLeastCoverage = 0.5;
/// Rows above the highest known score may carry so much of a policy.
constexpr double kMostBeyond = 0.1;

struct TableCells {
  bool grouped = false;
  std::size_t strata = 1;
  /// Row numbers, cell by cell, ascending within each.
  std::vector<std::size_t> order;
  /// Cell c is order[begin[c]] ... order[begin[c + 1] - 1].
  std::vector<std::size_t> begin;
  /// The caller's number of each cell, for messages and streams.
  std::vector<std::uint32_t> number;
  /// Prior weight of order[j], in this order; sums to 1 within each cell.
  std::vector<double> prior;
  std::vector<double> log_prior;
  /// Weight of each cell; sums to 1.
  std::vector<double> share;
  /// What is drawn by itself: of each row in this order, or with groups of each group, the number
  /// of its cluster, or its own. Ascending by strata: those of cell c, or with groups all of them,
  /// are piece_begin[c] ... piece_begin[c + 1] - 1.
  std::vector<std::uint32_t> piece;
  std::vector<std::size_t> piece_begin;
  /// TableReference::placed, in this order; empty for none.
  std::vector<std::uint8_t> placed;
  /// Degrees of freedom of a mean under the prior; without groups.
  double prior_freedom = 1;

  std::size_t cells() const { return number.size(); }
  std::size_t size(std::size_t c) const { return begin[c + 1] - begin[c]; }
  std::size_t pieces() const { return piece_begin.back(); }
  /// Whether some rows, or groups, are drawn together.
  bool clustered() const { return pieces() < (grouped ? cells() : order.size()); }
  /// Whether each row is drawn by itself.
  bool single_rows() const { return !grouped && pieces() == order.size(); }
  std::size_t pieces(std::size_t c) const { return piece_begin[c + 1] - piece_begin[c]; }
  bool is_placed(std::size_t j) const { return !placed.empty() && placed[j] != 0; }
  /// Pieces of cell c that are draws.
  std::size_t drawn(std::size_t c) const;
};

/// (sum w^2)^2 / sum w^4, at least 1: so many equal weights would be as uncertain.
double pieces_of_variance(std::span<const double> weights);

/// \throws as table_policy_value() says of a reference, except for what concerns errors alone
TableCells table_cells(const TableReference& reference);

/// \throws DataError where a standard error cannot be had: one group or cluster, or a stratum
///         of one row or cluster.
void require_sampled(const TableCells& cells);

/// Why an estimate over groups is unreliable. \param pieces  groups or clusters with known rewards,
///                                                          or so many effective ones
std::string too_few_groups(const TableCells& cells, double pieces);

/// Why an estimate over fewer effective rows than kLeastEffectiveRows is unreliable, and what holds
/// yet. \param remedy  the milder policy
std::string too_few_rows(std::string_view remedy);

/// Whether enough gold rewards are known where a policy goes.
bool known_where_it_goes(double coverage, double beyond);
/// Why an estimate is unreliable where they are not. \param remedy  the milder policy
std::string too_little_coverage(double coverage, double beyond, std::string_view remedy);

/// \throws UsageError unless there is one value a row, DataError unless all are finite.
void require_rewards(std::span<const double> values, std::string_view name, std::size_t rows);

/// \throws UsageError unless 0 < level < 1
void require_level(double level);

}  // namespace esscher::internal
