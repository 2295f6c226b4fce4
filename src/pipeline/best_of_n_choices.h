#pragma once

/// \file
/// Best-of-n over a range of n, by several rewards on one table, and which of all to take.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "esscher/policy/best_of_n.h"
#include "esscher/policy/table_policy.h"
#include "esscher/temperature/best_of_n_advice.h"
#include "esscher/temperature/forecast.h"
#include "pipeline/told_gains.h"
#include "policy/table_cells.h"

namespace esscher::internal {

/// Candidates at most, where none are named.
inline constexpr double kMostCandidates = 4096;

/// \throws UsageError unless each is above 1, at most 1e15, and more than the one before
void check_candidates(std::span<const double> numbers);

/// What gold reward to expect of each row where the best of n go; empty where all are known.
using ExpectedGold = std::function<std::vector<double>(double n)>;

/// \param numbers  ascending, above 1; empty: 2, 4, 8, ... as far as 5 effective rows, the largest
///                 group or kMostCandidates allow
/// \param cells  of the reference
/// \return with folded influences
std::vector<BestOfNValue> best_of_n_choices(std::span<const double> r, std::span<const double> y,
                                            const TableCells& cells, BestOfNOptions options,
                                            const ExpectedGold& expected,
                                            std::vector<double> numbers);

/// The same on the labelled rows alone, into \p values. \return its numbers, for all rows to be
/// told at, too
std::vector<double> labelled_choices(std::span<const double> r, std::span<const double> y,
                                     const TableCells& cells, std::vector<double> numbers,
                                     std::vector<BestOfNValue>& values);

/// Those of one reward, and what is advised of them.
struct ChoiceSeries {
  GainSeries<BestOfNValue> told;
  BestOfNAdvice& advice;
  std::optional<Forecast>& forecast;
  RewardFacts reward{};
};

/// Gains that hold for all choices of all rewards at once, advice by them, and forecasts from
/// those that rows can tell; influences are cleared. \return the reward of the largest
/// cautious_gain(), if any gains for sure
std::optional<std::size_t> advise_choices(std::span<ChoiceSeries> rewards, double alpha,
                                          std::uint64_t seed);

}  // namespace esscher::internal
