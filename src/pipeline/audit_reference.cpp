#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"
#include "esscher/pipeline/table_audit.h"
#include "esscher/weights/log_weights.h"

namespace esscher {
namespace {

std::size_t rows_of(const AuditTable& table) {
  if (!table.proxies.empty()) return table.proxies.front().values.size();
  return table.log_ratios.empty() ? table.gold.size() : table.log_ratios.front().values.size();
}

void require_same_scores(const std::vector<NamedScores>& scores,
                         const std::vector<NamedScores>& more, std::size_t rows) {
  for (std::size_t j = 0; j < scores.size(); ++j) {
    if (j >= more.size() || more[j].name != scores[j].name) {
      throw UsageError(rejection("reference", in_quotes(scores[j].name),
                                 "is missing; its scores must be those of the table"));
    }
    if (more[j].values.size() != rows) {
      throw UsageError(rejection("reference " + in_quotes(scores[j].name),
                                 std::to_string(more[j].values.size()) + " values",
                                 "there are " + std::to_string(rows) + " rows"));
    }
  }
}

void require_length(std::size_t length, std::size_t rows, const char* what) {
  if (length == rows) return;
  throw UsageError(rejection("reference", std::to_string(length) + " " + what,
                             "there are " + std::to_string(rows) + " rows"));
}

void append_scores(std::vector<NamedScores>& scores, const std::vector<NamedScores>& more) {
  for (std::size_t j = 0; j < scores.size(); ++j) {
    scores[j].values.insert(scores[j].values.end(), more[j].values.begin(), more[j].values.end());
  }
}

/// As they lie, each part by itself, where they have no numbers.
void number_rows(std::vector<std::uint64_t>& numbers, std::size_t own, std::size_t count) {
  if (!numbers.empty()) return;
  for (std::size_t i = 0; i < count; ++i) numbers.push_back(i < own ? i : i - own);
}

/// Of mean 1.
std::vector<double> log_shares(std::vector<double> log_weights, std::size_t rows) {
  log_weights.resize(rows);
  normalise_log_weights(log_weights);
  for (double& w : log_weights) w += std::log(static_cast<double>(rows));
  return log_weights;
}

/// A group has one cluster: the table's where it has rows there.
void append_clusters(AuditTable& table, const AuditTable& rows, std::size_t more) {
  const bool given = !rows.clusters.empty();
  if (given) require_length(rows.clusters.size(), more, "clusters");
  std::uint32_t next = std::ranges::max(table.clusters) + 1;
  if (rows.groups.empty()) {
    for (std::size_t i = 0; i < more; ++i) {
      table.clusters.push_back(given ? rows.clusters[i] : next++);
    }
    return;
  }
  std::unordered_map<std::uint32_t, std::uint32_t> cluster_of;
  for (std::size_t i = 0; i < table.groups.size(); ++i) {
    cluster_of.emplace(table.groups[i], table.clusters[i]);
  }
  for (std::size_t i = 0; i < more; ++i) {
    const auto [found, is_new] = cluster_of.emplace(rows.groups[i], 0);
    if (is_new) found->second = given ? rows.clusters[i] : next++;
    table.clusters.push_back(found->second);
  }
}

}  // namespace

void append_reference(AuditTable& table, const AuditTable& rows) {
  const std::size_t more = rows_of(rows);
  require_same_scores(table.proxies, rows.proxies, more);
  require_same_scores(table.log_ratios, rows.log_ratios, more);
  if (table.groups.empty() && !rows.groups.empty()) {
    throw UsageError(rejection("reference", std::to_string(rows.groups.size()) + " groups",
                               "the table has none"));
  }
  if (!table.groups.empty()) require_length(rows.groups.size(), more, "groups");
  if (!rows.log_weights.empty()) require_length(rows.log_weights.size(), more, "log-weights");
  if (!rows.source_rows.empty()) require_length(rows.source_rows.size(), more, "row numbers");
  if (more == 0) return;
  const std::size_t count = table.gold.size();
  if (!table.source_rows.empty() || !rows.source_rows.empty()) {
    number_rows(table.source_rows, count - static_cast<std::size_t>(table.reference_rows), count);
    std::vector<std::uint64_t> behind = rows.source_rows;
    number_rows(behind, more, more);
    table.source_rows.insert(table.source_rows.end(), behind.begin(), behind.end());
  }
  append_scores(table.proxies, rows.proxies);
  append_scores(table.log_ratios, rows.log_ratios);
  table.gold.resize(count + more, std::numeric_limits<double>::quiet_NaN());
  if (!table.log_weights.empty() || !rows.log_weights.empty()) {
    table.log_weights = log_shares(std::move(table.log_weights), count);
    const std::vector<double> weights = log_shares(rows.log_weights, more);
    table.log_weights.insert(table.log_weights.end(), weights.begin(), weights.end());
  }
  if (!table.clusters.empty()) append_clusters(table, rows, more);
  table.groups.insert(table.groups.end(), rows.groups.begin(), rows.groups.end());
  table.reference_rows += more;
}

}  // namespace esscher
