#pragma once

/// \file
/// Masses of the Hermite polynomials under the standard normal law.

#include <span>

namespace esscher::internal {

/// out[k] += weight * h_k(z) phi(z).
void add_hermite_point(double z, double weight, std::span<double> out);

/// out[k] += factor * E[h_k(Z) 1{left < Z < right}] in closed form, the integral of h_k phi being
/// -h_{k-1} phi / sqrt(k); by three Gauss-Legendre points on a stretch of 0.02 or less.
void add_hermite_mass(double left, double right, double factor, std::span<double> out);

}  // namespace esscher::internal
