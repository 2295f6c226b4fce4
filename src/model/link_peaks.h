#pragma once

/// \file
/// Extrema far out, for functions that are known only by their values.

#include <vector>

#include "esscher/model/link.h"

namespace esscher::internal {

/// The extrema of f at 16 < |z| < 1024 that some temperature may lead to, ascending: local maxima
/// above all that f takes nearer to 0, and local minima below it. A lower maximum has no part in
/// any tilted law: e^{s f(z) - z^2/2} is larger by far at the place nearer by. At most 64
/// maxima and 64 minima, the nearest.
///
/// How: steps of 1/4, then minimisation. What is narrower than that and leaves no trace at the
/// nodes is missed. Cost: some 8000 values.
std::vector<double> find_far_peaks(const LinkFunction& f);

}  // namespace esscher::internal
