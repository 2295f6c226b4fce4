#include "features/kernel_coordinates.h"

#include <algorithm>

#include "esscher/linalg/gemm.h"

namespace esscher::internal {

Matrix<double> stretched(MatrixView<const double> x, const Matrix<double>& by,
                         std::span<const double> diagonal) {
  if (diagonal.empty()) {
    auto out = Matrix<double>::unset(x.rows, by.columns());
    gemm(Operand::plain, x, Operand::plain, by.view(), 0.0, out.view());
    return out;
  }
  auto out = Matrix<double>::unset(x.rows, x.columns);
  for (std::size_t i = 0; i < x.rows; ++i) {
    for (std::size_t k = 0; k < x.columns; ++k) out(i, k) = x(i, k) * diagonal[k];
  }
  return out;
}

void take_back(const Matrix<double>& g, const Matrix<double>& by, std::span<const double> diagonal,
               double before, MatrixView<double> out) {
  if (diagonal.empty()) {
    gemm(Operand::plain, g.view(), Operand::transposed, by.view(), before, out);
    return;
  }
  for (std::size_t i = 0; i < out.rows; ++i) {
    for (std::size_t k = 0; k < out.columns; ++k) {
      out(i, k) = (before == 0 ? 0 : before * out(i, k)) + g(i, k) * diagonal[k];
    }
  }
}

std::vector<double> squares(const Matrix<double>& x, double more) {
  std::vector<double> out(x.rows(), more);
  for (std::size_t i = 0; i < x.rows(); ++i) {
    for (const double value : x.row(i)) out[i] += value * value;
  }
  return out;
}

Matrix<double> transposed(const Matrix<double>& x) {
  Matrix<double> out(x.columns(), x.rows());
  for (std::size_t i = 0; i < x.rows(); ++i) {
    for (std::size_t k = 0; k < x.columns(); ++k) out(k, i) = x(i, k);
  }
  return out;
}

bool is_resolved(const KernelPoints& points) {
  constexpr double kGreatestSquare = 1e11;
  std::vector<double> squares = points.laplace_square;
  if (squares.empty()) {
    for (const double length : points.arc_length) squares.push_back(length * length);
  }
  if (squares.empty()) return true;
  const auto middle = squares.begin() + static_cast<std::ptrdiff_t>(squares.size() / 2);
  std::ranges::nth_element(squares, middle);
  return *middle <= kGreatestSquare;
}

}  // namespace esscher::internal
