#include "readout/row_space.h"

#include "esscher/linalg/factor.h"

namespace esscher::internal {

RowSpace::RowSpace(const DesignRows& rows) : given_(rows) {
  const auto n = static_cast<std::size_t>(rows.rows());
  const std::size_t m = rows.columns();
  if (n >= m) return;
  Matrix<double> x(n, m);
  rows.fill(0, x.view());
  // Any centre would do; this one keeps large means out of the factor.
  std::vector<double> centre(m);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < m; ++j) centre[j] += x(i, j) / static_cast<double>(n);
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < m; ++j) x(i, j) -= centre[j];
  }
  Matrix<double> q;
  Matrix<double> l = lq_factor(x.view(), &q);
  dual_.emplace(Dual{std::move(centre), std::move(l), std::move(q), HeldRows({})});
  dual_->rows = HeldRows(dual_->l.view());
}

const DesignRows& RowSpace::rows() const {
  if (dual_) return dual_->rows;
  return given_;
}

std::vector<double> RowSpace::lift(std::span<const double> coefficients, double& intercept) const {
  if (!dual_) return {coefficients.begin(), coefficients.end()};
  std::vector<double> lifted(given_.columns());
  for (std::size_t i = 0; i < coefficients.size(); ++i) {
    for (std::size_t j = 0; j < lifted.size(); ++j) {
      lifted[j] += coefficients[i] * dual_->q_transposed(i, j);
    }
  }
  for (std::size_t j = 0; j < lifted.size(); ++j) intercept -= lifted[j] * dual_->centre[j];
  return lifted;
}

}  // namespace esscher::internal
