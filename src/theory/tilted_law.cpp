#include "esscher/theory/tilted_law.h"

#include <algorithm>
#include <cmath>

#include "esscher/base/error.h"
#include "esscher/gaussian/quadrature.h"
#include "esscher/theory/finiteness.h"
#include "temperature_check.h"

namespace esscher {

TiltedLaw tilted_law(const Link& link, double beta) {
  internal::require_temperature(beta, "beta");
  require_finite_tilt(link, beta);
  const double s = 1 / beta;
  TiltedLaw law;
  law.beta = beta;

  // First the mean; then everything about it, so that neither a large constant in the reward nor a
  // reward that hardly tilts costs digits.
  const TiltedIntegrals means = tilted_integrals(
      [&](double z, std::span<double> values) {
        const double f = link(z);
        values[0] = 1;
        values[1] = f;
        return s * f;
      },
      2, link.breaks());
  const double mean = means.values[1] / means.values[0];

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
      5, link.breaks());
  const double mass = tilted.values[0];
  const double excess = tilted.values[1] / mass;
  const double log_mass = tilted.log_scale + std::log(mass);  // log E e^{s (f - mean)}
  law.mean_reward = mean + excess;
  law.reward_variance = std::max(0.0, tilted.values[2] / mass - excess * excess);
  law.log_partition = s * mean + log_mass;
  law.optimal_value = mean + beta * log_mass;
  law.kl = std::max(0.0, s * excess - log_mass);
  law.mean_direction = tilted.values[3] / mass;
  law.direction_variance =
      std::max(0.0, tilted.values[4] / mass - law.mean_direction * law.mean_direction);
  law.relative_error = tilted.errors[0] / mass;

  law.reference_value =
      gaussian_expectation([&](double z) { return link(z); }, link.breaks()).value;

  if (tilt_finiteness(link).finite_at(2 * s)) {
    const TiltedIntegrals squared = tilted_integrals(
        [&](double z, std::span<double> values) {
          values[0] = 1;
          return 2 * s * (link(z) - mean);
        },
        1, link.breaks());
    const double log_squared = squared.log_scale + std::log(squared.values[0]);
    law.ess_fraction = std::exp(std::min(0.0, 2 * log_mass - log_squared));
  }
  return law;
}

}  // namespace esscher
