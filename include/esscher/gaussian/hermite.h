#pragma once

/// \file
/// Normalised probabilists' Hermite polynomials h_k = He_k / sqrt(k!), orthonormal under N(0, 1):
/// h_{k+1}(z) = (z h_k(z) - sqrt(k) h_{k-1}(z)) / sqrt(k+1).

#include <span>

namespace esscher {

/// h_order(z), by the recurrence. Cost O(order).
double hermite(int order, double z);

/// out[k] = h_k(z) for k = 0, ..., out.size() - 1. Cost O(out.size()).
void hermite_all(double z, std::span<double> out);

}  // namespace esscher
