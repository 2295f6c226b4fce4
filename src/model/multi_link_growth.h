#pragma once

/// \file
/// What is found numerically of a function of several variables.

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace esscher::internal {

using MultiFunction = std::function<double(std::span<const double>)>;

/// Growth at infinity, over all directions.
struct MultiGrowth {
  double upper_quadratic_rate = 0;  ///< sup of lim sup f(t v) / t^2
  double lower_quadratic_rate = 0;  ///< inf of lim inf
  double log_rate = 0;              ///< sup of lim sup log|f(t v)| / t^2
};

/// Growth of f: along a few rays by its envelopes (link_growth.h), the rays being those that a
/// search on the sphere finds to rise or to fall the fastest at three distances.
/// \param raw     values may overflow to infinity or NaN
/// \param mended  the same, held finite
MultiGrowth find_multi_growth(const MultiFunction& raw, const MultiFunction& mended,
                              std::size_t variables);

/// Points within |z| <= 40 at which a function must be finite: rays from 0, axes and diagonals
/// among them, at 161 distances. One row a point.
std::vector<std::vector<double>> examined_points(std::size_t variables);

}  // namespace esscher::internal
