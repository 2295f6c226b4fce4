#include "esscher/linalg/factor.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <algorithm>
#include <string>

#include "esscher/base/error.h"
#include "linalg/gemm_kernel.h"

namespace esscher {
namespace {

using Square = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Stride = Eigen::OuterStride<>;

Eigen::Map<Square, 0, Stride> map(MatrixView<double> a) {
  return {a.data, static_cast<Eigen::Index>(a.rows), static_cast<Eigen::Index>(a.columns),
          Stride(static_cast<Eigen::Index>(a.stride))};
}

Eigen::Map<const Square, 0, Stride> map(MatrixView<const double> a) {
  return {a.data, static_cast<Eigen::Index>(a.rows), static_cast<Eigen::Index>(a.columns),
          Stride(static_cast<Eigen::Index>(a.stride))};
}

void require_square(MatrixView<const double> a, const char* what) {
  if (a.rows != a.columns) {
    throw InternalError(std::string(what) + " of a matrix of " + std::to_string(a.rows) + " x " +
                        std::to_string(a.columns));
  }
}

void require_right_hand_side(MatrixView<const double> l, MatrixView<const double> x) {
  require_square(l, "solution with a factor");
  if (x.rows != l.rows) {
    throw InternalError("solution of " + std::to_string(l.rows) + " equations for " +
                        std::to_string(x.rows) + " right-hand values");
  }
}

}  // namespace

bool cholesky(MatrixView<double> a) {
  require_square(a, "Cholesky factor");
  // Columns at a time: few, since Eigen's code for the baseline instruction set does a block's own
  // factor and the rows below it, and our product's kernel, several times as fast, all the rest.
  constexpr std::size_t kBlock = 24;
  const std::vector<double> minus(kBlock, -1.0);
  for (std::size_t k = 0; k < a.rows; k += kBlock) {
    const std::size_t columns = std::min(kBlock, a.rows - k);
    const std::size_t below = a.rows - k - columns;
    double* const corner = a.data + k * a.stride + k;
    auto block = map(MatrixView<double>{corner, columns, columns, a.stride});
    const Eigen::LLT<Eigen::Ref<Square>, Eigen::Lower> factor(block);
    // Eigen lets NaN pass.
    if (factor.info() != Eigen::Success || !block.diagonal().allFinite()) return false;
    if (below == 0) break;
    const MatrixView<double> panel{corner + columns * a.stride, below, columns, a.stride};
    auto rows = map(panel);
    block.triangularView<Eigen::Lower>().transpose().solveInPlace<Eigen::OnTheRight>(rows);
    internal::multiply_add(Operand::plain, panel, Operand::transposed, panel,
                           std::span(minus).first(columns), internal::Region::lower,
                           {panel.data + columns, below, below, a.stride});
  }
  for (std::size_t i = 0; i < a.rows; ++i) {
    const std::span<double> row = a.row(i);
    std::fill(row.begin() + static_cast<std::ptrdiff_t>(i) + 1, row.end(), 0.0);
  }
  return true;
}

void solve_lower(MatrixView<const double> l, MatrixView<double> x) {
  require_right_hand_side(l, x);
  auto solution = map(x);
  map(l).triangularView<Eigen::Lower>().solveInPlace(solution);
}

void solve_lower_transposed(MatrixView<const double> l, MatrixView<double> x) {
  require_right_hand_side(l, x);
  auto solution = map(x);
  map(l).transpose().triangularView<Eigen::Upper>().solveInPlace(solution);
}

SymmetricEigen symmetric_eigen(MatrixView<const double> a) {
  require_square(a, "eigenvalues");
  SymmetricEigen eigen{std::vector<double>(a.rows), Matrix<double>(a.rows, a.rows)};
  if (a.rows == 0) return eigen;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(map(a));
  if (solver.info() != Eigen::Success || !solver.eigenvalues().allFinite()) {
    throw InternalError("the eigenvalues of a symmetric matrix of order " + std::to_string(a.rows) +
                        " were not found");
  }
  std::copy_n(solver.eigenvalues().data(), a.rows, eigen.values.data());
  map(eigen.vectors.view()) = solver.eigenvectors();
  return eigen;
}

Matrix<double> lq_factor(MatrixView<const double> a, Matrix<double>* q) {
  const std::size_t k = std::min(a.rows, a.columns);
  Matrix<double> l(a.rows, k);
  if (q != nullptr) *q = Matrix<double>(k, a.columns);
  if (k == 0) return l;
  // A' = Q R, so that A = R' Q'.
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(map(a).transpose());
  const auto rank = static_cast<Eigen::Index>(k);
  auto lower = map(l.view());
  lower = qr.matrixQR().topRows(rank).triangularView<Eigen::Upper>().transpose();
  const Eigen::VectorXd signs =
      lower.diagonal().unaryExpr([](double x) { return x < 0 ? -1.0 : 1.0; });
  lower = lower * signs.asDiagonal();
  if (q != nullptr) {
    const Eigen::MatrixXd thin =
        qr.householderQ() * Eigen::MatrixXd::Identity(static_cast<Eigen::Index>(a.columns), rank);
    map(q->view()) = signs.asDiagonal() * thin.transpose();
  }
  return l;
}

}  // namespace esscher
