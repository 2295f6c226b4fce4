#pragma once

/// \file
/// The readout from preferences: within a group the row of the higher reward wins.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "esscher/base/callbacks.h"
#include "esscher/readout/bradley_terry.h"
#include "esscher/readout/cross_fit.h"

namespace esscher::internal {

struct PreferenceFitOptions {
  /// Open: that of the least mean loss on pairs of the folds left out, of decades 1e-6 ... 10.
  std::optional<double> penalty{};
  std::uint64_t seed = 1;  ///< of the pairs that are taken where there are too many
  double sure_win = 0;     ///< as of preferences(); above 0 rewards come out in log-odds
  int threads = 0;
  Callbacks callbacks{};
};

/// Bradley-Terry fits in the place of ridge regressions. Pairs are all of rows of one group or,
/// where a table holds more than kMostPairs, so many drawn at random with replacement; a pair
/// weighs as much as two independent draws of the law within its group, times the group's mass: w_i
/// w_j / (sum of w in the group under \p even). Equal targets are half a win each way. Preferences
/// have no unit: coefficients are scaled by the slope of targets on held-out predictions within
/// groups, under \p even, or of stated pairs (sure_win) to the log-odds that held-out pairs make
/// most likely; or are 0 where that is not above 0, which `fit.remark` tells. `fit.weights` are
/// those of the rows; `fit.degrees_of_freedom` is that of a ridge regression with the same
/// curvature, tr H (H + lambda)^-1 + 1, H the loss's at the fit. \param rows    the features of
/// each fold, which have seen the other folds' labels at most, and
///                last those of all rows, on which `fit` is fitted
/// \param even    logarithms of the rows' weights in pi_0
/// \param groups  dense, not empty; \param folds  each group lies within one
/// \throws DataError where no group has two different targets, or as fit_bradley_terry()
CrossFit cross_fit_preferences(std::span<const DesignRows* const> rows,
                               std::span<const double> targets, std::span<const double> log_weights,
                               std::span<const std::uint32_t> folds,
                               std::span<const std::uint32_t> groups, std::span<const double> even,
                               const PreferenceFitOptions& options);

inline constexpr std::size_t kMostPairs = 100'000;

/// Two rows of one group, the likely winner first.
struct StatedPair {
  Preference rows;
  double share = 1;  ///< of the winner's wins, from 1/2, a tie, to 1
};

/// Those pairs. \param sure_win  the difference of targets that is a sure win, in proportion to
/// which lesser ones are won by share; 0: every difference is
std::vector<StatedPair> preferences(std::span<const double> targets,
                                    std::span<const std::uint32_t> groups, std::uint64_t seed,
                                    double sure_win = 0);

/// Pairs as a fit takes them: both ways, each with its share of the weight, where a win is not
/// sure.
struct WeightedPairs {
  std::vector<Preference> pairs;
  std::vector<double> log_weights;
};

/// The scale s >= 0 of leads that makes log-odds s lead most likely: minimises the weighted sum of
/// log(1 + e^{-s lead}). One tie at the root mean square lead, as heavy as a pair, keeps it finite
/// where all pairs are in order. 0 where larger leads are no likelier to win.
double likely_scale(std::span<const double> leads, std::span<const double> weights);

}  // namespace esscher::internal
