#include "esscher/theory/signal.h"

#include <cmath>

#include "esscher/base/error.h"
#include "esscher/gaussian/hermite.h"
#include "esscher/gaussian/quadrature.h"
#include "esscher/theory/finiteness.h"

namespace esscher {
namespace {

/// Moments of f under the law tilted by e^{s f}, about a given centre.
struct TiltedMoments {
  double log_mass;  ///< log E e^{s (f - centre)}
  double first;
  double second;
};

TiltedMoments tilted_moments(const Link& link, double s, double centre) {
  const TiltedIntegrals integrals = tilted_integrals(
      [&](double z, std::span<double> values) {
        const double excess = link(z) - centre;
        values[0] = 1;
        values[1] = excess;
        values[2] = excess * excess;
        return s * excess;
      },
      3, link.breaks());
  const double mass = integrals.values[0];
  return {integrals.log_scale + std::log(mass), integrals.values[1] / mass,
          integrals.values[2] / mass};
}

}  // namespace

std::string_view transform_name(LabelTransform transform) {
  switch (transform) {
    case LabelTransform::exp:
      return "exp";
    case LabelTransform::label_exp:
      return "label_exp";
    case LabelTransform::centred:
      return "centred";
  }
  throw InternalError("transform_name: not a label transform");
}

double TiltedSignal::signal(LabelTransform transform, int order) const {
  const double scaled = (*this)[transform].scaled.at(static_cast<std::size_t>(order));
  // In logarithms: e^{log_scale} alone may overflow where the product does not.
  return scaled == 0 ? 0 : std::copysign(std::exp(log_scale + std::log(std::abs(scaled))), scaled);
}

TiltedSignal tilted_signal(const SingleIndexModel& model, double s, int max_order) {
  if (!(s >= 0) || !std::isfinite(s)) {
    throw UsageError(rejection("s", s, "an inverse temperature must be finite and 0 or more"));
  }
  if (max_order < 0) throw UsageError(rejection("max_order", max_order, "must be 0 or more"));
  const Link& link = model.link;
  const Noise& noise = model.noise;
  if (s > 0) require_finite_tilt(link, 1 / s);

  const double mean = tilted_moments(link, s, 0).first;
  const std::size_t orders = static_cast<std::size_t>(max_order) + 1;
  const TiltedIntegrals integrals = tilted_integrals(
      [&](double z, std::span<double> values) {
        const double excess = link(z) - mean;
        const std::span<double> h = values.first(orders);
        hermite_all(z, h);
        for (std::size_t k = 0; k < orders; ++k) values[orders + k] = excess * h[k];
        return s * excess;
      },
      static_cast<int>(2 * orders), link.breaks());

  TiltedSignal result;
  result.inverse_temperature = s;
  const double mass = integrals.values[0];  // h_0 = 1
  const double log_mass = integrals.log_scale + std::log(mass);
  result.log_scale = noise.cumulant(s) + s * mean + log_mass;
  // What y e^{sy} adds to f on average over the noise.
  const double weighted_mean = mean + noise.cumulant_slope(s);
  auto& [exp, label_exp, centred] = result.transforms;
  for (std::size_t k = 0; k < orders; ++k) {
    const double h = integrals.values[k] / mass;
    const double h_error = integrals.errors[k] / mass;
    const double excess = integrals.values[orders + k] / mass;
    const double excess_error = integrals.errors[orders + k] / mass;
    exp.scaled.push_back(h);
    exp.errors.push_back(h_error);
    label_exp.scaled.push_back(excess + weighted_mean * h);
    label_exp.errors.push_back(excess_error + std::abs(weighted_mean) * h_error);
    centred.scaled.push_back(excess);
    centred.errors.push_back(excess_error);
  }
  // The tilted mean of f - mean is zero but for rounding, and C_0 of the centred transform with it.
  centred.scaled[0] = 0;

  if (!tilt_finiteness(link).finite_at(2 * s)) return result;
  const TiltedMoments squared = tilted_moments(link, 2 * s, mean);
  const double log_squared = noise.cumulant(2 * s) + 2 * s * mean + squared.log_mass;
  // E[(Y - a)^2 e^{2sY}] / E e^{2sY}, from f's moments about its mean and the noise's own.
  const auto second_moment_about = [&](double a) {
    const double shift = mean + noise.cumulant_slope(2 * s) - a;
    return squared.second + 2 * shift * squared.first + shift * shift +
           noise.cumulant_curvature(2 * s);
  };
  exp.log_second_moment = log_squared;
  label_exp.log_second_moment = log_squared + std::log(second_moment_about(0));
  centred.log_second_moment = log_squared + std::log(second_moment_about(weighted_mean));
  for (TransformSignal& transform : result.transforms) {
    const double factor = std::exp(result.log_scale - *transform.log_second_moment / 2);
    for (const double scaled : transform.scaled) {
      // A label that is constant has no second moment about its mean and no signal either.
      transform.signal_to_noise.push_back(scaled == 0 ? 0 : scaled * factor);
    }
  }
  return result;
}

}  // namespace esscher
