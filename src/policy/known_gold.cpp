#include "policy/known_gold.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher::internal {
namespace {

/// Of cell c.
std::size_t known_rows(const KnownGold& gold, const TableCells& cells, std::size_t c) {
  std::size_t known = 0;
  for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
    if (gold.known(cells.order[j])) ++known;
  }
  return known;
}

/// How many groups of two rows or more each known one stands for: those of like size, at least
/// kLikeSize of them known. 0 where a group is not known.
std::vector<double> group_scales(const TableCells& cells, const std::vector<bool>& known) {
  constexpr std::size_t kLikeSize = 5;
  std::vector<std::size_t> order;
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    if (cells.size(c) > 1) order.push_back(c);
  }
  std::ranges::stable_sort(order, {}, [&](std::size_t c) { return cells.size(c); });
  std::vector<double> scales(cells.cells());
  std::size_t begin = 0;
  std::size_t told = 0;
  const auto close = [&](std::size_t end) {
    for (std::size_t j = begin; j < end; ++j) {
      if (known[order[j]]) {
        scales[order[j]] = static_cast<double>(end - begin) / static_cast<double>(told);
      }
    }
  };
  std::size_t rest = 0;  // of the known ones from here on
  for (const std::size_t c : order) rest += known[c] ? 1 : 0;
  for (std::size_t j = 0; j < order.size(); ++j) {
    if (known[order[j]]) {
      ++told;
      --rest;
    }
    const bool last = j + 1 == order.size();
    const bool size_ends = last || cells.size(order[j + 1]) != cells.size(order[j]);
    // The largest ones go with those before them where too few of them would be known.
    if (!last && !(size_ends && told >= kLikeSize && rest >= kLikeSize)) continue;
    close(j + 1);
    begin = j + 1;
    told = 0;
  }
  return scales;
}

/// Pieces of groups with at least so many known rows; 1: two, or all of a group of one.
std::size_t pieces_of_groups(const KnownGold& gold, const TableCells& cells, std::size_t least) {
  std::vector<bool> seen(cells.pieces());
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    const std::size_t needed = std::max(least, std::min<std::size_t>(2, cells.size(c)));
    if (known_rows(gold, cells, c) >= needed) seen[cells.piece[c]] = true;
  }
  return static_cast<std::size_t>(std::ranges::count(seen, true));
}

void require_known(const KnownGold& gold, const TableCells& cells) {
  if (cells.grouped) {
    const std::size_t pieces = pieces_of_groups(gold, cells, 2);
    if (pieces >= 2) return;
    throw DataError(rejection("gold reward", counted(pieces, "group") + " with two of them",
                              "an error can be told from two groups or more, or clusters of them",
                              "label two rows or more in more groups, drawn at random"));
  }
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    std::size_t pieces = 0;  // two are enough
    std::uint32_t first = 0;
    for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1] && pieces < 2; ++j) {
      const bool drawn = cells.prior[j] > 0 && gold.known(cells.order[j]);
      if (!drawn || (pieces == 1 && cells.piece[j] == first)) continue;
      first = cells.piece[j];
      ++pieces;
    }
    if (pieces >= 2) continue;
    throw DataError(rejection("gold reward", counted(pieces, "known row"),
                              "an error can be told from two rows or more, or clusters of them",
                              "label more rows, drawn at random"));
  }
}

}  // namespace

void require_gold(const KnownGold& gold, const TableCells& cells) {
  const std::size_t rows = cells.order.size();
  if (!gold.partial()) {
    require_rewards(gold.y, "gold reward", rows);
    return;
  }
  require_rewards(gold.predicted, "predicted reward", rows);
  if (gold.y.size() != rows) {
    throw UsageError(rejection("gold reward", std::to_string(gold.y.size()) + " values",
                               "there are " + std::to_string(rows) + " rows"));
  }
  for (std::size_t i = 0; i < rows; ++i) {
    if (!std::isinf(gold.y[i])) continue;
    throw DataError(rejection("gold reward of row " + std::to_string(i + 1), gold.y[i],
                              "must be finite, or NaN where it is not known"));
  }
  require_known(gold, cells);
}

Correction correction(std::span<const double> w, std::span<const double> errors) {
  Correction result;
  double mean = 0;
  for (std::size_t k = 0; k < w.size(); ++k) {
    result.share += w[k];
    mean += w[k] * errors[k];
  }
  result.own.resize(w.size());
  // No known row has any weight: predictions stand alone, and nobody may rely on them.
  if (!(result.share > 0)) {
    result.all = mean;
    return result;
  }
  mean /= result.share;
  constexpr double kLeastRest = 1e-9;
  double shift = 0;
  for (std::size_t k = 0; k < w.size(); ++k) {
    // A row that is left out takes the correction, of which it has a share among the known rows,
    // further than the mean over all rows, for which whoever draws rows allows.
    const double pull = (1 - w[k]) / std::max(1 - w[k] / result.share, kLeastRest);
    result.own[k] = (errors[k] - mean) / result.share * pull;
    shift += w[k] * result.own[k];
  }
  result.all = mean - shift;
  return result;
}

std::vector<double> corrected_within_groups(const KnownGold& gold, const TableCells& cells) {
  const std::size_t groups = cells.cells();
  std::vector<double> corrected(gold.y.size());
  std::vector<double> level(groups);      // of y, where that is known
  std::vector<double> predicted(groups);  // level of m
  std::vector<bool> known(groups);
  double mean_level = 0;
  double known_groups = 0;
  for (std::size_t c = 0; c < groups; ++c) {
    const std::size_t count = known_rows(gold, cells, c);
    const bool single = cells.size(c) == 1;
    double error = 0;
    double mass = 0;
    for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
      const std::size_t i = cells.order[j];
      predicted[c] += cells.prior[j] * gold.predicted[i];
      if (!gold.known(i)) continue;
      error += (gold.y[i] - gold.predicted[i]) / static_cast<double>(count);
      level[c] += cells.prior[j] * gold.y[i];
      mass += cells.prior[j];
    }
    // Of a group whose known rows pi_0 never takes nothing is known.
    known[c] = count >= (single ? 1U : 2U) && mass > 0;
    if (!known[c]) continue;
    level[c] /= mass;
    mean_level += level[c];
    ++known_groups;
    if (single) continue;  // it has no rise, and nothing to say of the others'
    const double factor =
        (static_cast<double>(cells.size(c)) - 1) / (static_cast<double>(count) - 1);
    double mean = 0;
    for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
      const std::size_t i = cells.order[j];
      if (gold.known(i)) corrected[i] = factor * (gold.y[i] - gold.predicted[i] - error);
      mean += cells.prior[j] * corrected[i];
    }
    for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
      corrected[cells.order[j]] -= mean;
    }
  }
  mean_level /= known_groups;
  const double level_scale = static_cast<double>(groups) / known_groups;
  const std::vector<double> scales = group_scales(cells, known);
  for (std::size_t c = 0; c < groups; ++c) {
    const double own = mean_level + (known[c] ? level_scale * (level[c] - mean_level) : 0);
    for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
      const std::size_t i = cells.order[j];
      corrected[i] = own + (gold.predicted[i] - predicted[c]) + scales[c] * corrected[i];
    }
  }
  return corrected;
}

GroupCoverage group_coverage(const KnownGold& gold, const TableCells& cells,
                             std::span<const double> shares) {
  double weight = 0;
  double due = 0;
  double sum = 0;
  double squares = 0;
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    const std::size_t count = known_rows(gold, cells, c);
    if (count < std::min<std::size_t>(2, cells.size(c))) continue;
    const double own = static_cast<double>(count) / static_cast<double>(cells.size(c));
    weight += shares[c];
    due += own;
    sum += shares[c] / own;
    squares += shares[c] / own * (shares[c] / own);
  }
  return {weight / due, squares > 0 ? sum / squares * sum : 0};
}

std::size_t known_pieces(const KnownGold& gold, const TableCells& cells) {
  // A group of one row is known by that one.
  if (cells.grouped) return pieces_of_groups(gold, cells, 1);
  if (cells.single_rows()) {
    return gold.y.size() - static_cast<std::size_t>(std::ranges::count_if(
                               gold.y, [](double y) { return std::isnan(y); }));
  }
  std::vector<bool> seen(cells.pieces());
  for (std::size_t j = 0; j < cells.order.size(); ++j) {
    if (gold.known(cells.order[j])) seen[cells.piece[j]] = true;
  }
  return static_cast<std::size_t>(std::ranges::count(seen, true));
}

}  // namespace esscher::internal
