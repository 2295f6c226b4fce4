#pragma once

#include <optional>
#include <span>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/readout/ridge.h"

namespace esscher::internal {

/// The dual form. Where there are fewer rows than columns, coefficients lie in the rows' span:
/// rows - centre = L Q' with Q's columns orthonormal, so that a = Q alpha, |a| = |alpha|, and the
/// regression on the rows of L (n x n) is the regression on the rows themselves.
class RowSpace {
 public:
  /// Rows as they are where there are at least as many as columns; \p rows must outlive this.
  explicit RowSpace(const DesignRows& rows);

  bool dual() const { return dual_.has_value(); }
  /// The rows to regress on.
  const DesignRows& rows() const;
  /// Takes coefficients and intercept for rows() to those for the rows given.
  std::vector<double> lift(std::span<const double> coefficients, double& intercept) const;

 private:
  struct Dual {
    std::vector<double> centre;
    Matrix<double> l;
    Matrix<double> q_transposed;
    HeldRows rows;
  };
  const DesignRows& given_;
  std::optional<Dual> dual_;
};

}  // namespace esscher::internal
