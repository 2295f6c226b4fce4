#pragma once

/// \file
/// A number that was estimated, with what is known of its error.

#include <limits>

namespace esscher {

struct Estimate {
  double value = 0;
  double standard_error = 0;  ///< 0 where the value is exact
  /// Of the standard error: how many independent pieces it was taken from, less one. Infinite where
  /// the central limit theorem's normal law serves.
  double degrees_of_freedom = std::numeric_limits<double>::infinity();

  /// Half the width of the two-sided interval at \p level, by Student's law.
  /// \throws UsageError unless 0 < level < 1
  double half_width(double level = 0.95) const;
  double lower(double level = 0.95) const { return value - half_width(level); }
  double upper(double level = 0.95) const { return value + half_width(level); }
};

}  // namespace esscher
