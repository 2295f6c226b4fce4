#pragma once

/// \file
/// Whether rows that have a gold reward are a random draw from all, as far as their scores tell.

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace esscher::internal {

/// Means of one score over two parts of a table, which differ beyond chance.
struct UnlikeParts {
  double known = 0;
  double others = 0;
  double errors = 0;  ///< standard errors between them
};

/// The chance that a normal variable lies within 4 standard deviations: what is told as an alarm.
inline constexpr double kAlarm = 0.99993666;
/// Parts that are farther apart than this allows may be a fair draw, but what needs one is not
/// tried.
inline constexpr double kDoubt = 0.95;

/// Compares the rows of \p gold that are not NaN with the others, each part under its own prior
/// weights. The variance of a row is that of both parts together, so that even one row may be held
/// against the others, and no part's mean errs less than its own rows tell. A false alarm has the
/// chance that \p level leaves where scores are normal (by Student's law); where they have a long
/// tail and a part is one row, that of a row there: e^-5 of exponential ones at kAlarm.
/// \param log_weights  as many as rows, or none; rows of -infinity are none
/// \return none where the parts are alike, one of them is empty, they have fewer than three
///         effective rows together, or neither varies. O(rows)
std::optional<UnlikeParts> unlike_parts(std::span<const double> scores,
                                        std::span<const double> gold,
                                        std::span<const double> log_weights, double level);

}  // namespace esscher::internal
