#pragma once

/// \file
/// The inner loops of elliptical slice moves, for the instruction set found at run time.

#include <span>

namespace esscher::internal {

/// The point of the ellipse through a, about the centre c and with the other axis b:
/// out = c + cosine (a - c) + sine b. \p out may be \p a.
void turn(std::span<const double> a, std::span<const double> b, std::span<const double> c,
          double cosine, double sine, std::span<double> out);

/// sum a_j b_j.
double dot(std::span<const double> a, std::span<const double> b);

}  // namespace esscher::internal
