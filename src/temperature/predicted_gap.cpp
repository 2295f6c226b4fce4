#include "esscher/temperature/predicted_gap.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/linalg/compensated_sum.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"
#include "esscher/theory/finiteness.h"
#include "esscher/theory/tilted_law.h"
#include "temperature/population.h"

namespace esscher {
namespace {

using internal::draw_population;
using internal::moments;
using internal::Population;
using internal::PopulationMoments;

/// Directions of the features with less variance than this share of the largest carry rounding
/// only, and no readout.
constexpr double kSingular = 1e-12;

double mean(std::span<const double> values) {
  CompensatedSum sum;
  for (const double value : values) sum.add(value);
  return sum.value() / static_cast<double>(values.size());
}

double mean(std::span<const double> weights, std::span<const double> values) {
  CompensatedSum sum;
  for (std::size_t i = 0; i < values.size(); ++i) sum.add(weights[i] * values[i]);
  return sum.value() / static_cast<double>(values.size());
}

/// gram + a u u' + b (u v' + v u').
void add_outer(Matrix<double>& gram, double a, std::span<const double> u, double b,
               std::span<const double> v) {
  for (std::size_t i = 0; i < u.size(); ++i) {
    for (std::size_t j = 0; j < u.size(); ++j) {
      gram(i, j) += a * u[i] * u[j] + b * (u[i] * v[j] + v[i] * u[j]);
    }
  }
}

Matrix<double> product(const Matrix<double>& a, const Matrix<double>& b) {
  Matrix<double> c(a.rows(), b.columns());
  gemm(Operand::plain, a.view(), Operand::plain, b.view(), 0, c.view());
  return c;
}

std::vector<double> product(const Matrix<double>& a, std::span<const double> x) {
  std::vector<double> y(a.rows());
  gemm(Operand::plain, a.view(), Operand::plain, {x.data(), x.size(), 1, 1}, 0,
       {y.data(), y.size(), 1, 1});
  return y;
}

/// (a + penalty I)^{-1}, 0 in the directions where a has nothing but rounding.
Matrix<double> inverse(const Matrix<double>& a, double penalty) {
  const SymmetricEigen eigen = symmetric_eigen(a.view());
  const double least = kSingular * std::max(eigen.values.back(), 0.0);
  Matrix<double> scaled = eigen.vectors;
  for (std::size_t j = 0; j < eigen.values.size(); ++j) {
    const double scale = eigen.values[j] > least ? 1 / (eigen.values[j] + penalty) : 0;
    for (std::size_t i = 0; i < scaled.rows(); ++i) scaled(i, j) *= scale;
  }
  Matrix<double> result(a.rows(), a.rows());
  gemm(Operand::plain, scaled.view(), Operand::transposed, eigen.vectors.view(), 0, result.view());
  return result;
}

/// Cov_w(phi), given E w phi phi' and E w phi, w of mean 1.
Matrix<double> covariance(const PopulationMoments& of) {
  Matrix<double> result = of.gram;
  add_outer(result, -1, of.linear, 0, of.linear);
  return result;
}

/// E over the noise of w^2 and of w^2 times the residual and its square, w = e^{s xi} / E e^{s xi}
/// times whatever x decides: the residual is e(x) + xi - kappa'(s), since the fit takes up the mean
/// noise under its weights.
struct NoiseMoments {
  double weight = 1;    ///< E w^2
  double shift = 0;     ///< of the mean residual under w^2
  double variance = 0;  ///< of the residual under w^2
};

NoiseMoments noise_moments(const Noise& noise, ReadoutWeights weights, double beta) {
  if (weights != ReadoutWeights::label) return {1, 0, noise.variance()};
  const double s = 1 / beta;
  return {std::exp(noise.cumulant(2 * s) - 2 * noise.cumulant(s)),
          noise.cumulant_slope(2 * s) - noise.cumulant_slope(s), noise.cumulant_curvature(2 * s)};
}

void check(const FirstLayer& layer, const PredictedGapOptions& options) {
  if (layer.width() == 0) {
    throw UsageError(rejection("layer", "empty", "must have at least one neuron"));
  }
  if (options.samples == 0) throw UsageError(rejection("samples", "0", "must be at least 1"));
  if (!(options.penalty >= 0 && std::isfinite(options.penalty))) {
    throw UsageError(rejection("penalty", options.penalty, "must be finite and not negative"));
  }
}

}  // namespace

PredictedGap predicted_gap(const FirstLayer& layer, const SingleIndexModel& model,
                           ReadoutWeights weights, double beta,
                           const PredictedGapOptions& options) {
  check(layer, options);
  const TiltedLaw law = tilted_law(model.link, beta);
  const Population drawn = draw_population(layer, model.link, law, options);
  const std::size_t count = drawn.f.size();
  const bool tilted = weights != ReadoutWeights::uniform;
  const std::vector<double>& w = tilted ? drawn.optimal : drawn.reference;

  // The population's fit.
  const PopulationMoments fitted = moments(drawn, w, w, options.threads);
  const double f_mean = mean(w, drawn.f);
  std::vector<double> target(count);
  for (std::size_t i = 0; i < count; ++i) target[i] = w[i] * (drawn.f[i] - f_mean);
  const std::vector<double> cross = moments(drawn, {}, target, options.threads).linear;
  const Matrix<double> inverse_a = inverse(covariance(fitted), options.penalty);
  const std::vector<double> a = product(inverse_a, cross);
  // Residuals, free of the intercept: of mean 0 under the fit's own weights.
  std::vector<double> residual = product(drawn.phi, a);
  for (std::size_t i = 0; i < count; ++i) residual[i] = drawn.f[i] - residual[i];
  const double residual_mean = mean(w, residual);
  for (double& e : residual) e -= residual_mean;

  PredictedGap prediction;
  prediction.beta = beta;
  std::vector<double> squares(count);
  const double optimal_mean = mean(drawn.optimal, residual);
  for (std::size_t i = 0; i < count; ++i) {
    squares[i] = drawn.optimal[i] * (residual[i] - optimal_mean) * (residual[i] - optimal_mean);
  }
  prediction.approximation = mean(squares);

  const NoiseMoments noise = noise_moments(model.noise, weights, beta);
  if (tilted && !tilt_finiteness(model.link).finite_at(2 / beta)) {
    prediction.remark = "E e^{2 r*/beta} is infinite: the weights have no variance";
    return prediction;
  }
  // E w^2 e^2 phi phi' about the weighted mean of phi, and the penalty's part.
  std::vector<double> quadratic(count);
  std::vector<double> linear(count);
  double square_weight = 0;
  double linear_weight = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double square = noise.weight * w[i] * w[i] / drawn.reference[i];  // w^2 relative to pi_0
    const double e = residual[i] + noise.shift;
    quadratic[i] = square * (e * e + noise.variance);
    linear[i] = square * e;
    square_weight += square / static_cast<double>(count);
    linear_weight += linear[i] / static_cast<double>(count);
  }
  const std::span<const double> centre = fitted.linear;
  const PopulationMoments second = moments(drawn, quadratic, quadratic, options.threads);
  std::vector<double> pull = moments(drawn, {}, linear, options.threads).linear;
  std::vector<double> shrink = a;
  for (std::size_t j = 0; j < a.size(); ++j) {
    shrink[j] *= options.penalty;
    pull[j] -= linear_weight * centre[j];  // E w^2 e (phi - centre)
  }
  Matrix<double> b = second.gram;
  add_outer(b, mean(quadratic), centre, -1, second.linear);
  add_outer(b, square_weight, shrink, -1, pull);

  const Matrix<double> spread =
      covariance(tilted ? fitted : moments(drawn, drawn.optimal, drawn.optimal, options.threads));
  const Matrix<double> sandwich = product(product(inverse_a, b), inverse_a);
  double trace = 0;
  for (std::size_t i = 0; i < sandwich.values().size(); ++i) {
    trace += sandwich.values()[i] * spread.values()[i];
  }
  const double variance = trace / static_cast<double>(options.samples);
  if (!std::isfinite(variance)) {
    prediction.remark = "the weights' variance is beyond double precision";
    return prediction;
  }
  prediction.variance = variance;
  prediction.gap = (prediction.approximation + variance) / (2 * beta);
  if (law.gain > 0) prediction.efficiency = 1 - *prediction.gap / law.gain;
  return prediction;
}

}  // namespace esscher
