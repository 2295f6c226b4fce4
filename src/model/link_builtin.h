#pragma once

/// \file
/// The elementary links, one maker each, with their facts known exactly.

#include <span>

#include "esscher/model/link.h"

namespace esscher::internal {

Link identity_link();
Link relu_link();
Link leaky_relu_link(double slope);
Link softplus_link();
Link tanh_link(double gain);
Link erf_link();
Link sigmoid_link();
Link sin_link(double frequency);
Link cos_link(double frequency);
Link sign_link();
Link abs_link();
Link z2exp_link();
Link gaussian_bump_link(double centre, double width);

/// h_k, 0 <= k <= kMostOrder
Link hermite_link(int order);
/// sum over k of coefficients[k] h_k
Link hermite_series_link(std::span<const double> coefficients);

/// Past this order h_k(z) loses digits within |z| <= 40, and no theory here asks for it.
constexpr int kMostOrder = 64;

}  // namespace esscher::internal
