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
  int threads = 0;
  Callbacks callbacks{};
};

/// Bradley-Terry fits in the place of ridge regressions. Pairs are all of rows of one group with
/// unequal targets or, where a table holds more than kMostPairs, so many drawn at random with
/// replacement; a pair weighs as much as two independent draws of the weighted law, w_i w_j.
/// Preferences have no unit: coefficients are scaled by the slope of targets on held-out
/// predictions within groups, under \p even, or are 0 where that is not above 0, which `fit.remark`
/// tells. `fit.weights` are those of the rows; `fit.degrees_of_freedom` is that of a ridge
/// regression with the same curvature, tr H (H + lambda)^-1 + 1, H the loss's at the fit. \param
/// rows    the features of each fold, which have seen the other folds' labels at most, and
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

/// Those pairs, the winner first.
std::vector<Preference> preferences(std::span<const double> targets,
                                    std::span<const std::uint32_t> groups, std::uint64_t seed);

}  // namespace esscher::internal
