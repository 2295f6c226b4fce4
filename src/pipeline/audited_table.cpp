#include "pipeline/audited_table.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"
#include "esscher/weights/log_weights.h"
#include "pipeline/reference_draw.h"

namespace esscher::internal {
namespace {

/// Squares of larger ones, and their sums, would leave the range of doubles.
constexpr double kGreatestScore = 1e100;

bool is_score(double value) { return std::abs(value) <= kGreatestScore; }

[[noreturn]] void refuse_score(const std::string& what, double value, const char* finite) {
  if (!std::isfinite(value)) throw DataError(rejection(what, value, finite));
  throw DataError(
      rejection(what, value, "must lie in [-1e100, 1e100]", "measure it in another unit"));
}

/// "row 3", or "row 3 of --reference".
std::string row_name(const AuditTable& table, std::size_t i) {
  const std::size_t own = table.gold.size() - static_cast<std::size_t>(table.reference_rows);
  const std::uint64_t in_order = i < own ? i : i - own;
  const std::uint64_t number = table.source_rows.empty() ? in_order : table.source_rows[i];
  return "row " + std::to_string(number + table.first_row) + (i < own ? "" : " of --reference");
}

void require_scores(const NamedScores& scores, const char* what, const AuditTable& table) {
  const std::string name = std::string(what) + " " + in_quotes(scores.name);
  const std::size_t rows = table.gold.size();
  if (scores.values.size() != rows) {
    throw UsageError(rejection(name, std::to_string(scores.values.size()) + " values",
                               "there are " + std::to_string(rows) + " rows"));
  }
  for (std::size_t i = 0; i < rows; ++i) {
    if (is_score(scores.values[i])) continue;
    refuse_score(name + " of " + row_name(table, i), scores.values[i], "must be finite");
  }
}

/// Prior-weighted sums of some rows of a group.
struct GroupSums {
  std::size_t rows = 0;
  double mass = 0;
  double squares = 0;  ///< of weights
  double mean = 0;
  double scatter = 0;

  void add(double weight, double value) {
    if (!(weight > 0)) return;
    ++rows;
    mass += weight;
    squares += weight * weight;
    const double step = value - mean;
    mean += weight / mass * step;
    scatter += weight * step * (value - mean);
  }
  /// What the variance about their own mean lacks, as a share: 1/n of n equal weights.
  double lacking() const { return squares / mass / mass; }
};

/// What the gold rewards' standard deviation within groups would be if all were known. Groups of
/// two known rows or more tell the law's variance, of which that of n rows about their mean lacks
/// 1/n; that of a whole group lacks 1/N, all of it where it is one row.
double sd_within_groups(const AuditTable& table) {
  const std::size_t count = std::size_t{std::ranges::max(table.groups)} + 1;
  std::vector<double> log_weights = table.log_weights;
  log_weights.resize(table.gold.size());
  normalise_log_weights(log_weights);
  std::vector<GroupSums> all(count);
  std::vector<GroupSums> known(count);
  for (std::size_t i = 0; i < table.gold.size(); ++i) {
    const double weight = std::exp(log_weights[i]);
    all[table.groups[i]].add(weight, 0);
    if (!std::isnan(table.gold[i])) known[table.groups[i]].add(weight, table.gold[i]);
  }
  double mass = 0;
  double kept = 0;  // of the law's variance, by all groups
  double told = 0;
  double variance = 0;
  for (std::size_t g = 0; g < count; ++g) {
    mass += all[g].mass;
    if (all[g].rows > 1) kept += all[g].mass * (1 - all[g].lacking());
    if (known[g].rows < 2) continue;
    told += all[g].mass;
    variance += all[g].mass * (known[g].scatter / known[g].mass) / (1 - known[g].lacking());
  }
  return told > 0 ? std::sqrt(variance / told * (kept / mass)) : 0;
}

}  // namespace

std::vector<std::uint32_t> dense(std::span<const std::uint32_t> numbers) {
  std::vector<std::uint32_t> seen(std::size_t{std::ranges::max(numbers)} + 1);
  std::vector<std::uint32_t> result;
  std::uint32_t next = 0;
  for (const std::uint32_t number : numbers) {
    if (seen[number] == 0) seen[number] = ++next;
    result.push_back(seen[number] - 1);
  }
  return result;
}

AuditedTable::AuditedTable(const AuditTable& given)
    : table(given), rows(given.gold.size()), cells(given.groups) {
  if (!given.source_rows.empty() && given.source_rows.size() != rows) {
    throw UsageError(rejection("row numbers", std::to_string(given.source_rows.size()) + " values",
                               "there are " + std::to_string(rows) + " rows"));
  }
  for (const NamedScores& proxy : given.proxies) require_scores(proxy, "proxy", given);
  for (const NamedScores& ratio : given.log_ratios) require_scores(ratio, "log-ratio", given);
  for (const auto* numbers : {&given.groups, &given.clusters}) {
    if (numbers->empty() || numbers->size() == rows) continue;
    throw UsageError(rejection("groups and clusters", std::to_string(numbers->size()) + " numbers",
                               "there are " + std::to_string(rows) + " rows"));
  }
  cells.resize(rows);
  reference = {.rows = rows,
               .groups = given.groups,
               .log_weights = given.log_weights,
               .clusters = given.clusters};
  for (std::size_t i = 0; i < rows; ++i) {
    if (!std::isnan(given.gold[i])) known.push_back(i);
  }
  if (known.size() < 2) {
    throw DataError(rejection("gold reward", counted(known.size(), "row") + " with one",
                              "at least two must have one", "label more rows, drawn at random"));
  }
  for (const std::size_t i : known) {
    if (is_score(given.gold[i])) continue;
    refuse_score("gold reward of " + row_name(given, i), given.gold[i],
                 "must be finite, or NaN where it is not known");
  }
  gold = at_known(given.gold);
  std::vector<std::uint32_t> numbers;
  for (const std::size_t i : known) {
    known_cells.push_back(cells[i]);
    if (!given.log_weights.empty()) known_log_weights.push_back(given.log_weights[i]);
    numbers.push_back(!given.clusters.empty() ? given.clusters[i]
                      : grouped()             ? cells[i]
                                              : static_cast<std::uint32_t>(numbers.size()));
  }
  known_cells = dense(known_cells);
  pieces = dense(numbers);
  gold_sd = grouped() && partial()
                ? sd_within_groups(given)
                : std::sqrt(spread(gold, gold, known_cells, known_log_weights).rr);
}

void AuditedTable::require_spread() const {
  if (gold_sd == 0 && grouped() && std::ranges::max(known_cells) + std::size_t{1} == known.size()) {
    throw DataError(rejection("gold reward", "one in each group that has any",
                              "what a group prefers is told from two rows of it or more",
                              "label two rows or more in some groups, drawn at random"));
  }
  if (gold_sd == 0) {
    throw DataError(rejection(
        "gold reward", gold.front(),
        grouped() ? "is the same throughout each group" : "is the same in all rows that have one",
        "there is nothing to measure proxies by"));
  }
}

std::optional<TableCells> AuditedTable::labelled_cells(std::span<const NamedScores> scores) const {
  if (grouped() || !table.clusters.empty()) return std::nullopt;
  const auto taken = [](std::span<const double> log_weights, std::size_t count) {
    if (log_weights.empty()) return static_cast<std::ptrdiff_t>(count);
    return std::ranges::count_if(log_weights, [](double w) { return !std::isinf(w); });
  };
  const std::ptrdiff_t labelled = taken(known_log_weights, known.size());
  if (labelled < 2 || 2 * labelled >= taken(table.log_weights, rows)) return std::nullopt;
  const double doubt = (1 - kDoubt) / static_cast<double>(scores.size());
  for (const NamedScores& each : scores) {
    if (unlike_parts(each.values, table.gold, table.log_weights, 1 - doubt)) return std::nullopt;
  }
  return table_cells({.rows = known.size(), .log_weights = known_log_weights});
}

double AuditedTable::mean(std::span<const double> values) const {
  std::vector<double> log_weights = table.log_weights;
  log_weights.resize(rows);
  normalise_log_weights(log_weights);
  double sum = 0;
  double mass = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    if (std::isnan(values[i])) continue;
    sum += std::exp(log_weights[i]) * values[i];
    mass += std::exp(log_weights[i]);
  }
  return sum / mass;
}

}  // namespace esscher::internal
