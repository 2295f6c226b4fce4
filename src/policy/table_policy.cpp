#include "esscher/policy/table_policy.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "esscher/base/callbacks.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/parallel.h"
#include "esscher/base/random.h"
#include "policy/above_rows.h"
#include "policy/known_gold.h"
#include "policy/label_errors.h"
#include "policy/shared_cells.h"
#include "policy/table_cells.h"
#include "policy/tilted_table.h"
#include "policy/unseen.h"

namespace esscher {
namespace {

using internal::kFigures;
using internal::kInfinity;
using internal::kLeastEffectiveRows;
using internal::kLeastGroups;
using internal::TableCells;
using internal::TableFigures;
using internal::TiltedTable;

TableEstimate TablePolicyValue::*const kEstimates[kFigures] = {
    &TablePolicyValue::value,     &TablePolicyValue::proxy,
    &TablePolicyValue::kl,        &TablePolicyValue::objective,
    &TablePolicyValue::reference, &TablePolicyValue::rise,
    &TablePolicyValue::gain,      &TablePolicyValue::over_optimisation};

/// Figures that hold the value of the gold reward.
constexpr std::array kOfGold{internal::kValue, internal::kObjective, internal::kRise,
                             internal::kGain, internal::kOver};

void check_table_options(const TablePolicyOptions& options) {
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
  Callbacks callbacks;
  callbacks.cancellation = options.cancellation;
  const LoopStatus status = parallel_for_chunks(
      ChunkGrid(result.size(), kChunk), {options.threads, "", callbacks}, [&](const Chunk& chunk) {
        std::vector<std::uint32_t> counts(cells.pieces());
        for (std::uint64_t b = chunk.begin; b < chunk.end; ++b) {
          draw(stream.at(b), cells.piece_begin, counts);
          result[b] = table.figures(counts);
        }
      });
  if (status == LoopStatus::cancelled) return {};
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
  // What is added to the error is no matter of draws from the rows: Student's interval has it.
  const double error = found.error[f];
  const double low = estimate.value - quantile(studentised, 1 - tail) * error;
  const double high = estimate.value - quantile(studentised, tail) * error;
  if (!std::isfinite(low) || !std::isfinite(high)) return std::nullopt;
  return Interval{std::min(low, estimate.lower(level)), std::max(high, estimate.upper(level))};
}

/// \param pieces  that tell an error: groups, or clusters of them, with known rewards
void judge(TablePolicyValue& value, const TableCells& cells, std::span<const double> ess,
           double pieces) {
  if (!internal::known_where_it_goes(value.coverage, value.beyond)) {
    value.reliable = false;
    value.remark = internal::too_little_coverage(value.coverage, value.beyond, "raise beta");
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
        std::to_string(cells.drawn(least)) + "; " + internal::too_few_rows("raise beta") +
        (ess.size() > 1 ? "; or take fewer strata" : "");
  } else if (!value.reliable) {
    value.remark =
        "Pareto k is " + number_text(value.weights.pareto_k, 3) + ", above its threshold of " +
        number_text(value.weights.pareto_k_threshold, 3) +
        ": few rows carry the estimate, and heavier ones may be missing, so that its own "
        "intervals may be too narrow (advice allows for that): raise beta or take more "
        "rows";
  }
}

/// Of cells' effective pieces, what they leave of the whole; of groups their sum.
double ess_of_cells(const TableCells& cells, std::span<const double> ess) {
  double sum = 0;
  double squares = 0;
  for (std::size_t c = 0; c < ess.size(); ++c) {
    sum += ess[c];
    squares += ess[c] > 0 ? cells.share[c] / ess[c] * cells.share[c] : kInfinity;
  }
  return cells.grouped ? sum : 1 / squares;
}

}  // namespace

TablePolicyValue internal::table_policy_value(std::span<const double> r, std::span<const double> y,
                                              const TableCells& cells,
                                              const TablePolicyOptions& options) {
  check_table_options(options);
  internal::require_rewards(r, "proxy reward", cells.order.size());
  KnownGold gold{y, options.predicted};
  internal::require_gold(gold, cells);
  if (!options.enumerated) internal::require_sampled(cells);
  internal::require_label_noise(options.label_noise, cells);
  const bool partial = gold.partial();
  auto pieces = static_cast<double>(partial ? internal::known_pieces(gold, cells) : cells.pieces());
  std::vector<double> corrected;
  if (partial && cells.grouped) {
    corrected = internal::corrected_within_groups(gold, cells);
    gold = {corrected, {}};
  }

  checkpoint();
  const TiltedTable table(cells, r, gold, options.beta);
  checkpoint();
  TablePolicyValue result;
  result.beta = options.beta;
  result.groups = cells.grouped ? cells.cells() : 0;
  result.clusters = cells.clustered() ? cells.pieces() : 0;
  result.strata = cells.strata;
  const KnownGold given{y, options.predicted};
  result.weights = diagnose_weights(table.drawn_log_weights(given));
  result.coverage = table.coverage();
  if (partial && cells.grouped) {
    const internal::GroupCoverage known =
        internal::group_coverage(given, cells, table.known_shares(given));
    result.coverage = known.coverage;
    pieces = std::min(pieces, known.groups);
  }
  checkpoint();
  std::vector<double> weights;  // of all rows, where they are asked for
  const auto find_weights = [&] {
    if (weights.empty()) weights = table.all_weights();
  };
  const std::vector<double> piece_weights =
      cells.grouped ? std::vector<double>{} : table.piece_weights(given);
  std::vector<double> ess = table.cell_ess(given, piece_weights);
  result.ess = cells.single_rows() ? result.weights.ess : ess_of_cells(cells, ess);
  internal::KnownPlaces known;
  if (!cells.grouped) known = internal::known_places(given, cells);
  if (partial && !cells.grouped) {
    find_weights();
    const internal::SeenPolicy seen = internal::seen_policy(known, cells, r, weights);
    result.beyond = seen.beyond;
    result.ess = std::min(result.ess, seen.ess);
    for (double& each : ess) each = std::min(each, seen.least_ess);
  }
  result.least_ess = *std::ranges::min_element(ess);
  if (cells.grouped) result.least_ess = result.ess;
  result.greedy_kl = table.greedy_kl();
  if (!options.enumerated) judge(result, cells, ess, pieces);

  checkpoint();
  const bool influence = options.influence && !options.enumerated;
  internal::Influences influences;
  const TableFigures found = table.figures({}, influence ? &influences : nullptr);
  if (!found.exists) throw InternalError("a table without weight");
  const internal::Figures level = table.level();
  const double tilted_freedom =
      cells.grouped ? std::max(1.0, pieces - 1) : internal::pieces_of_variance(piece_weights);
  const double reference_freedom =
      cells.grouped ? tilted_freedom : std::min(cells.prior_freedom, pieces - 1);
  const bool one_by_one =
      !cells.grouped && cells.cells() == 1 && cells.pieces() == cells.order.size();
  checkpoint();
  double least_error = 0;
  const double off = internal::error_beyond(given, known, cells, result.beyond);
  internal::Figures above{};
  if (!options.enumerated && !cells.grouped && internal::most_known(known, cells)) {
    find_weights();
    above = internal::errors_above(cells, r, y, weights, options.beta);
  }
  checkpoint();
  if (!options.enumerated) {
    const double error = found.error[cells.grouped ? internal::kRise : internal::kValue];
    if (cells.grouped) {
      find_weights();
      least_error = internal::least_error_of_groups(given, cells, weights, pieces, error);
    } else if (internal::least_error_counts(given, known, cells, result.ess, error)) {
      find_weights();
      least_error = internal::least_error(given, known, cells, weights, result.ess, error);
    }
    if (partial && one_by_one) {
      const double value = found.value[internal::kValue] + level[internal::kValue];
      result.steady_value = internal::steady_value(value, given, known, cells, weights,
                                                   std::hypot(off, above[internal::kValue]));
    }
  }
  std::vector<TableFigures> drawn;
  if (options.bootstrap > 0 && !options.enumerated && !partial)
    drawn = replicates(table, cells, options);
  for (std::size_t f = 0; f < kFigures; ++f) {
    TableEstimate& estimate = result.*kEstimates[f];
    estimate.value = found.value[f] + level[f];
    if (options.enumerated) continue;
    estimate.standard_error = found.error[f];
    if (std::ranges::find(kOfGold, f) != kOfGold.end()) {
      estimate.standard_error =
          std::max(std::hypot(found.error[f], std::hypot(off, above[f])), least_error);
    }
    estimate.degrees_of_freedom = f == internal::kReference ? reference_freedom : tilted_freedom;
    if (!drawn.empty()) {
      estimate.interval = interval(drawn, found, f, estimate, options.level);
    }
  }
  if (options.enumerated && !options.label_noise.empty()) {
    find_weights();
    internal::LabelErrors errors = internal::label_errors(cells, weights, options.label_noise);
    result.reference.standard_error = errors.reference;
    for (TableEstimate* estimate : {&result.value, &result.objective}) {
      estimate->standard_error = errors.value;
    }
    for (TableEstimate* estimate : {&result.rise, &result.gain, &result.over_optimisation}) {
      estimate->standard_error = errors.rise;
    }
    if (options.influence) {
      result.gain_influence = errors.rise_influence;
      result.rise_influence = std::move(errors.rise_influence);
      result.value_influence = std::move(errors.value_influence);
    }
  }
  if (influence) {
    result.gain_influence = std::move(influences[0]);
    result.value_influence = std::move(influences[1]);
    result.rise_influence = std::move(influences[2]);
  }
  if (!(partial && one_by_one)) {
    result.steady_value = static_cast<const Estimate&>(result.value);
  }
  result.steady_value.standard_error = std::max(result.steady_value.standard_error, least_error);
  return result;
}

TablePolicyValue table_policy_value(std::span<const double> r, std::span<const double> y,
                                    const TableReference& reference,
                                    const TablePolicyOptions& options) {
  check_table_options(options);
  internal::require_rewards(r, "proxy reward", reference.rows);
  return internal::table_policy_value(r, y, internal::table_cells(reference), options);
}

}  // namespace esscher
