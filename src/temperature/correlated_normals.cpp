#include "temperature/correlated_normals.h"

#include <cmath>

#include "esscher/base/error.h"
#include "esscher/linalg/factor.h"

namespace esscher::internal {
namespace {

/// Eigenvalues of correlations below this share of their sum move no quantile.
constexpr double kNegligible = 1e-9;

}  // namespace

Matrix<double> correlation_root(const std::vector<std::span<const double>>& vectors) {
  const std::size_t count = vectors.size();
  Matrix<double> correlation(count, count);
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      const std::span<const double> x = vectors[a];
      const std::span<const double> y = vectors[b];
      if (x.size() != y.size()) throw InternalError("policies of tables of unequal length");
      double sum = 0;
      for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
      correlation(a, b) = sum;
    }
  }
  std::vector<double> scale(count);
  for (std::size_t a = 0; a < count; ++a) scale[a] = std::sqrt(correlation(a, a));
  for (std::size_t a = 0; a < count; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      // One that no row moves has an error of its own.
      const double product = scale[a] * scale[b];
      correlation(a, b) = product > 0 ? correlation(a, b) / product : a == b ? 1 : 0;
    }
  }
  // Neighbouring temperatures are one policy to many digits: roots of eigenvalues, no Cholesky
  // factor.
  const SymmetricEigen eigen = symmetric_eigen(correlation.view());
  // Policies are as a rule many more than the directions in which they differ.
  std::vector<std::size_t> kept;
  for (std::size_t j = 0; j < count; ++j) {
    if (eigen.values[j] > kNegligible * static_cast<double>(count)) kept.push_back(j);
  }
  Matrix<double> root(count, kept.size());
  for (std::size_t k = 0; k < kept.size(); ++k) {
    const double value = std::sqrt(eigen.values[kept[k]]);
    for (std::size_t a = 0; a < count; ++a) root(a, k) = value * eigen.vectors(a, kept[k]);
  }
  return root;
}

}  // namespace esscher::internal
