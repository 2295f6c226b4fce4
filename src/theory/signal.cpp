#include "esscher/theory/signal.h"

#include <array>
#include <cmath>
#include <limits>

#include "esscher/base/error.h"
#include "esscher/gaussian/hermite.h"
#include "esscher/gaussian/quadrature.h"
#include "esscher/theory/finiteness.h"
#include "tilted_mean.h"

namespace esscher {
namespace {

/// log E T_s(Y)^2 of each transform, by integrals of squares: nothing cancels. \p mean is f's
/// tilted mean at s, \p weighted_mean the label's.
std::array<double, 3> log_second_moments(const SingleIndexModel& model, double s, double mean,
                                         double weighted_mean, const QuadratureOptions& options) {
  const Noise& noise = model.noise;
  const double slope = noise.cumulant_slope(2 * s);
  const double curvature = noise.cumulant_curvature(2 * s);
  const TiltedIntegrals integrals = tilted_integrals(
      [&](double z, std::span<double> values) {
        const double f = model.link(z);
        const double label = f + slope;
        const double centred = (f - mean) + (slope - (weighted_mean - mean));
        values[0] = 1;
        values[1] = label * label + curvature;
        values[2] = centred * centred + curvature;
        return 2 * s * (f - mean);
      },
      3, model.link.landmarks(), options);
  const double scale = noise.cumulant(2 * s) + 2 * s * mean + integrals.log_scale;
  // About a mean that all but all mass sits at, nothing but the mean's own rounding is left.
  const double rounding = 1e7 * std::numeric_limits<double>::epsilon() * std::abs(mean);
  const bool lost = integrals.values[2] <= rounding * rounding * integrals.values[0];
  return {scale + std::log(integrals.values[0]), scale + std::log(integrals.values[1]),
          lost ? -std::numeric_limits<double>::infinity() : scale + std::log(integrals.values[2])};
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

  const internal::TiltedMean first_pass = internal::tilted_mean(link, s);
  const double mean = first_pass.first;
  const QuadratureOptions options = internal::about_mean(mean, first_pass.second, s);
  const std::size_t orders = static_cast<std::size_t>(max_order) + 1;
  const TiltedIntegrals integrals = tilted_integrals(
      [&](double z, std::span<double> values) {
        const double excess = link(z) - mean;
        const std::span<double> h = values.first(orders);
        hermite_all(z, h);
        for (std::size_t k = 0; k < orders; ++k) values[orders + k] = excess * h[k];
        return s * excess;
      },
      static_cast<int>(2 * orders), link.landmarks(), options);

  TiltedSignal result;
  result.inverse_temperature = s;
  const double mass = integrals.values[0];  // h_0 = 1
  const double log_mass = integrals.log_scale + std::log(mass);
  result.log_scale = noise.cumulant(s) + s * mean + log_mass;
  result.lower = integrals.lower;
  result.upper = integrals.upper;
  // The mean is rounded: what is left of it is taken out once more, and its last bit is an error.
  const double residual = integrals.values[orders] / mass;
  const double rounding = 2 * std::numeric_limits<double>::epsilon() * std::abs(mean);
  // What y e^{sy} adds to f on average over the noise.
  const double weighted_mean = mean + noise.cumulant_slope(s);
  auto& [exp, label_exp, centred] = result.transforms;
  for (std::size_t k = 0; k < orders; ++k) {
    const double h = integrals.values[k] / mass;
    const double h_error = integrals.errors[k] / mass;
    const double excess = integrals.values[orders + k] / mass - residual * h;
    const double excess_error = integrals.errors[orders + k] / mass + rounding * (1 + std::abs(h));
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
  const std::array<double, 3> log_squares =
      log_second_moments(model, s, mean, weighted_mean, options);
  for (const LabelTransform transform : kLabelTransforms) {
    const auto i = static_cast<std::size_t>(transform);
    TransformSignal& of = result.transforms[i];
    // A label that is constant, but for rounding, has no second moment about its mean.
    if (!std::isfinite(log_squares[i])) continue;
    of.log_second_moment = log_squares[i];
    const double factor = std::exp(result.log_scale - log_squares[i] / 2);
    for (const double scaled : of.scaled) of.signal_to_noise.push_back(scaled * factor);
  }
  return result;
}

}  // namespace esscher
