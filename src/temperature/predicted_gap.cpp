#include "esscher/temperature/predicted_gap.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/parallel.h"
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

double mean(std::span<const double> weights, std::span<const double> values) {
  CompensatedSum sum;
  for (std::size_t i = 0; i < values.size(); ++i) sum.add(weights[i] * values[i]);
  return sum.value() / static_cast<double>(values.size());
}

/// gram - u u'.
Matrix<double> covariance(const PopulationMoments& of) {
  Matrix<double> result = of.gram;
  for (std::size_t i = 0; i < result.rows(); ++i) {
    for (std::size_t j = 0; j < result.columns(); ++j) {
      result(i, j) -= of.linear[i] * of.linear[j];
    }
  }
  return result;
}

std::vector<double> product(Operand operand, const Matrix<double>& a, std::span<const double> x) {
  std::vector<double> y(operand == Operand::plain ? a.rows() : a.columns());
  gemm(operand, a.view(), Operand::plain, {x.data(), x.size(), 1, 1}, 0,
       {y.data(), y.size(), 1, 1});
  return y;
}

/// Cov_w(phi) by its eigenvectors, w the weights of one kind of fit: (S + lambda I)^{-1} for any
/// lambda, and 0 in the directions where S has nothing but rounding.
struct Fitted {
  std::span<const double> weights;  ///< of mean 1
  std::vector<double> centre;       ///< E_w phi
  SymmetricEigen eigen;
  std::vector<double> projection;  ///< V' Cov_w(phi, r*)

  /// 1 / (d_j + penalty).
  std::vector<double> inverse_values(double penalty) const {
    const double least = kSingular * std::max(eigen.values.back(), 0.0);
    std::vector<double> result;
    for (const double d : eigen.values) result.push_back(d > least ? 1 / (d + penalty) : 0);
    return result;
  }
};

Fitted fit_population(const Population& drawn, std::span<const double> w, int threads) {
  const PopulationMoments first = moments(drawn, w, w, threads);
  const double f_mean = mean(w, drawn.f);
  std::vector<double> target(drawn.f.size());
  for (std::size_t i = 0; i < target.size(); ++i) target[i] = w[i] * (drawn.f[i] - f_mean);
  Fitted fitted{w, first.linear, symmetric_eigen(covariance(first).view()), {}};
  fitted.projection = product(Operand::transposed, fitted.eigen.vectors,
                              moments(drawn, {}, target, threads).linear);
  return fitted;
}

/// A quadratic form D diag(s) D': A^{-1} P A^{-1}.
struct Form {
  const Matrix<double>* directions = nullptr;  ///< D, m x r
  std::vector<double> scales;                  ///< s
};

/// Where A and P share their eigenvectors.
Form shared_form(const Fitted& optimal, double penalty) {
  Form form{&optimal.eigen.vectors, optimal.inverse_values(penalty)};
  for (std::size_t j = 0; j < form.scales.size(); ++j) {
    form.scales[j] *= form.scales[j] * std::max(optimal.eigen.values[j], 0.0);
  }
  return form;
}

/// D = A^{-1} U with the eigenvectors U of P, s its eigenvalues; \p directions holds D.
Form form_between(const Fitted& fitted, const Fitted& optimal, double penalty,
                  Matrix<double>& directions) {
  Matrix<double> overlap(fitted.eigen.values.size(), optimal.eigen.values.size());
  gemm(Operand::transposed, fitted.eigen.vectors.view(), Operand::plain,
       optimal.eigen.vectors.view(), 0, overlap.view());
  const std::vector<double> inverse = fitted.inverse_values(penalty);
  for (std::size_t i = 0; i < overlap.rows(); ++i) {
    for (std::size_t j = 0; j < overlap.columns(); ++j) overlap(i, j) *= inverse[i];
  }
  directions = Matrix<double>(overlap.rows(), overlap.columns());
  gemm(Operand::plain, fitted.eigen.vectors.view(), Operand::plain, overlap.view(), 0,
       directions.view());
  Form form{&directions, optimal.eigen.values};
  for (double& value : form.scales) value = std::max(value, 0.0);
  return form;
}

/// (phi - centre)' D diag(s) D' (phi - centre) for each draw and each of \p forms, which share D.
std::vector<std::vector<double>> evaluate_forms(const Population& drawn,
                                                std::span<const double> centre,
                                                std::span<const Form> forms, int threads) {
  constexpr std::uint64_t kChunk = 512;
  std::vector<std::vector<double>> values(forms.size(), std::vector<double>(drawn.f.size()));
  if (forms.empty()) return values;
  const Matrix<double>& directions = *forms.front().directions;
  const std::vector<double> at_centre = product(Operand::transposed, directions, centre);
  parallel_for_chunks(
      ChunkGrid(drawn.f.size(), kChunk), {threads, "predictions", {}}, [&](const Chunk& chunk) {
        Matrix<double> seen(static_cast<std::size_t>(chunk.size()), directions.columns());
        gemm(Operand::plain, drawn.phi.view().rows_from(chunk.begin, chunk.size()), Operand::plain,
             directions.view(), 0, seen.view());
        for (std::size_t i = 0; i < seen.rows(); ++i) {
          const std::span<double> row = seen.row(i);
          for (std::size_t j = 0; j < row.size(); ++j) {
            row[j] -= at_centre[j];
            row[j] *= row[j];
          }
          for (std::size_t k = 0; k < forms.size(); ++k) {
            double sum = 0;
            for (std::size_t j = 0; j < row.size(); ++j) sum += forms[k].scales[j] * row[j];
            values[k][chunk.begin + i] = sum;
          }
        }
      });
  return values;
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

void check(const FirstLayer& layer, std::span<const PredictedReadout> readouts,
           const PredictedGapOptions& options) {
  if (layer.width() == 0) {
    throw UsageError(rejection("layer", "empty", "must have at least one neuron"));
  }
  if (options.samples == 0) throw UsageError(rejection("samples", "0", "must be at least 1"));
  for (const PredictedReadout& readout : readouts) {
    if (!(readout.penalty >= 0 && std::isfinite(readout.penalty))) {
      throw UsageError(rejection("penalty", readout.penalty, "must be finite and not negative"));
    }
    if (readout.weights == ReadoutWeights::automatic) {
      throw UsageError(rejection("weights", "auto", "are chosen from a sample and have no formula",
                                 "take uniform, label, surrogate or oracle"));
    }
  }
}

/// One readout's part that needs no sandwich: its residuals, and what its variance is a mean of.
struct Residuals {
  PredictedReadout readout;
  const Fitted* fitted = nullptr;
  NoiseMoments noise;
  std::vector<double> coefficients;  ///< a
  std::vector<double> values;        ///< of mean 0 under the fit's own weights
};

Residuals residuals_of(const PredictedReadout& readout, const Fitted& fitted,
                       const Population& drawn, const Noise& noise, double beta) {
  Residuals result{readout, &fitted, noise_moments(noise, readout.weights, beta), {}, {}};
  const std::vector<double> inverse = fitted.inverse_values(readout.penalty);
  std::vector<double> scaled = fitted.projection;
  for (std::size_t j = 0; j < scaled.size(); ++j) scaled[j] *= inverse[j];
  result.coefficients = product(Operand::plain, fitted.eigen.vectors, scaled);
  result.values = product(Operand::plain, drawn.phi, result.coefficients);
  for (std::size_t i = 0; i < result.values.size(); ++i) {
    result.values[i] = drawn.f[i] - result.values[i];
  }
  const double level = mean(fitted.weights, result.values);
  for (double& e : result.values) e -= level;
  return result;
}

double approximation(const Residuals& residuals, const Population& drawn) {
  const double level = mean(drawn.optimal, residuals.values);
  CompensatedSum sum;
  for (std::size_t i = 0; i < drawn.f.size(); ++i) {
    const double e = residuals.values[i] - level;
    sum.add(drawn.optimal[i] * e * e);
  }
  return sum.value() / static_cast<double>(drawn.f.size());
}

/// tr(A^{-1} B A^{-1} P). \param values  the form of each draw about the fit's centre
double sandwich_trace(const Residuals& residuals, const Population& drawn, const Form& form,
                      std::span<const double> values, int threads) {
  const Fitted& fitted = *residuals.fitted;
  const std::size_t count = drawn.f.size();
  std::vector<double> linear(count);
  CompensatedSum trace;
  CompensatedSum square_weight;
  CompensatedSum linear_weight;
  for (std::size_t i = 0; i < count; ++i) {
    const double w = fitted.weights[i];
    const double square = residuals.noise.weight * w * w / drawn.reference[i];  // w^2 under pi_0
    const double e = residuals.values[i] + residuals.noise.shift;
    trace.add(square * (e * e + residuals.noise.variance) * values[i]);
    linear[i] = square * e;
    square_weight.add(square);
    linear_weight.add(linear[i]);
  }
  // The penalty's part: E w^2 e (phi - centre), and lambda a.
  std::vector<double> pull = moments(drawn, {}, linear, threads).linear;
  std::vector<double> shrink = residuals.coefficients;
  const auto n = static_cast<double>(count);
  for (std::size_t j = 0; j < pull.size(); ++j) {
    shrink[j] *= residuals.readout.penalty;
    pull[j] -= linear_weight.value() / n * fitted.centre[j];
  }
  const std::vector<double> shrunk = product(Operand::transposed, *form.directions, shrink);
  const std::vector<double> pulled = product(Operand::transposed, *form.directions, pull);
  double result = trace.value() / n;
  for (std::size_t j = 0; j < shrunk.size(); ++j) {
    result += form.scales[j] * shrunk[j] * (square_weight.value() / n * shrunk[j] - 2 * pulled[j]);
  }
  return result;
}

/// Variance and gap, where the variance is a number.
void complete(PredictedGap& prediction, double variance, const TiltedLaw& law) {
  if (!std::isfinite(variance)) {
    prediction.remark = "the weights' variance is beyond double precision";
    return;
  }
  prediction.variance = variance;
  prediction.gap = (prediction.approximation + variance) / (2 * law.beta);
  if (law.gains()) prediction.efficiency = 1 - *prediction.gap / law.gain;
}

}  // namespace

std::vector<PredictedGap> predicted_gaps(const FirstLayer& layer, const SingleIndexModel& model,
                                         std::span<const PredictedReadout> readouts, double beta,
                                         const PredictedGapOptions& options) {
  check(layer, readouts, options);
  const TiltedLaw law = tilted_law(model.link, beta);
  const Population drawn = draw_population(layer, model.link, law, options);
  const Fitted optimal = fit_population(drawn, drawn.optimal, options.threads);
  std::optional<Fitted> reference;
  const bool has_variance = tilt_finiteness(model.link).finite_at(2 / beta);
  const auto samples = static_cast<double>(options.samples);

  std::vector<PredictedGap> predictions(readouts.size());
  std::vector<std::size_t> tilted;
  std::vector<Residuals> tilted_residuals;
  std::vector<Form> tilted_forms;
  for (std::size_t k = 0; k < readouts.size(); ++k) {
    const bool uniform = readouts[k].weights == ReadoutWeights::uniform;
    if (uniform && !reference) {
      reference = fit_population(drawn, drawn.reference, options.threads);
    }
    const Fitted& fitted = uniform ? *reference : optimal;
    Residuals residuals = residuals_of(readouts[k], fitted, drawn, model.noise, beta);
    predictions[k].beta = beta;
    predictions[k].approximation = approximation(residuals, drawn);
    if (uniform) {
      Matrix<double> directions;
      const Form form = form_between(fitted, optimal, readouts[k].penalty, directions);
      const auto values = evaluate_forms(drawn, fitted.centre, {&form, 1}, options.threads);
      complete(predictions[k],
               sandwich_trace(residuals, drawn, form, values[0], options.threads) / samples, law);
    } else if (has_variance) {
      tilted.push_back(k);
      tilted_residuals.push_back(std::move(residuals));
      tilted_forms.push_back(shared_form(optimal, readouts[k].penalty));
    } else {
      predictions[k].remark = "E e^{2 r*/beta} is infinite: the weights have no variance";
    }
  }
  const auto values = evaluate_forms(drawn, optimal.centre, tilted_forms, options.threads);
  for (std::size_t i = 0; i < tilted.size(); ++i) {
    const double trace =
        sandwich_trace(tilted_residuals[i], drawn, tilted_forms[i], values[i], options.threads);
    complete(predictions[tilted[i]], trace / samples, law);
  }
  return predictions;
}

}  // namespace esscher
