#include "esscher/features/weighted_label.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/gaussian/hermite.h"
#include "esscher/gaussian/quadrature.h"
#include "features/weighted_label_kernel.h"
#include "features/weighted_label_noise.h"
#include "model/link_crossings.h"

namespace esscher {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr std::array<std::pair<Weighting, std::string_view>, 4> kWeightings = {{
    {Weighting::none, "none"},
    {Weighting::exp, "exp"},
    {Weighting::label_exp, "label_exp"},
    {Weighting::centred, "centred"},
}};

/// E T^2 is finite unless the label may rise without limit and e^{2 s f} has no mean.
void require_finite_square(const SingleIndexModel& model, Weighting weighting, double beta1,
                           double clip_high) {
  if (weighting == Weighting::none || clip_high < kInfinity) return;
  const Growth& growth = model.link.growth();
  const double rate = std::max(growth.left.upper_quadratic_rate, growth.right.upper_quadratic_rate);
  if (!(rate > 0) || beta1 > 4 * rate) return;
  const bool never = rate == kInfinity;
  throw UsageError(rejection(
      "--feature-temperature", beta1,
      "the weighted label has an infinite second moment: " + model.link.name() + " grows " +
          (never ? "faster than z^2, so E e^{2f/beta} is infinite at every temperature"
                 : "like " + number_text(rate, 6) + " z^2, so E e^{2f/beta} is finite only above " +
                       number_text(4 * rate, 6)),
      std::string("limit the labels, for example --label-clip=-5,5") +
          (never ? "" : ", or raise the temperature")));
}

/// Where the noise-averaged label, as a function of z, may have a kink or a narrow bend.
std::vector<double> label_breaks(const SingleIndexModel& model, const WeightedLabel& label) {
  std::vector<double> offsets{0};
  const double tau = model.noise.deviation();
  switch (model.noise.kind()) {
    case NoiseKind::none:
      break;
    case NoiseKind::gaussian:  // smooth, but a bend where tau is small
      offsets = {-6 * tau, 0, 6 * tau};
      break;
    case NoiseKind::uniform:
      offsets = {-std::sqrt(3.0) * tau, std::sqrt(3.0) * tau};
      break;
    case NoiseKind::rademacher:
      offsets = {-tau, tau};
      break;
  }
  std::vector<double> all(model.link.landmarks().begin(), model.link.landmarks().end());
  for (const double limit : {label.clip_low, label.clip_high}) {
    if (!std::isfinite(limit)) continue;
    for (const double offset : offsets) {
      const std::vector<double> crossings = internal::find_crossings(
          model.link, limit + offset,
          limit == label.clip_low ? internal::Beyond::below : internal::Beyond::above);
      all.insert(all.end(), crossings.begin(), crossings.end());
    }
  }
  std::sort(all.begin(), all.end());
  // A jump through a limit is a break already, or the neighbour of one.
  const auto same = [](double a, double b) { return b <= std::nextafter(a, kInfinity); };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
  return all;
}

/// E[T^power h_k(Z)], k = 0..max_order, in units of e^{log_scale}.
TiltedIntegrals hermite_moments(const SingleIndexModel& model, const WeightedLabel& label,
                                std::span<const double> breaks, int power, int max_order) {
  const internal::NoisyLabel noisy(model.noise, label, power);
  return tilted_integrals(
      [&](double z, std::span<double> values) {
        const internal::ScaledValue average = noisy(model.link(z));
        hermite_all(z, values);
        for (double& value : values) value *= average.value;
        return average.log_scale;
      },
      max_order + 1, breaks);
}

void require_clip(double low, double high) {
  if (low < high && low < kInfinity && high > -kInfinity) return;
  throw UsageError(rejection("--label-clip", number_text(low) + "," + number_text(high),
                             "needs two limits, the lower one first"));
}

}  // namespace

std::string_view weighting_name(Weighting weighting) {
  for (const auto& [known, name] : kWeightings) {
    if (known == weighting) return name;
  }
  throw InternalError("a weighting without a name");
}

Weighting parse_weighting(std::string_view text, std::string_view field) {
  std::vector<std::string> names;
  for (const auto& [weighting, name] : kWeightings) {
    if (text == name) return weighting;
    names.emplace_back(name);
  }
  const std::string nearest = nearest_name(text, names);
  throw UsageError(rejection(field, text, "no weighting has this name",
                             (nearest.empty() ? "" : "did you mean " + nearest + "? ") +
                                 "write none, exp, label_exp or centred"));
}

double WeightedLabel::operator()(double y) const {
  y = std::clamp(y, clip_low, clip_high);
  if (weighting == Weighting::none) return y * std::exp(-log_scale);
  const double weight =
      std::exp(std::min(inverse_temperature * y - log_scale, internal::kGreatestExponent));
  switch (weighting) {
    case Weighting::exp:
      return weight;
    case Weighting::centred:
      return (y - centre) * weight;
    default:
      return y * weight;
  }
}

void WeightedLabel::apply(std::span<const double> y, std::span<double> out) const {
  if (y.size() != out.size()) throw InternalError("WeightedLabel::apply: lengths differ");
  internal::apply_weighted_label(*this, y.data(), y.size(), out.data());
}

WeightedLabel standardised_label(const SingleIndexModel& model, Weighting weighting, double beta1,
                                 double clip_low, double clip_high) {
  require_clip(clip_low, clip_high);
  WeightedLabel label{weighting, 0, 0, 0, clip_low, clip_high};
  if (weighting != Weighting::none) {
    require_temperature(beta1, "--feature-temperature");
    label.inverse_temperature = 1 / beta1;
  }
  require_finite_square(model, weighting, beta1, clip_high);
  const std::vector<double> breaks = label_breaks(model, label);
  if (weighting == Weighting::centred) {
    const auto tilted = [&](Weighting kind) {
      WeightedLabel of = label;
      of.weighting = kind;
      return hermite_moments(model, of, breaks, 1, 0);
    };
    const TiltedIntegrals mass = tilted(Weighting::exp);
    const TiltedIntegrals first = tilted(Weighting::label_exp);
    label.centre = first.values[0] / mass.values[0] * std::exp(first.log_scale - mass.log_scale);
  }
  const TiltedIntegrals square = hermite_moments(model, label, breaks, 2, 0);
  if (!(square.values[0] > 0)) {
    throw UsageError(rejection("--link", model.link.name(),
                               "the weighted label is always 0, so that nothing can be learned",
                               "take another link, or a wider --label-clip"));
  }
  label.log_scale = (square.log_scale + std::log(square.values[0])) / 2;
  return label;
}

WeightedLabelMoments weighted_label_moments(const SingleIndexModel& model,
                                            const WeightedLabel& label, int max_order) {
  if (max_order < 0) throw UsageError(rejection("max_order", max_order, "must be 0 or more"));
  require_clip(label.clip_low, label.clip_high);
  require_finite_square(model, label.weighting, 1 / label.inverse_temperature, label.clip_high);
  const std::vector<double> breaks = label_breaks(model, label);
  const TiltedIntegrals signal = hermite_moments(model, label, breaks, 1, max_order);
  const TiltedIntegrals square = hermite_moments(model, label, breaks, 2, 0);
  WeightedLabelMoments moments;
  const double scale = std::exp(signal.log_scale - label.log_scale);
  for (const double value : signal.values) moments.signal.push_back(value * scale);
  moments.mean = moments.signal[0];
  moments.root_mean_square =
      std::sqrt(square.values[0]) * std::exp(square.log_scale / 2 - label.log_scale);
  return moments;
}

}  // namespace esscher
