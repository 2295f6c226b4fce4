#include "esscher/refinement/gradient_product.h"

#include <algorithm>
#include <cmath>

#include "esscher/base/error.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"

namespace esscher {
namespace {

/// Eigenvalues below this share of the largest are rounding.
constexpr double kLeastDirectionShare = 1e-13;

}  // namespace

void add_slope_products(const LayerActivation& activation, std::span<const double> readout,
                        MatrixView<double> projections, std::span<const double> weights,
                        MatrixView<double> products) {
  activation.slopes(projections);
  for (std::size_t i = 0; i < projections.rows; ++i) {
    for (std::size_t j = 0; j < projections.columns; ++j) projections(i, j) *= readout[j];
  }
  add_weighted_gram(projections, weights, products);
}

GradientSpectrum gradient_spectrum(MatrixView<const double> rows, MatrixView<const double> products,
                                   std::size_t count) {
  const std::size_t m = rows.rows;
  const std::size_t k = rows.columns;
  if (products.rows != m || products.columns != m) {
    throw InternalError("slope products of another layer");
  }
  Matrix<double> pulled(m, k);  // S W
  gemm(Operand::plain, products, Operand::plain, rows, 0, pulled.view());
  Matrix<double> outer(k, k);
  gemm(Operand::transposed, rows, Operand::plain, pulled.view(), 0, outer.view());
  const SymmetricEigen eigen = symmetric_eigen(outer.view());

  GradientSpectrum spectrum;
  for (const double value : eigen.values) spectrum.trace += std::max(value, 0.0);
  const double largest = eigen.values.empty() ? 0 : eigen.values.back();
  for (std::size_t i = 0; i < std::min(count, k); ++i) {
    const double value = eigen.values[k - 1 - i];
    if (!(value > kLeastDirectionShare * largest)) break;
    spectrum.values.push_back(value);
  }
  spectrum.combinations = Matrix<double>(spectrum.values.size(), m);
  for (std::size_t i = 0; i < spectrum.values.size(); ++i) {
    // v = M v / lambda = W' (S W v / lambda).
    for (std::size_t j = 0; j < m; ++j) {
      double sum = 0;
      for (std::size_t l = 0; l < k; ++l) sum += pulled(j, l) * eigen.vectors(l, k - 1 - i);
      spectrum.combinations(i, j) = sum / spectrum.values[i];
    }
  }
  return spectrum;
}

}  // namespace esscher
