#include "esscher/policy/table_policy.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/parallel.h"
#include "esscher/base/random.h"
#include "esscher/policy/steady_error.h"
#include "policy/known_gold.h"
#include "policy/shared_cells.h"
#include "policy/table_cells.h"
#include "policy/tilted_table.h"

namespace esscher {
namespace {

using internal::kFigures;
using internal::kInfinity;
using internal::kLeastCoverage;
using internal::kLeastEffectiveRows;
using internal::kLeastGroups;
using internal::KnownGold;
using internal::TableCells;
using internal::TableFigures;
using internal::TiltedTable;

TableEstimate TablePolicyValue::*const kEstimates[kFigures] = {
    &TablePolicyValue::value,     &TablePolicyValue::proxy,
    &TablePolicyValue::kl,        &TablePolicyValue::objective,
    &TablePolicyValue::reference, &TablePolicyValue::rise,
    &TablePolicyValue::gain,      &TablePolicyValue::over_optimisation};

void check(const TablePolicyOptions& options) {
  require_temperature(options.beta, "beta");
  internal::require_level(options.level);
  if (options.bootstrap != 0 && (options.bootstrap < 100 || options.bootstrap > 100000)) {
    throw UsageError(rejection("bootstrap", options.bootstrap, "must be 0 or from 100 to 100000"));
  }
  if (options.enumerated && !options.predicted.empty()) {
    throw UsageError("enumerated: values are exact only where every gold reward is known");
  }
}

/// How often each piece of each cell is drawn, as many as there are.
void draw(const RandomStream& stream, std::span<const std::size_t> begin,
          std::span<std::uint32_t> counts) {
  constexpr std::size_t kBlock = 512;
  double uniforms[kBlock];
  std::ranges::fill(counts, 0U);
  for (std::size_t c = 0; c + 1 < begin.size(); ++c) {
    const std::size_t size = begin[c + 1] - begin[c];
    for (std::size_t done = 0; done < size; done += kBlock) {
      const std::size_t length = std::min(kBlock, size - done);
      stream.fill_uniform(begin[c] + done, {uniforms, length});
      for (std::size_t j = 0; j < length; ++j) {
        const auto at = static_cast<std::size_t>(uniforms[j] * static_cast<double>(size));
        ++counts[begin[c] + std::min(at, size - 1)];
      }
    }
  }
}

std::vector<TableFigures> replicates(const TiltedTable& table, const TableCells& cells,
                                     const TablePolicyOptions& options) {
  constexpr std::uint64_t kChunk = 8;
  std::vector<TableFigures> result(static_cast<std::size_t>(options.bootstrap));
  const RandomStream stream(options.seed, "policy/bootstrap");
  parallel_for_chunks(ChunkGrid(result.size(), kChunk), {options.threads, "", {}},
                      [&](const Chunk& chunk) {
                        std::vector<std::uint32_t> counts(cells.pieces());
                        for (std::uint64_t b = chunk.begin; b < chunk.end; ++b) {
                          draw(stream.at(b), cells.piece_begin, counts);
                          result[b] = table.figures(counts);
                        }
                      });
  return result;
}

double quantile(std::span<const double> ascending, double level) {
  const double at = level * static_cast<double>(ascending.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(at), ascending.size() - 2);
  const double part = at - static_cast<double>(below);
  // No difference of infinities.
  if (part == 0 || ascending[below] == ascending[below + 1]) return ascending[below];
  return (1 - part) * ascending[below] + part * ascending[below + 1];
}

/// Of figure \p f: bootstrap-t and Student's, whichever is farther at each end.
std::optional<Interval> interval(const std::vector<TableFigures>& drawn, const TableFigures& found,
                                 std::size_t f, const Estimate& estimate, double level) {
  const auto exists = [](const TableFigures& replicate) { return replicate.exists; };
  if (!std::ranges::all_of(drawn, exists) || std::isinf(estimate.standard_error)) {
    return std::nullopt;
  }
  if (estimate.standard_error == 0) return Interval{estimate.value, estimate.value};
  std::vector<double> studentised;
  for (const TableFigures& replicate : drawn) {
    const double step = replicate.value[f] - found.value[f];
    const double error = replicate.error[f];
    // Rounding is no distance.
    const bool still = std::abs(step) <= 1e-9 * estimate.standard_error;
    studentised.push_back(still ? 0 : error > 0 ? step / error : std::copysign(kInfinity, step));
  }
  std::ranges::sort(studentised);
  const double tail = (1 - level) / 2;
  const double low = estimate.value - quantile(studentised, 1 - tail) * estimate.standard_error;
  const double high = estimate.value - quantile(studentised, tail) * estimate.standard_error;
  if (!std::isfinite(low) || !std::isfinite(high)) return std::nullopt;
  return Interval{std::min(low, estimate.lower(level)), std::max(high, estimate.upper(level))};
}

/// Of the value, by the logarithms of the weights of all rows of the one cell: the steady error of
/// the correction and, of the predictions' mean, what it moves by from one draw of all rows to
/// another. An infinite error where no known row has weight, or one row has all of it.
Estimate steady_value(double value, const KnownGold& gold, const TableCells& cells,
                      std::vector<double> all_weights) {
  for (double& w : all_weights) w = std::exp(w);
  std::vector<double> weights;
  std::vector<double> residuals;
  double concentration = 0;  // of the policy from the law of the known rows
  double prior = 0;
  double squares = 0;
  double sum = 0;
  double predicted = 0;
  for (std::size_t j = 0; j < cells.order.size(); ++j) {
    if (!(cells.prior[j] > 0)) continue;
    const double w = all_weights[j];
    concentration += w * w / cells.prior[j];
    const std::size_t i = cells.order[j];
    predicted += w * gold.predicted[i];
    if (!gold.known(i)) continue;
    weights.push_back(w);
    residuals.push_back(gold.y[i] - gold.predicted[i]);
    prior += cells.prior[j];
    squares += cells.prior[j] * cells.prior[j];
    sum += w;
  }
  Estimate steady{value, kInfinity};
  if (!(sum > 0)) return steady;
  double drawn = 0;
  for (std::size_t j = 0; j < cells.order.size(); ++j) {
    const double w = all_weights[j];
    const double moved = w / (1 - w) * (gold.predicted[cells.order[j]] - predicted);
    if (w > 0) drawn += moved * moved;
  }
  const double correction =
      steady_error(weights, residuals, concentration * (squares / prior / prior));
  const double variance = correction * correction + drawn;
  if (!std::isfinite(variance)) return steady;
  steady.standard_error = std::sqrt(variance);
  // Welch and Satterthwaite's: those of the draw alone are few.
  if (drawn > 0) {
    const double share = variance / drawn;
    steady.degrees_of_freedom = share * share * internal::pieces_of_variance(all_weights);
  }
  return steady;
}

/// \param pieces  that tell an error: groups, or clusters of them, with known rewards
void judge(TablePolicyValue& value, const TableCells& cells, std::span<const double> ess,
           double pieces) {
  if (value.coverage < kLeastCoverage) {
    value.reliable = false;
    value.remark = internal::too_little_coverage(value.coverage, "raise beta");
    return;
  }
  if (cells.grouped) {
    value.reliable = pieces >= kLeastGroups;
    if (!value.reliable) value.remark = internal::too_few_groups(cells, pieces);
    return;
  }
  const auto least = static_cast<std::size_t>(std::ranges::min_element(ess) - ess.begin());
  value.reliable = ess[least] >= kLeastEffectiveRows && value.weights.reliable();
  if (ess[least] < kLeastEffectiveRows) {
    value.remark =
        (ess.size() > 1 ? "in stratum " + std::to_string(cells.number[least]) + " the" : "the") +
        std::string(" tilt leaves ") + number_text(ess[least], 3) +
        (cells.pieces(least) < cells.size(least) ? " effective clusters of "
                                                 : " effective rows of ") +
        std::to_string(cells.pieces(least)) + "; " + number_text(kLeastEffectiveRows) +
        " are needed: raise beta, take more rows" + (ess.size() > 1 ? " or fewer strata" : "");
  } else if (!value.reliable) {
    value.remark = "Pareto k is " + number_text(value.weights.pareto_k, 3) +
                   ", above its threshold of " + number_text(value.weights.pareto_k_threshold, 3) +
                   ": few rows carry the estimate, and heavier ones may be missing; raise beta or "
                   "take more rows";
  }
}

}  // namespace

TablePolicyValue internal::table_policy_value(std::span<const double> r, std::span<const double> y,
                                              const TableCells& cells,
                                              const TablePolicyOptions& options) {
  check(options);
  internal::require_rewards(r, "proxy reward", cells.order.size());
  KnownGold gold{y, options.predicted};
  internal::require_gold(gold, cells);
  if (!options.enumerated) internal::require_sampled(cells);
  const bool partial = gold.partial();
  auto pieces = static_cast<double>(partial ? internal::known_pieces(gold, cells) : cells.pieces());
  std::vector<double> corrected;
  if (partial && cells.grouped) {
    corrected = internal::corrected_within_groups(gold, cells);
    gold = {corrected, {}};
  }

  const TiltedTable table(cells, r, gold, options.beta);
  TablePolicyValue result;
  result.beta = options.beta;
  result.groups = cells.grouped ? cells.cells() : 0;
  result.strata = cells.strata;
  const KnownGold given{y, options.predicted};
  result.weights = diagnose_weights(partial ? table.known_log_weights(given) : table.log_weights());
  result.coverage = table.coverage();
  if (partial && cells.grouped) {
    const internal::GroupCoverage known =
        internal::group_coverage(given, cells, table.known_shares(given));
    result.coverage = known.coverage;
    pieces = std::min(pieces, known.groups);
  }
  const std::vector<double> piece_weights =
      cells.grouped ? std::vector<double>{} : table.piece_weights(given);
  const std::vector<double> ess = table.cell_ess(given, piece_weights);
  result.ess = result.weights.ess;
  result.least_ess = *std::ranges::min_element(ess);
  if (cells.grouped) {
    result.ess = 0;
    for (const double each : ess) result.ess += each;
    result.least_ess = result.ess;
  }
  result.greedy_kl = table.greedy_kl();
  if (!options.enumerated) judge(result, cells, ess, pieces);

  const bool influence = options.influence && !options.enumerated;
  internal::Influences influences;
  const TableFigures found = table.figures({}, influence ? &influences : nullptr);
  if (!found.exists) throw InternalError("a table without weight");
  const internal::Figures level = table.level();
  const double tilted_freedom =
      cells.grouped ? std::max(1.0, pieces - 1) : internal::pieces_of_variance(piece_weights);
  const double reference_freedom =
      cells.grouped ? tilted_freedom : std::min(cells.prior_freedom, pieces - 1);
  std::vector<TableFigures> drawn;
  if (options.bootstrap > 0 && !options.enumerated && !partial)
    drawn = replicates(table, cells, options);
  for (std::size_t f = 0; f < kFigures; ++f) {
    TableEstimate& estimate = result.*kEstimates[f];
    estimate.value = found.value[f] + level[f];
    if (options.enumerated) continue;
    estimate.standard_error = found.error[f];
    estimate.degrees_of_freedom = f == internal::kReference ? reference_freedom : tilted_freedom;
    if (!drawn.empty()) {
      estimate.interval = interval(drawn, found, f, estimate, options.level);
    }
  }
  if (influence) {
    result.gain_influence = std::move(influences[0]);
    result.value_influence = std::move(influences[1]);
    result.rise_influence = std::move(influences[2]);
  }
  result.steady_value = static_cast<const Estimate&>(result.value);
  const bool one_by_one =
      !cells.grouped && cells.cells() == 1 && cells.pieces() == cells.order.size();
  if (partial && one_by_one) {
    result.steady_value = steady_value(result.value.value, given, cells, table.log_weights());
  }
  return result;
}

TablePolicyValue table_policy_value(std::span<const double> r, std::span<const double> y,
                                    const TableReference& reference,
                                    const TablePolicyOptions& options) {
  check(options);
  internal::require_rewards(r, "proxy reward", reference.rows);
  return internal::table_policy_value(r, y, internal::table_cells(reference), options);
}

}  // namespace esscher
