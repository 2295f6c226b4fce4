#include "policy/unseen.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <vector>

#include "esscher/policy/steady_error.h"

namespace esscher::internal {
namespace {

/// 95 % of samples of n show what has a chance of 3/n.
constexpr double kRuleOfThree = 3;

/// take(j, y) for each.
template <class Take>
void for_known(const KnownGold& gold, const KnownPlaces& known, const TableCells& cells,
               const Take& take) {
  for (const std::size_t j : known.place) take(j, gold.y[cells.order[j]]);
}

/// What has more than half of the weight wins, if anything has (Boyer and Moore's vote).
template <class Same>
struct Vote {
  Same same{};
  double winner = 0;
  double lead = 0;

  void add(double value, double weight) {
    if (same(value, winner)) {
      lead += weight;
    } else if (weight > lead) {
      winner = value;
      lead = weight - lead;
    } else {
      lead -= weight;
    }
  }
};

/// Whether all but three in \p ess are alike.
bool agree(double share, double ess) { return share > std::max(0.5, 1 - kRuleOfThree / ess); }

/// What a group's known rows tell.
struct GroupRise {
  double rise = 0;      ///< sum (w - p) y
  double value = 0;     ///< sum w y
  double variance = 0;  ///< of that of the same rewards in random order
};
/// None where they are one, or have no weight.
std::optional<GroupRise> known_rise(const KnownGold& gold, const TableCells& cells,
                                    PolicyWeights weights, std::size_t c) {
  double rows = 0;
  double prior = 0;
  double weight = 0;
  double mean = 0;
  double first = 0;
  const auto for_rows = [&](const auto& take) {
    for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
      const std::size_t i = cells.order[j];
      if (cells.prior[j] > 0 && gold.known(i)) take(j, gold.y[i]);
    }
  };
  for_rows([&](std::size_t j, double y) {
    if (rows == 0) first = y;
    ++rows;
    prior += cells.prior[j];
    weight += weights[j];
    mean += cells.prior[j] * (y - first);
  });
  if (rows < 2 || !(weight > 0)) return std::nullopt;
  mean = first + mean / prior;
  GroupRise group;
  double moved = 0;
  double spread = 0;
  for_rows([&](std::size_t j, double y) {
    const double p = cells.prior[j] / prior;
    const double step = weights[j] / weight - p;
    group.rise += step * (y - mean);
    moved += step * step;
    spread += p * (y - mean) * (y - mean);
  });
  group.value = mean + group.rise;
  group.variance = moved * spread * rows / (rows - 1);
  return group;
}

}  // namespace

KnownPlaces known_places(const KnownGold& gold, const TableCells& cells) {
  KnownPlaces known{{}, {0}};
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
      if (cells.prior[j] > 0 && gold.known(cells.order[j])) known.place.push_back(j);
    }
    known.begin.push_back(known.place.size());
  }
  return known;
}

bool most_known(const KnownPlaces& known, const TableCells& cells) {
  const auto rows = std::ranges::count_if(cells.prior, [](double prior) { return prior > 0; });
  return 2 * known.place.size() >= static_cast<std::size_t>(rows);
}

SeenPolicy seen_policy(const KnownPlaces& known, const TableCells& cells,
                       std::span<const double> scores, PolicyWeights weights) {
  SeenPolicy seen{0, kInfinity, 0};
  double squares = 0;
  double all = 0;
  // Rows of their own need no memory.
  const bool single = cells.single_rows();
  std::vector<double> of_piece(single ? 0 : cells.pieces());
  std::vector<bool> present(of_piece.size());
  std::vector<bool> told(of_piece.size());
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    double highest = -kInfinity;
    auto count = static_cast<double>(known.begin[c + 1] - known.begin[c]);
    for (std::size_t k = known.begin[c]; k < known.begin[c + 1]; ++k) {
      highest = std::max(highest, scores[cells.order[known.place[k]]]);
      if (!single) told[cells.piece[known.place[k]]] = true;
    }
    double sum = 0;
    double square = 0;
    double pieces = 0;
    for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
      if (!(cells.prior[j] > 0)) continue;
      sum += weights[j];
      if (scores[cells.order[j]] > highest) seen.beyond += weights[j];
      if (single) {
        square += weights[j] * weights[j];
        ++pieces;
      } else {
        of_piece[cells.piece[j]] += weights[j];
        present[cells.piece[j]] = true;
      }
    }
    if (!single) {
      count = 0;
      for (std::size_t p = cells.piece_begin[c]; p < cells.piece_begin[c + 1]; ++p) {
        square += of_piece[p] * of_piece[p];
        pieces += present[p] ? 1 : 0;
        count += told[p] ? 1 : 0;
      }
    }
    const double ess = square > 0 ? count / pieces * (sum / square * sum) : 0;
    seen.least_ess = std::min(seen.least_ess, ess);
    squares += ess > 0 ? cells.share[c] / ess * cells.share[c] : kInfinity;
    all += sum;
  }
  seen.ess = 1 / squares;
  seen.beyond = all > 0 ? seen.beyond / all : 1;
  return seen;
}

bool least_error_counts(const KnownGold& gold, const KnownPlaces& known, const TableCells& cells,
                        double ess, double found) {
  // No reward lies farther from a mean of them than the least from the greatest.
  double low = kInfinity;
  double high = -kInfinity;
  for_known(gold, known, cells, [&](std::size_t, double y) {
    low = std::min(low, y);
    high = std::max(high, y);
  });
  return std::sqrt(kRuleOfThree) / ess * (high - low) > found;
}

double least_error(const KnownGold& gold, const KnownPlaces& known, const TableCells& cells,
                   PolicyWeights weights, double ess, double found) {
  if (!least_error_counts(gold, known, cells, ess, found)) return 0;
  double weight = 0;
  double prior = 0;
  double mean = 0;
  Vote<std::equal_to<>> vote;
  for_known(gold, known, cells, [&](std::size_t j, double y) {
    vote.add(y, weights[j]);
    weight += weights[j];
    prior += cells.prior[j];
    mean += weights[j] * y;
  });
  if (!(weight > 0)) return 0;
  mean /= weight;
  double most = 0;
  double square = 0;
  for_known(gold, known, cells, [&](std::size_t j, double y) {
    if (y == vote.winner) most += weights[j];
    square += cells.prior[j] / prior * (y - mean) * (y - mean);
  });
  if (!agree(most / weight, ess)) return 0;
  return std::sqrt(kRuleOfThree * square) / ess;
}

double least_error_of_groups(const KnownGold& gold, const TableCells& cells, PolicyWeights weights,
                             double groups, double found) {
  std::vector<double> rises;
  std::vector<double> values;
  double square = 0;
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    const std::optional<GroupRise> group = known_rise(gold, cells, weights, c);
    if (!group) continue;
    rises.push_back(group->rise);
    values.push_back(group->value);
    square += group->rise * group->rise + group->variance;
  }
  const auto count = static_cast<double>(rises.size());
  const double least = rises.empty() ? 0 : std::sqrt(kRuleOfThree * square / count) / groups;
  if (!(least > found)) return 0;
  // Rounding is no difference.
  const double rounding = 1e-9 * std::sqrt(square / count);
  const auto same = [&](double a, double b) { return std::abs(a - b) <= rounding; };
  const auto alike = [&](const std::vector<double>& figures) {
    Vote<decltype(same)> vote{same};
    for (const double figure : figures) vote.add(figure, 1);
    const auto most = static_cast<double>(
        std::ranges::count_if(figures, [&](double each) { return same(each, vote.winner); }));
    return agree(most / count, groups);
  };
  return alike(rises) || alike(values) ? least : 0;
}

double error_beyond(const KnownGold& gold, const KnownPlaces& known, const TableCells& cells,
                    double beyond) {
  if (beyond == 0) return 0;
  double prior = 0;
  double mean = 0;
  for_known(gold, known, cells, [&](std::size_t j, double y) {
    prior += cells.prior[j];
    mean += cells.prior[j] * y;
  });
  mean /= prior;
  double square = 0;
  for_known(gold, known, cells, [&](std::size_t j, double y) {
    square += cells.prior[j] / prior * (y - mean) * (y - mean);
  });
  return beyond * std::sqrt(square);
}

Estimate steady_value(double value, const KnownGold& gold, const KnownPlaces& known,
                      const TableCells& cells, PolicyWeights all_weights, double off) {
  std::vector<double> weights;
  std::vector<double> residuals;
  double prior = 0;
  double prior_squares = 0;
  double sum = 0;
  for (const std::size_t j : known.place) {
    const std::size_t i = cells.order[j];
    weights.push_back(all_weights[j]);
    residuals.push_back(gold.y[i] - gold.predicted[i]);
    sum += all_weights[j];
    prior += cells.prior[j];
    prior_squares += cells.prior[j] * cells.prior[j];
  }
  Estimate steady{value, kInfinity};
  if (!(sum > 0)) return steady;
  double concentration = 0;  // of the policy from the law of the known rows
  double predicted = 0;
  for (std::size_t j = 0; j < cells.order.size(); ++j) {
    if (!(cells.prior[j] > 0)) continue;
    const double w = all_weights[j];
    concentration += w * w / cells.prior[j];
    predicted += w * gold.predicted[cells.order[j]];
  }
  double drawn = 0;
  for (std::size_t j = 0; j < cells.order.size(); ++j) {
    const double w = all_weights[j];
    const double moved = w / (1 - w) * (gold.predicted[cells.order[j]] - predicted);
    if (w > 0) drawn += moved * moved;
  }
  const double correction =
      steady_error(weights, residuals, concentration * (prior_squares / prior / prior));
  const double variance = correction * correction + drawn + off * off;
  if (!std::isfinite(variance)) return steady;
  steady.standard_error = std::sqrt(variance);
  if (drawn > 0) {
    const double share = variance / drawn;
    steady.degrees_of_freedom = share * share * pieces_of_variance(all_weights);
  }
  return steady;
}

}  // namespace esscher::internal
