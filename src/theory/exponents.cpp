#include "esscher/theory/exponents.h"

#include <algorithm>
#include <cmath>

#include "esscher/base/error.h"
#include "esscher/gaussian/expansion.h"
#include "label_cells.h"
#include "tilted_mean.h"

namespace esscher {
namespace {

/// Of E f^2. Formulas lose up to five digits to cancellation without anybody's noticing.
constexpr double kConstantVariance = 1e-20;

void validate(const ExponentOptions& options) {
  if (options.max_order < 1 || options.max_order > 64) {
    throw UsageError(rejection("max_order", options.max_order, "must be from 1 to 64"));
  }
  if (!(options.information_tolerance > 0)) {
    throw UsageError(
        rejection("information_tolerance", options.information_tolerance, "must be positive"));
  }
  if (!(options.generative_tolerance > 0)) {
    throw UsageError(
        rejection("generative_tolerance", options.generative_tolerance, "must be positive"));
  }
}

}  // namespace

Exponents exponents(const SingleIndexModel& model, const ExponentOptions& options) {
  validate(options);
  const Link& link = model.link;
  Exponents result;
  result.max_order = options.max_order;
  result.information_tolerance = options.information_tolerance;
  result.generative_tolerance = options.generative_tolerance;

  const HermiteExpansion expansion =
      hermite_expansion([&](double z) { return link(z); }, link.landmarks(), options.max_order);
  result.hermite = expansion.coefficients;
  result.hermite_errors = expansion.errors;
  result.second_moment = expansion.second_moment;
  const double mean = expansion.coefficients[0];
  result.variance =
      gaussian_expectation([&](double z) { return std::pow(link(z) - mean, 2); }, link.landmarks(),
                           internal::about_mean(mean, expansion.second_moment, 0))
          .value;
  result.constant = result.variance <= kConstantVariance * expansion.second_moment;
  if (result.constant) {
    // The label's law would be that of rounding. The label is one atom, or one plus noise.
    result.lambda_squared.assign(result.hermite.size(), 0.0);
    result.lambda_squared[0] = 1;
    result.lambda_squared_errors.assign(result.hermite.size(), 0.0);
    return result;
  }
  const double deviation = std::sqrt(result.variance);
  for (int k = 1; k <= options.max_order && !result.information; ++k) {
    const auto i = static_cast<std::size_t>(k);
    const double zero =
        std::max(options.information_tolerance * deviation, 10 * expansion.errors[i]);
    if (std::abs(expansion.coefficients[i]) > zero) result.information = k;
  }

  const internal::Informativeness clean =
      internal::label_informativeness(link, Noise(), options.max_order);
  for (int k = 1; k <= options.max_order && !result.generative; ++k) {
    const auto i = static_cast<std::size_t>(k);
    // What rounding hides could only add.
    const double zero =
        std::max(options.generative_tolerance, 10 * (clean.errors[i] - clean.hidden[i]));
    // The label itself is one of the transforms: GE <= IE.
    if (clean.lambda_squared[i] > zero || result.information == k) result.generative = k;
  }

  const internal::Informativeness noisy =
      model.noise.kind() == NoiseKind::none
          ? clean
          : internal::label_informativeness(link, model.noise, options.max_order);
  result.lambda_squared = noisy.lambda_squared;
  result.lambda_squared_errors = noisy.errors;
  if (result.generative == 2 && noisy.lambda_squared[2] > 10 * noisy.errors[2]) {
    result.spectral_threshold = 1 / (2 * noisy.lambda_squared[2]);
  }
  return result;
}

}  // namespace esscher
