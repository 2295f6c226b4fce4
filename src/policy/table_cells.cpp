#include "policy/table_cells.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/linalg/log_sum_exp.h"

namespace esscher::internal {
namespace {

constexpr std::uint32_t kMostStrata = 1 << 16;

void require_length(std::size_t length, std::string_view name, std::size_t rows) {
  if (length == 0 || length == rows) return;
  throw UsageError(rejection(name, std::to_string(length) + " values",
                             "there are " + std::to_string(rows) + " rows"));
}

void check_lengths(const TableReference& reference) {
  const std::size_t rows = reference.rows;
  if (rows == 0) throw UsageError(rejection("rows", "0", "a table needs at least one row"));
  require_length(reference.groups.size(), "groups", rows);
  require_length(reference.log_weights.size(), "log_weights", rows);
  require_length(reference.strata.size(), "strata", rows);
  require_length(reference.clusters.size(), "clusters", rows);
  require_length(reference.placed.size(), "placed", rows);
  if (!reference.placed.empty() && !(reference.groups.empty() && reference.clusters.empty())) {
    throw UsageError(
        "placed: is not offered with groups or clusters; leave it out, or groups and clusters");
  }
  for (std::size_t i = 0; i < reference.groups.size(); ++i) {
    if (reference.groups[i] < rows) continue;
    throw DataError(rejection("group of row " + std::to_string(i + 1),
                              std::to_string(reference.groups[i]),
                              "groups must be numbered 0, 1, 2, ... without gaps"));
  }
  for (std::size_t i = 0; i < reference.strata.size(); ++i) {
    if (reference.strata[i] < kMostStrata) continue;
    throw DataError(rejection("stratum of row " + std::to_string(i + 1),
                              std::to_string(reference.strata[i]),
                              "must be below " + std::to_string(kMostStrata)));
  }
  for (std::size_t i = 0; i < reference.log_weights.size(); ++i) {
    const double w = reference.log_weights[i];
    if (!std::isnan(w) && w != kInfinity) continue;
    throw DataError(rejection("log weight of row " + std::to_string(i + 1), w,
                              "must be a finite number, or -inf for no weight"));
  }
}

/// Rows by cell, by counting.
void sort_rows(TableCells& cells, std::span<const std::uint32_t> keys, std::size_t rows) {
  cells.order.resize(rows);
  if (keys.empty()) {
    std::iota(cells.order.begin(), cells.order.end(), std::size_t{0});
    cells.begin = {0, rows};
    cells.number = {0};
    return;
  }
  const std::size_t keys_count = std::size_t{*std::ranges::max_element(keys)} + 1;
  std::vector<std::size_t> first(keys_count + 1);
  for (const std::uint32_t key : keys) ++first[key + 1];
  for (std::size_t key = 0; key < keys_count; ++key) {
    if (first[key + 1] > 0) {
      cells.number.push_back(static_cast<std::uint32_t>(key));
      cells.begin.push_back(first[key]);
    } else if (cells.grouped) {
      throw DataError(rejection("group " + std::to_string(key), "0 rows",
                                "groups must be numbered 0, 1, 2, ... without gaps"));
    }
    first[key + 1] += first[key];
  }
  cells.begin.push_back(rows);
  for (std::size_t i = 0; i < rows; ++i) cells.order[first[keys[i]]++] = i;
}

void weigh(TableCells& cells, std::span<const double> log_weights) {
  const std::size_t count = cells.cells();
  cells.prior.resize(cells.order.size());
  std::vector<double> totals(count);
  for (std::size_t c = 0; c < count; ++c) {
    const std::span<double> prior = std::span(cells.prior).subspan(cells.begin[c], cells.size(c));
    for (std::size_t j = 0; j < prior.size(); ++j) {
      prior[j] = log_weights.empty() ? 0 : log_weights[cells.order[cells.begin[c] + j]];
    }
    const double largest = *std::ranges::max_element(prior);
    if (largest == -kInfinity) {
      throw DataError(
          rejection((cells.grouped ? "group " : "stratum ") + std::to_string(cells.number[c]),
                    std::to_string(prior.size()) + " rows", "has no row with a positive weight",
                    "leave it out of the table"));
    }
    double total = 0;
    for (double& p : prior) total += p = std::exp(p - largest);
    for (double& p : prior) p /= total;
    totals[c] = largest + std::log(total);
  }
  // Equal weights have one logarithm.
  cells.log_prior.resize(cells.prior.size());
  for (std::size_t j = 0; j < cells.prior.size(); ++j) {
    const bool same = j > 0 && cells.prior[j] == cells.prior[j - 1];
    cells.log_prior[j] = same ? cells.log_prior[j - 1] : std::log(cells.prior[j]);
  }
  cells.share.assign(count, 1 / static_cast<double>(count));
  if (cells.grouped) return;
  const double all = log_sum_exp(totals);
  for (std::size_t c = 0; c < count; ++c) cells.share[c] = std::exp(totals[c] - all);
}

void require_one_stratum_a_group(const TableCells& cells, std::span<const std::uint32_t> strata) {
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    const std::uint32_t own = strata[cells.order[cells.begin[c]]];
    for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
      if (strata[cells.order[j]] == own) continue;
      throw DataError(rejection(
          "group " + std::to_string(cells.number[c]),
          "strata " + std::to_string(own) + " and " + std::to_string(strata[cells.order[j]]),
          "a group must lie within one stratum", "keep the rows of a group in one fold"));
    }
  }
}

/// Numbers the pieces cell by cell.
void set_pieces(TableCells& cells, std::span<const std::uint32_t> clusters) {
  const std::size_t count = cells.grouped ? cells.cells() : cells.order.size();
  cells.piece.resize(count);
  if (clusters.empty()) {
    std::iota(cells.piece.begin(), cells.piece.end(), 0U);
    cells.piece_begin = cells.grouped ? std::vector<std::size_t>{0, count} : cells.begin;
    return;
  }
  constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> known(std::size_t{std::ranges::max(clusters)} + 1, kNone);
  std::uint32_t next = 0;
  cells.piece_begin = {0};
  const auto add = [&](std::size_t at, std::size_t row) {
    std::uint32_t& piece = known[clusters[row]];
    if (piece == kNone) piece = next++;
    if (piece < cells.piece_begin.back()) {
      throw DataError(rejection("cluster " + std::to_string(clusters[row]), "several strata",
                                "a cluster must lie within one stratum",
                                "keep the rows of a cluster in one fold"));
    }
    cells.piece[at] = piece;
  };
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    if (!cells.grouped) {
      for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) add(j, cells.order[j]);
      cells.piece_begin.push_back(next);
      continue;
    }
    const std::uint32_t own = clusters[cells.order[cells.begin[c]]];
    for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
      if (clusters[cells.order[j]] == own) continue;
      throw DataError(rejection("group " + std::to_string(cells.number[c]), "several clusters",
                                "a group must lie within one cluster"));
    }
    add(c, cells.order[cells.begin[c]]);
  }
  if (cells.grouped) cells.piece_begin.push_back(next);
}

/// Nothing is told of a policy by rows that are no draws.
void require_drawn(const TableCells& cells) {
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    std::size_t drawn = 0;
    for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
      if (!cells.is_placed(j) && cells.prior[j] > 0) ++drawn;
    }
    if (drawn >= 2) continue;
    throw DataError(rejection("placed", "all rows but " + std::to_string(drawn),
                              cells.cells() > 1 ? "two of each stratum must be draws"
                                                : "two of positive weight must be draws",
                              "leave placed out"));
  }
}

double prior_freedom(const TableCells& cells) {
  std::vector<double> weights(cells.pieces());
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
      weights[cells.piece[j]] += cells.share[c] * cells.prior[j];
    }
  }
  return std::max(1.0, pieces_of_variance(weights) - static_cast<double>(cells.cells()));
}

std::size_t distinct(std::span<const std::uint32_t> strata) {
  if (strata.empty()) return 1;
  std::vector<bool> seen(std::size_t{*std::ranges::max_element(strata)} + 1);
  for (const std::uint32_t stratum : strata) seen[stratum] = true;
  return static_cast<std::size_t>(std::ranges::count(seen, true));
}

}  // namespace

std::size_t TableCells::drawn(std::size_t c) const {
  std::size_t count = pieces(c);
  for (std::size_t j = begin[c]; j < begin[c + 1] && !placed.empty(); ++j) count -= placed[j];
  return count;
}

double pieces_of_variance(std::span<const double> weights) {
  const double largest = weights.empty() ? 0 : std::ranges::max(weights);
  if (!(largest > 0)) return 1;  // known rows without weight
  double squares = 0;
  double fourths = 0;
  for (const double w : weights) {
    if (w == 0) continue;
    const double square = (w / largest) * (w / largest);
    squares += square;
    fourths += square * square;
  }
  return std::max(1.0, squares * squares / fourths);
}

TableCells table_cells(const TableReference& reference) {
  check_lengths(reference);
  TableCells cells;
  cells.grouped = !reference.groups.empty();
  cells.strata = distinct(reference.strata);
  sort_rows(cells, cells.grouped ? reference.groups : reference.strata, reference.rows);
  weigh(cells, reference.log_weights);
  set_pieces(cells, reference.clusters);
  if (!reference.placed.empty()) {
    for (const std::size_t row : cells.order) cells.placed.push_back(reference.placed[row] != 0);
    require_drawn(cells);
  }
  if (!cells.grouped) cells.prior_freedom = prior_freedom(cells);
  if (cells.grouped) {
    if (!reference.strata.empty()) require_one_stratum_a_group(cells, reference.strata);
    if (cells.cells() == reference.rows) {
      throw DataError(rejection("groups", std::to_string(reference.rows) + " of one row each",
                                "there is nothing to choose among within a group",
                                "check the column of groups, or leave it out"));
    }
  }
  return cells;
}

void require_sampled(const TableCells& cells) {
  const auto clustered = [&](std::size_t c) { return cells.pieces(c) == 1 && cells.size(c) > 1; };
  if (cells.grouped ? cells.pieces() == 1 && cells.cells() > 1 : clustered(0)) {
    throw DataError(rejection("clusters", "1", "an error can be told from two clusters or more",
                              "leave clusters out, or say that the table is enumerated"));
  }
  if (cells.grouped && cells.cells() < 2) {
    throw DataError(rejection("groups", "1", "an error can be told from two groups or more",
                              "leave groups out, or say that the table is enumerated"));
  }
  if (cells.grouped) return;
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    if (clustered(c)) {
      throw DataError(rejection("stratum " + std::to_string(cells.number[c]), "1 cluster",
                                "an error can be told from two clusters or more",
                                "use fewer folds, or say that the table is enumerated"));
    }
    if (cells.size(c) >= 2) continue;
    throw DataError(rejection("stratum " + std::to_string(cells.number[c]), "1 row",
                              "an error can be told from two rows or more",
                              "use fewer folds, or say that the table is enumerated"));
  }
}

std::string too_few_groups(const TableCells& cells, double pieces) {
  const bool whole = pieces == std::floor(pieces);
  return "there are only " + number_text(pieces, 3) + (whole ? "" : " effective") +
         (cells.pieces() < cells.cells() ? " clusters" : " groups") +
         (pieces < static_cast<double>(cells.pieces()) ? " with gold rewards; " : "; ") +
         number_text(kLeastGroups) + " are needed to tell an error";
}

std::string too_few_rows(std::string_view remedy) {
  return "with fewer than " + number_text(kLeastEffectiveRows) +
         " its own intervals may be too narrow (what advice promises holds from " +
         number_text(kLeastRows) + " on): " + std::string(remedy) + " or take more rows";
}

bool known_where_it_goes(double coverage, double beyond) {
  return coverage >= kLeastCoverage && beyond <= kMostBeyond;
}

std::string too_little_coverage(double coverage, double beyond, std::string_view remedy) {
  // Any other draw would be one that no estimate knows of.
  const std::string end = std::string(remedy) + " or label more rows, drawn at random";
  if (coverage < kLeastCoverage) {
    return "rows with gold rewards carry " + number_text(coverage, 2) +
           " of the weight that is their due: the policy goes where few are labelled; " + end;
  }
  return number_text(100 * beyond, 2) +
         " % of the policy's weight lies on rows that score above all that have a gold reward; " +
         end;
}

void require_rewards(std::span<const double> values, std::string_view name, std::size_t rows) {
  if (values.size() != rows) {
    throw UsageError(rejection(name, std::to_string(values.size()) + " values",
                               "there are " + std::to_string(rows) + " rows"));
  }
  for (std::size_t i = 0; i < rows; ++i) {
    if (std::isfinite(values[i])) continue;
    throw DataError(rejection(std::string(name) + " of row " + std::to_string(i + 1), values[i],
                              "must be finite"));
  }
}

void require_level(double level) {
  if (level > 0 && level < 1) return;
  throw UsageError(rejection("level", level, "must be between 0 and 1", "for example 0.95"));
}

}  // namespace esscher::internal
