#include "readout/spectral_ridge.h"

#include <algorithm>
#include <limits>

#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"

namespace esscher::internal {

namespace {
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
}

SpectralRidge::SpectralRidge(const Moments& moments) : mean_(moments.mean) {
  const std::size_t m = moments.features();
  Matrix<double> covariance(m, m);
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j <= i; ++j) covariance(i, j) = moments.scatter(i, j) / moments.weight;
  }
  const SymmetricEigen eigen = symmetric_eigen(covariance.view());
  const double largest = m == 0 ? 0 : std::max(0.0, eigen.values.back());
  resolution_ = static_cast<double>(m) * kEpsilon * largest;
  // Ascending values: what counts lies behind the empty directions.
  const auto first = static_cast<std::size_t>(
      std::upper_bound(eigen.values.begin(), eigen.values.end(), resolution_) -
      eigen.values.begin());
  values_.assign(eigen.values.begin() + static_cast<std::ptrdiff_t>(first), eigen.values.end());
  vectors_ = Matrix<double>(m, rank());
  projections_.assign(rank(), 0.0);
  for (std::size_t i = 0; i < m; ++i) {
    const double covariance_with_target = moments.scatter(m, i) / moments.weight;
    for (std::size_t j = 0; j < rank(); ++j) {
      vectors_(i, j) = eigen.vectors(i, first + j);
      projections_[j] += vectors_(i, j) * covariance_with_target;
    }
  }
  const double variance = moments.target_variance();
  double explained = 0;
  for (std::size_t j = 0; j < rank(); ++j) {
    explained += projections_[j] * (projections_[j] / values_[j]);
  }
  // What is left of the difference when the fit is perfect is rounding.
  unexplained_ = std::max(variance - explained, static_cast<double>(m + 1) * kEpsilon * variance);
}

double SpectralRidge::degrees_of_freedom(double penalty) const {
  double sum = 1;
  for (const double d : values_) sum += d / (d + penalty);
  return sum;
}

double SpectralRidge::error(double penalty) const {
  double sum = unexplained_;
  for (std::size_t j = 0; j < rank(); ++j) {
    const double kept_back = penalty / (values_[j] + penalty);
    sum += projections_[j] * (projections_[j] / values_[j]) * kept_back * kept_back;
  }
  return sum;
}

Matrix<double> SpectralRidge::coefficients(std::span<const double> penalties) const {
  Matrix<double> shrunk(rank(), penalties.size());
  for (std::size_t j = 0; j < rank(); ++j) {
    for (std::size_t l = 0; l < penalties.size(); ++l) {
      shrunk(j, l) = projections_[j] / (values_[j] + penalties[l]);
    }
  }
  Matrix<double> result(vectors_.rows(), penalties.size());
  gemm(Operand::plain, vectors_.view(), Operand::plain, shrunk.view(), 0.0, result.view());
  return result;
}

double SpectralRidge::intercept(std::span<const double> coefficients) const {
  double value = mean_.back();
  for (std::size_t j = 0; j < coefficients.size(); ++j) value -= coefficients[j] * mean_[j];
  return value;
}

}  // namespace esscher::internal
