#pragma once

/// \file
/// The two-layer network r(x) = sum_j a_j phi(<w_j, x> + b_j) + c.

#include <cstdint>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/model/activation.h"

namespace esscher {

/// The first layer. In simulation coordinates are chosen so that the q hidden directions are e_1 to
/// e_q (theta* = e_1 where there is one), which loses nothing: the law of x is invariant under
/// rotations. Rows then live in the first k of the d coordinates and are 0 in the others: k = d
/// after the direct engine, k = m + 1 or less after the engines that never make x. The joint law of
/// (<w_j, x>)_j and z = (<theta_i, x>)_i needs nothing else.
struct FirstLayer {
  std::uint64_t dim = 0;       ///< d
  Matrix<double> weights;      ///< m x k, k <= d, unit rows w_j; column i < q: <w_j, theta_i>
  std::vector<double> biases;  ///< m
  Activation activation;
  Matrix<double> mixture;  ///< order x m Hermite coefficients of a mixture; else empty
  std::size_t hidden = 1;  ///< q >= 1: hidden directions

  std::size_t width() const { return weights.rows(); }
};

/// The same law in as few coordinates as it needs: rotates all coordinates but the first q so that
/// rows live in the first min(k, m + q), lower triangular behind column q - 1. Gram matrix and
/// overlaps stay what they are, to rounding. Returns the layer itself where k <= m + q already.
/// Cost: O(m^2 k), a Householder factorisation.
FirstLayer reduced(const FirstLayer& layer);

struct Network {
  FirstLayer first;
  std::vector<double> readout;  ///< a, m
  double intercept = 0;         ///< c
};

}  // namespace esscher
