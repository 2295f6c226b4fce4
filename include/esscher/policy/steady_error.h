#pragma once

/// \file
/// The standard error of a weighted mean that few rows carry, which a sample of those rows makes
/// too small as often as not (ours; moderated as variances are in Smyth, "Linear models and
/// empirical Bayes methods", Statistical Applications in Genetics and Molecular Biology 3, 2004).

#include <span>

namespace esscher {

/// Of sum w e / sum w over a draw of rows, about which more is known than they tell: how
/// concentrated their weights should be, since all weights of the reference are known. With
/// normalised w and residuals d from the weighted mean, A = sum w d^2 is the variance under the
/// policy, B = sum w^2 d^2 / sum w^2 that of the rows which move the mean, told by some
/// nu = (sum w^2)^2 / sum w^4 pieces; their mean, A counting as kSteadyPieces more, is multiplied
/// by \p concentration. Heavy rows that the draw has missed count in that, and the residuals of
/// light ones stand for theirs.
/// \param weights        not negative, of any sum above 0, one a row
/// \param residuals      e, one a row
/// \param concentration  expected (sum w^2) / (sum w)^2: 1/ESS
/// \return 0 where all residuals are equal. Cost: O(rows). \throws UsageError for unequal lengths,
///         weights without a sum, and a concentration that is not above 0
double steady_error(std::span<const double> weights, std::span<const double> residuals,
                    double concentration);

inline constexpr double kSteadyPieces = 4;

}  // namespace esscher
