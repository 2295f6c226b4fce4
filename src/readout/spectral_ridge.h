#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "esscher/base/matrix.h"
#include "readout/moments.h"

namespace esscher::internal {

/// The whole family of ridge fits to given moments, from one eigendecomposition S = V diag(d) V' of
/// the features' weighted covariance S: with c the covariance with the target,
///     a(lambda) = V (V'c / (d + lambda)).
/// Directions with d below m eps max(d) carry no information; a is 0 along them.
/// Cost: O(m^3) once, then O(m) a penalty and O(m^2) for its coefficients.
class SpectralRidge {
 public:
  /// \pre moments.weight > 0
  explicit SpectralRidge(const Moments& moments);

  std::size_t rank() const { return values_.size(); }
  /// What d and lambda must exceed for a direction to count.
  double resolution() const { return resolution_; }
  /// 1 + sum d / (d + lambda), the 1 for the intercept.
  double degrees_of_freedom(double penalty) const;
  /// Weighted mean squared residual.
  double error(double penalty) const;
  /// m x penalties.
  Matrix<double> coefficients(std::span<const double> penalties) const;
  /// mean of y - <a, mean of phi>.
  double intercept(std::span<const double> coefficients) const;

 private:
  std::vector<double> mean_;
  double resolution_ = 0;
  std::vector<double> values_;       // d, without the empty directions
  std::vector<double> projections_;  // V'c
  Matrix<double> vectors_;           // V, m x rank
  double unexplained_ = 0;           // weighted mean squared residual at lambda = 0
};

}  // namespace esscher::internal
