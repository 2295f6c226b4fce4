#include "refinement/directions.h"

#include <algorithm>
#include <cmath>

#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"

namespace esscher::internal {

void BatchSums::add(std::span<const double> residuals, MatrixView<const double> gradients) {
  add_weighted_gram(gradients, {}, outer.view());
  for (const double e : residuals) squares += e * e;
}

BatchSums& BatchSums::operator+=(const BatchSums& other) {
  for (std::size_t i = 0; i < outer.values().size(); ++i) {
    outer.values()[i] += other.outer.values()[i];
  }
  squares += other.squares;
  return *this;
}

Matrix<double> symmetric_power(MatrixView<const double> a, double power) {
  const SymmetricEigen eigen = symmetric_eigen(a);
  Matrix<double> scaled = eigen.vectors;
  for (std::size_t j = 0; j < scaled.columns(); ++j) {
    const double value = eigen.values[j] > 0 ? std::pow(eigen.values[j], power) : 0;
    for (std::size_t i = 0; i < scaled.rows(); ++i) scaled(i, j) *= value;
  }
  Matrix<double> result(scaled.rows(), scaled.rows());
  gemm(Operand::plain, scaled.view(), Operand::transposed, eigen.vectors.view(), 0, result.view());
  return result;
}

void orthonormalise(Matrix<double>& rows) {
  // Twice: the first time leaves an error of rounding times the condition number.
  for (int round = 0; round < 2; ++round) {
    Matrix<double> gram(rows.rows(), rows.rows());
    gemm(Operand::plain, rows.view(), Operand::transposed, rows.view(), 0, gram.view());
    const Matrix<double> root = symmetric_power(gram.view(), -0.5);
    const Matrix<double> before = rows;
    gemm(Operand::plain, root.view(), Operand::plain, before.view(), 0, rows.view());
  }
}

}  // namespace esscher::internal
