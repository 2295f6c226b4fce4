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
  std::optional<double> penalty{};  ///< open: by cross-validation over the folds
  std::uint64_t seed = 1;           ///< of the pairs that are taken where there are too many
  int threads = 0;
  Callbacks callbacks{};
};

/// Bradley-Terry fits in the place of cross_fit_ridge(). Pairs are all of rows of one group with
/// unequal targets or, where a table holds more than kMostPairs, so many drawn at random with
/// replacement; a pair weighs as much as two independent draws of the weighted law, w_i w_j.
/// Preferences have no unit: coefficients are scaled by the slope of targets on held-out
/// predictions within groups, under \p even, or are 0 where that is not above 0, which `fit.remark`
/// tells. `fit.weights` are those of the rows, `fit.degrees_of_freedom` counts every parameter.
/// \param even    logarithms of the rows' weights in pi_0
/// \param groups  dense, not empty; \param folds  each group lies within one
/// \throws DataError where no group has two different targets, or as fit_bradley_terry()
CrossFit cross_fit_preferences(const DesignRows& rows, std::span<const double> targets,
                               std::span<const double> log_weights,
                               std::span<const std::uint32_t> folds,
                               std::span<const std::uint32_t> groups, std::span<const double> even,
                               const PreferenceFitOptions& options);

inline constexpr std::size_t kMostPairs = 100'000;

/// Those pairs, the winner first.
std::vector<Preference> preferences(std::span<const double> targets,
                                    std::span<const std::uint32_t> groups, std::uint64_t seed);

}  // namespace esscher::internal
