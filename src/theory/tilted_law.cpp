#include "esscher/theory/tilted_law.h"

#include <algorithm>
#include <cmath>

#include "esscher/base/number_text.h"
#include "esscher/gaussian/quadrature.h"
#include "esscher/theory/finiteness.h"
#include "tilted_mean.h"

namespace esscher {

namespace {

/// e^x - 1 - x without cancellation.
double exponential_remainder(double x) {
  if (std::abs(x) > 0.03) return std::expm1(x) - x;
  double sum = 0;
  double term = x * x / 2;
  for (int k = 3; sum + term != sum; ++k) {
    sum += term;
    term *= x / k;
  }
  return sum;
}

/// log E e^{s (f - mean)} where f's own mean is \p mean: for a weak tilt, of which the usual
/// integral of e^{s f} sees 1 + s^2 Var / 2, and s^2 Var / 2 only to the last bits of that 1.
double weak_log_mass(const Link& link, double s, double mean, const QuadratureOptions& options) {
  return std::log1p(
      gaussian_expectation([&](double z) { return exponential_remainder(s * (link(z) - mean)); },
                           link.landmarks(), options)
          .value);
}

/// Var e^{s (f - mean)} / (E e^{s (f - mean)})^2, likewise.
double weak_chi_square(const Link& link, double s, double mean, const QuadratureOptions& options) {
  const auto rise = [&](double z) { return std::expm1(s * (link(z) - mean)); };
  const double average = gaussian_expectation(rise, link.landmarks(), options).value;
  const double square =
      gaussian_expectation([&](double z) { return std::pow(rise(z) - average, 2); },
                           link.landmarks(), options)
          .value;
  return square / std::pow(1 + average, 2);
}

/// KL below which a tilt counts as weak.
constexpr double kWeak = 1e-2;

}  // namespace

TiltedLaw tilted_law(const Link& link, double beta) {
  require_temperature(beta, "beta");
  require_finite_tilt(link, beta);
  const double s = 1 / beta;
  TiltedLaw law;
  law.beta = beta;
  law.reference_value =
      gaussian_expectation([&](double z) { return link(z); }, link.landmarks()).value;

  // First the mean; then everything about it, so that a large constant in the reward costs no
  // digits.
  const internal::TiltedMean first_pass = internal::tilted_mean(link, s);
  const double mean = first_pass.first;
  const QuadratureOptions about_mean = internal::about_mean(mean, first_pass.second, s);
  const TiltedIntegrals tilted = tilted_integrals(
      [&](double z, std::span<double> values) {
        const double excess = link(z) - mean;
        values[0] = 1;
        values[1] = excess;
        values[2] = excess * excess;
        values[3] = z;
        values[4] = z * z;
        return s * excess;
      },
      5, link.landmarks(), about_mean);
  const double mass = tilted.values[0];
  const double excess = tilted.values[1] / mass;
  const double log_mass = tilted.log_scale + std::log(mass);  // log E e^{s (f - mean)}
  law.mean_reward = mean + excess;
  law.reward_variance = std::max(0.0, tilted.values[2] / mass - excess * excess);
  law.log_partition = s * mean + log_mass;
  law.optimal_value = mean + beta * log_mass;
  law.gain = law.optimal_value - law.reference_value;
  law.kl = s * excess - log_mass;
  law.mean_direction = tilted.values[3] / mass;
  law.direction_variance =
      std::max(0.0, tilted.values[4] / mass - law.mean_direction * law.mean_direction);
  law.relative_error = tilted.errors[0] / mass;
  if (law.kl < kWeak) {
    const double weak = weak_log_mass(link, s, law.reference_value, about_mean);
    law.gain = beta * weak;
    law.optimal_value = law.reference_value + law.gain;
    law.log_partition = s * law.optimal_value;
    // E_pi (f - E f), from the untilted law: e^{sx} - 1 keeps the digits that the difference loses.
    const double moved = gaussian_expectation(
                             [&](double z) {
                               const double x = link(z) - law.reference_value;
                               return x * std::expm1(s * x);
                             },
                             link.landmarks(), about_mean)
                             .value /
                         std::exp(weak);
    law.mean_reward = law.reference_value + moved;
    law.kl = s * moved - weak;
  }

  if (tilt_finiteness(link).finite_at(2 * s)) {
    const TiltedIntegrals squared = tilted_integrals(
        [&](double z, std::span<double> values) {
          values[0] = 1;
          return 2 * s * (link(z) - mean);
        },
        1, link.landmarks(), about_mean);
    const double log_squared = squared.log_scale + std::log(squared.values[0]);
    law.ess_fraction = std::exp(std::min(0.0, 2 * log_mass - log_squared));
    law.chi_square = law.kl < kWeak ? weak_chi_square(link, s, law.reference_value, about_mean)
                                    : std::expm1(std::max(0.0, log_squared - 2 * log_mass));
  }
  return law;
}

}  // namespace esscher
