#include "esscher/policy/best_of_n.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "esscher/base/callbacks.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "policy/above_rows.h"
#include "policy/choice_cell.h"
#include "policy/known_gold.h"
#include "policy/label_errors.h"
#include "policy/shared_cells.h"
#include "policy/table_cells.h"
#include "policy/unseen.h"

namespace esscher {
namespace {

using internal::CellFigures;
using internal::chance;
using internal::ChoiceFigures;
using internal::kChoiceFigures;
using internal::kLeastEffectiveRows;
using internal::kLeastGroups;
using internal::KnownGold;
using internal::RankedCells;
using internal::TableCells;

/// In the order of the figures.
Estimate BestOfNValue::*const kBestOfNEstimates[kChoiceFigures] = {
    &BestOfNValue::value, &BestOfNValue::proxy, &BestOfNValue::reference, &BestOfNValue::gain,
    &BestOfNValue::kl};

void check_choice_options(const BestOfNOptions& options) {
  constexpr double kMost = 1e15;
  if (!(options.n >= 1 && options.n <= kMost)) {
    throw UsageError(rejection("n", options.n, "must be from 1 to 1e15"));
  }
  if (options.enumerated && !options.predicted.empty()) {
    throw UsageError("enumerated: values are exact only where every gold reward is known");
  }
}

/// \param pieces  that tell an error: groups, or clusters of them, with known rewards
void judge(BestOfNValue& value, const TableCells& cells, double pieces) {
  if (!internal::known_where_it_goes(value.coverage, value.beyond)) {
    value.reliable = false;
    value.remark = internal::too_little_coverage(value.coverage, value.beyond, "lower n");
    return;
  }
  if (cells.grouped) {
    value.reliable = pieces >= kLeastGroups;
    if (!value.reliable) value.remark = internal::too_few_groups(cells, pieces);
    return;
  }
  value.reliable = value.least_ess >= kLeastEffectiveRows;
  if (value.reliable) return;
  value.remark =
      "the best of " + number_text(value.n, 4) + " leaves " + number_text(value.least_ess, 3) +
      (cells.single_rows() ? " effective rows" : " effective clusters") +
      (cells.cells() > 1 ? " in one of the strata" : "") + "; " + internal::too_few_rows("lower n");
}

/// The choices' law in the cells' order, and the proxy rewards of the table's rows that it may
/// take.
struct ChoiceLaw {
  std::vector<double> weights;
  std::vector<double> scores;
};

ChoiceLaw choice_law(const RankedCells& ranked, double n) {
  const TableCells& cells = ranked.cells();
  const std::size_t rows = cells.order.size();
  std::vector<double> by_row(rows);
  ChoiceLaw law{std::vector<double>(rows), std::vector<double>(rows)};
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    for (const RankedCells::Level& level : ranked[c].levels) {
      const double density = cells.share[c] * chance(n, level) / level.mass;
      for (std::size_t i = level.begin; i < level.end; ++i) {
        const RankedCells::Row& row = ranked[c].rows[i];
        by_row[row.row] = density * row.prior;
        law.scores[row.row] = row.r;
      }
    }
  }
  for (std::size_t j = 0; j < rows; ++j) law.weights[j] = by_row[cells.order[j]];
  return law;
}

/// As a tilt's, of the known rows' weights, summed over pieces.
double choice_freedom(const KnownGold& gold, const TableCells& cells,
                      std::span<const double> weights) {
  std::vector<double> known(cells.pieces());
  for (std::size_t j = 0; j < weights.size(); ++j) {
    if (cells.is_placed(j)) continue;
    if (!gold.partial() || gold.known(cells.order[j])) known[cells.piece[j]] += weights[j];
  }
  return internal::pieces_of_variance(known);
}

/// Errors for what the known rows have not shown.
void allow_for_unseen(const KnownGold& given, const TableCells& cells, const ChoiceLaw& law,
                      double pieces, BestOfNValue& result) {
  double least = 0;
  double off = 0;
  if (cells.grouped) {
    least = internal::least_error_of_groups(given, cells, law.weights, pieces,
                                            result.gain.standard_error);
  } else {
    const internal::KnownPlaces known = internal::known_places(given, cells);
    if (given.partial()) {
      const internal::SeenPolicy seen =
          internal::seen_policy(known, cells, law.scores, law.weights);
      result.beyond = seen.beyond;
      result.ess = std::min(result.ess, seen.ess);
      result.least_ess = std::min(result.least_ess, seen.least_ess);
    }
    least = internal::least_error(given, known, cells, law.weights, result.ess,
                                  result.value.standard_error);
    off = internal::error_beyond(given, known, cells, result.beyond);
    if (internal::most_known(known, cells)) {
      off = std::hypot(
          off, internal::error_above_choice(cells, law.scores, given.y, law.weights, result.n));
    }
    if (given.partial() && cells.single_rows() && cells.cells() == 1) {
      result.steady_value =
          internal::steady_value(result.value.value, given, known, cells, law.weights, off);
    }
  }
  for (Estimate* each : {&result.value, &result.gain}) {
    each->standard_error = std::max(std::hypot(each->standard_error, off), least);
  }
  result.steady_value.standard_error = std::max(result.steady_value.standard_error, least);
}

}  // namespace

BestOfNValue internal::best_of_n_value(const RankedCells& ranked, std::span<const double> y,
                                       const BestOfNOptions& options) {
  check_choice_options(options);
  const TableCells& cells = ranked.cells();
  const KnownGold given{y, options.predicted};
  KnownGold gold = given;
  internal::require_gold(gold, cells);
  if (!options.enumerated) internal::require_sampled(cells);
  auto pieces =
      static_cast<double>(given.partial() ? internal::known_pieces(given, cells) : cells.pieces());
  std::vector<double> corrected;
  if (gold.partial() && cells.grouped) {
    corrected = internal::corrected_within_groups(gold, cells);
    gold = {corrected, {}};
  }

  BestOfNValue result;
  result.n = options.n;
  result.kl_bound = best_of_n_kl_bound(options.n);
  const std::size_t count = cells.cells();
  result.groups = cells.grouped ? count : 0;
  result.clusters = cells.clustered() ? cells.pieces() : 0;
  std::vector<CellFigures> figures(count);
  const bool influence = options.influence && !options.enumerated && !cells.grouped;
  ChoiceFigures mean{};
  double squares = 0;
  for (std::size_t c = 0; c < count; ++c) {
    checkpoint();
    figures[c] = internal::choice_figures(ranked, c, gold, given, options.n, influence);
    for (std::size_t f = 0; f < kChoiceFigures; ++f)
      mean[f] += cells.share[c] * figures[c].value[f];
    squares += cells.share[c] * cells.share[c] / figures[c].ess;
    result.least_ess = c == 0 ? figures[c].ess : std::min(result.least_ess, figures[c].ess);
    result.coverage = c == 0 ? figures[c].coverage : std::min(result.coverage, figures[c].coverage);
    result.ess += figures[c].ess;
  }
  if (cells.grouped && given.partial()) {
    std::vector<double> shares;
    for (const CellFigures& each : figures) shares.push_back(each.known);
    const internal::GroupCoverage known = internal::group_coverage(given, cells, shares);
    result.coverage = known.coverage;
    pieces = std::min(pieces, known.groups);
  }
  checkpoint();
  internal::require_label_noise(options.label_noise, cells);
  const bool exact = options.enumerated && options.label_noise.empty();
  const ChoiceLaw law = exact ? ChoiceLaw{} : choice_law(ranked, options.n);
  double freedom = pieces - 1;
  if (cells.grouped) {
    result.least_ess = result.ess;
  } else {
    result.ess = 1 / squares;
    if (!options.enumerated) freedom = choice_freedom(given, cells, law.weights);
  }
  for (std::size_t f = 0; f < kChoiceFigures; ++f) {
    Estimate& estimate = result.*kBestOfNEstimates[f];
    estimate.value = mean[f];
    if (options.enumerated) continue;
    double variance = 0;
    std::vector<double> moved(cells.grouped ? cells.pieces() : 0);
    for (std::size_t c = 0; c < count; ++c) {
      if (cells.grouped) {
        moved[cells.piece[c]] += (figures[c].value[f] - mean[f]) / static_cast<double>(count);
      } else {
        variance += cells.share[c] * cells.share[c] * figures[c].variance[f];
      }
    }
    const auto all = static_cast<double>(cells.pieces());
    for (double& step : moved) {
      step *= std::sqrt(all / (all - 1));
      variance += step * step;
    }
    if (options.influence && f == kChosenGain) result.gain_influence = moved;
    if (options.influence && f == kChosenValue) result.value_influence = moved;
    estimate.standard_error = std::sqrt(variance);
    estimate.degrees_of_freedom = std::max(1.0, freedom);
  }
  if (influence && std::isfinite(result.gain.standard_error)) {
    for (std::size_t c = 0; c < count; ++c) {
      for (std::size_t p = 0; p < figures[c].gain_influence.size(); ++p) {
        result.gain_influence.push_back(cells.share[c] * figures[c].gain_influence[p]);
        result.value_influence.push_back(cells.share[c] * figures[c].value_influence[p]);
      }
    }
  }
  if (options.enumerated && !options.label_noise.empty()) {
    internal::LabelErrors errors = internal::label_errors(cells, law.weights, options.label_noise);
    result.value.standard_error = errors.value;
    result.gain.standard_error = errors.rise;
    result.reference.standard_error = errors.reference;
    if (options.influence) {
      result.gain_influence = std::move(errors.rise_influence);
      result.value_influence = std::move(errors.value_influence);
    }
  }
  result.steady_value = result.value;
  if (!options.enumerated) {
    checkpoint();
    allow_for_unseen(given, cells, law, pieces, result);
    judge(result, cells, pieces);
  }
  return result;
}

BestOfNValue best_of_n_value(std::span<const double> r, std::span<const double> y,
                             const TableReference& reference, const BestOfNOptions& options) {
  check_choice_options(options);
  internal::require_rewards(r, "proxy reward", reference.rows);
  const TableCells cells = internal::table_cells(reference);
  checkpoint();
  return internal::best_of_n_value(RankedCells(cells, r), y, options);
}

double best_of_n_kl_bound(double n) {
  if (!(n >= 1) || std::isinf(n)) throw UsageError(rejection("n", n, "must be finite, at least 1"));
  // With u = log n it is u - 1 + e^-u.
  const double u = std::log1p(n - 1);
  return std::max(0.0, u + std::expm1(-u));
}

double equivalent_n(double kl) {
  if (!(kl >= 0 && kl <= 700)) throw UsageError(rejection("kl", kl, "must be from 0 to 700"));
  if (kl == 0) return 1;
  // g(u) = u + e^-u - 1 is convex and rises; both starts lie above its root, so that Newton's steps
  // go down to it.
  double u = std::min(kl + 1, std::sqrt(2 * kl) + kl);
  for (int i = 0; i < 100; ++i) {
    const double step = (u + std::expm1(-u) - kl) / -std::expm1(-u);
    u -= step;
    if (!(std::abs(step) > 1e-16 * u)) break;
  }
  return std::exp(u);
}

}  // namespace esscher
