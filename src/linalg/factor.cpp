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

namespace {

/// Up to here Eigen's code for the baseline instruction set factors and inverts; beyond, halves do,
/// and our product's kernel, several times as fast, joins them.
constexpr std::size_t kLeaf = 48;

/// A multiple of the leaf near the middle of n > kLeaf.
std::size_t half(std::size_t n) { return (n / 2 + kLeaf - 1) / kLeaf * kLeaf; }

MatrixView<double> part(MatrixView<double> a, std::size_t row, std::size_t column, std::size_t rows,
                        std::size_t columns) {
  return {a.data + row * a.stride + column, rows, columns, a.stride};
}
MatrixView<const double> part(MatrixView<const double> a, std::size_t row, std::size_t column,
                              std::size_t rows, std::size_t columns) {
  return {a.data + row * a.stride + column, rows, columns, a.stride};
}

/// What a recursion carries along.
struct Scratch {
  /// \param rows  of the factor
  /// \param leaf  numbers of a leaf's largest right-hand side
  Scratch(std::size_t rows, std::size_t leaf) : minus(rows, -1.0), room(leaf) {}

  /// A copy of x, which is then 0. One room serves all leaves: fresh pages for each would take an
  /// eighth of the time of a factor.
  MatrixView<const double> taken_out(MatrixView<double> x) {
    const MatrixView<double> copy{room.data(), x.rows, x.columns, x.columns};
    for (std::size_t i = 0; i < x.rows; ++i) {
      std::ranges::copy(x.row(i), copy.row(i).begin());
      std::ranges::fill(x.row(i), 0.0);
    }
    return copy;
  }

  std::vector<double> minus;  ///< -1, for products that are taken off
  std::vector<double> room;
};

/// c <- c - a b'.
void take_off(MatrixView<const double> a, Operand b_as, MatrixView<const double> b,
              const Scratch& scratch, internal::Region region, MatrixView<double> c) {
  const std::span<const double> minus(scratch.minus);
  internal::multiply_add(Operand::plain, a, b_as, b, minus.first(a.columns), region, c);
}

/// L^{-1} of a leaf, so that solving with it is a product.
Matrix<double> inverse_of_leaf(MatrixView<const double> l) {
  Matrix<double> inverse(l.rows, l.rows);
  for (std::size_t i = 0; i < l.rows; ++i) inverse(i, i) = 1;
  auto solution = map(inverse.view());
  map(l).triangularView<Eigen::Lower>().solveInPlace(solution);
  return inverse;
}

/// x <- x L'^{-1}, for the rows of x.
void solve_rows(MatrixView<const double> l, MatrixView<double> x, Scratch& scratch) {
  const std::size_t n = l.rows;
  if (n <= kLeaf) {
    const Matrix<double> inverse = inverse_of_leaf(l);
    internal::multiply_add(Operand::plain, scratch.taken_out(x), Operand::transposed,
                           inverse.view(), {}, internal::Region::all, x);
    return;
  }
  const std::size_t k = half(n);
  const MatrixView<double> left = part(x, 0, 0, x.rows, k);
  const MatrixView<double> right = part(x, 0, k, x.rows, n - k);
  solve_rows(part(l, 0, 0, k, k), left, scratch);
  take_off(left, Operand::transposed, part(l, k, 0, n - k, k), scratch, internal::Region::all,
           right);
  solve_rows(part(l, k, k, n - k, n - k), right, scratch);
}

/// The factor in the lower triangle.
bool factor_lower(MatrixView<double> a, Scratch& scratch) {
  const std::size_t n = a.rows;
  if (n <= kLeaf) {
    auto block = map(a);
    const Eigen::LLT<Eigen::Ref<Square>, Eigen::Lower> factor(block);
    // Eigen lets NaN pass.
    return factor.info() == Eigen::Success && block.diagonal().allFinite();
  }
  const std::size_t k = half(n);
  if (!factor_lower(part(a, 0, 0, k, k), scratch)) return false;
  const MatrixView<double> below = part(a, k, 0, n - k, k);
  solve_rows(part(MatrixView<const double>(a), 0, 0, k, k), below, scratch);
  const MatrixView<double> rest = part(a, k, k, n - k, n - k);
  take_off(below, Operand::transposed, below, scratch, internal::Region::lower, rest);
  return factor_lower(rest, scratch);
}

void solve_columns(MatrixView<const double> l, MatrixView<double> x, Scratch& scratch) {
  const std::size_t n = l.rows;
  if (n <= kLeaf) {
    const Matrix<double> inverse = inverse_of_leaf(l);
    internal::multiply_add(Operand::plain, inverse.view(), Operand::plain, scratch.taken_out(x), {},
                           internal::Region::all, x);
    return;
  }
  const std::size_t k = half(n);
  const MatrixView<double> top = x.rows_from(0, k);
  const MatrixView<double> bottom = x.rows_from(k, n - k);
  solve_columns(part(l, 0, 0, k, k), top, scratch);
  take_off(part(l, k, 0, n - k, k), Operand::plain, top, scratch, internal::Region::all, bottom);
  solve_columns(part(l, k, k, n - k, n - k), bottom, scratch);
}

}  // namespace

bool cholesky(MatrixView<double> a) {
  require_square(a, "Cholesky factor");
  Scratch scratch(a.rows, a.rows * kLeaf);
  if (!factor_lower(a, scratch)) return false;
  for (std::size_t i = 0; i < a.rows; ++i) {
    const std::span<double> row = a.row(i);
    std::fill(row.begin() + static_cast<std::ptrdiff_t>(i) + 1, row.end(), 0.0);
  }
  return true;
}

void solve_lower(MatrixView<const double> l, MatrixView<double> x) {
  require_right_hand_side(l, x);
  constexpr std::size_t kFewColumns = 8;
  if (x.columns < kFewColumns) {
    auto solution = map(x);
    map(l).triangularView<Eigen::Lower>().solveInPlace(solution);
    return;
  }
  Scratch scratch(l.rows, kLeaf * x.columns);
  solve_columns(l, x, scratch);
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
