#pragma once

/// \file
/// Break points found numerically, for functions that are known only by their values.

#include <limits>
#include <vector>

#include "esscher/model/link.h"

namespace esscher::internal {

/// The stretch of z in which functions known only by their values are examined. The standard normal
/// law has mass e^-800 beyond it.
constexpr double kExamined = 40;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Thrown where \p value at \p z is infinite or NaN.
struct NotFinite {
  double z;
  double value;
};

/// Thrown where f seems to grow without limit near \p z: a pole.
struct Pole {
  double z;
};

/// Thrown where f has too many breaks, or varies too fast for its breaks to be told apart.
struct TooWild {
  double z;
};

struct BreaksFound {
  std::vector<double> breaks;
  std::vector<double> narrow;  ///< extrema of narrow features
};

/// The places in [-40, 40] where f jumps (to adjacent doubles) or its slope does (to about 1e-11
/// for slopes and values of order one), or its second derivative does (to about 1e-6, which is as
/// much as such a break matters). Jumps of higher derivatives are found only where they are large,
/// and anything that vanishes beside the size of f on [-2, 2], by 1e-10, is left alone. A rise
/// steeper than a millionth in z counts as a break. Ascending.
///
/// What looks like a break at first and turns out smooth is a narrow feature: where f stands
/// highest and lowest over the chord of each such stretch is told beside the breaks, for the 100
/// most prominent.
///
/// How: f is compared with its own sixth-order interpolation on a grid of 2^19 cells. Where the
/// residual exceeds rounding, the grid is refined fourfold there, again and again: the residual of
/// a smooth function falls 4096-fold each time, that of a jump, kink or jump of a second or third
/// derivative 1-, 4-, 16- or 64-fold, down to rounding. A feature narrower than a cell of 1/6500
/// that leaves no trace at the nodes is missed.
///
/// \throws NotFinite, Pole, TooWild (more than 1000 breaks, or more than some 6e6 values needed).
BreaksFound find_breaks(const LinkFunction& f);

/// Only the check that f is finite on [-40, 40]: the same grid, and the neighbourhoods of \p
/// breaks. \throws NotFinite
void require_finite(const LinkFunction& f, const std::vector<double>& breaks);

/// Even or odd where f agrees with its mirror image to a few units in the last place of its size
/// nearby, on a grid of [-40, 40], at its \p peaks, between its \p breaks and far beyond; the
/// breaks themselves are left out.
Parity find_parity(const LinkFunction& f, const std::vector<double>& breaks,
                   const std::vector<double>& peaks);

}  // namespace esscher::internal
