#include "esscher/model/noise.h"

#include <array>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher {
namespace {

constexpr std::array<std::pair<NoiseKind, const char*>, 4> kNoiseKinds = {{
    {NoiseKind::none, "none"},
    {NoiseKind::gaussian, "gaussian"},
    {NoiseKind::uniform, "uniform"},
    {NoiseKind::rademacher, "rademacher"},
}};

const char* kind_name(NoiseKind kind) {
  for (const auto& [known, text] : kNoiseKinds) {
    if (known == kind) return text;
  }
  throw InternalError("a noise kind without a name");
}

/// Squares of it, times squares of inverse temperatures, are still doubles.
constexpr double kGreatestDeviation = 1e50;

// Uniform noise. Below this the textbook forms cancel, and power series whose terms are all
// positive take their place; above it the textbook forms lose less than two bits.
constexpr double kSeriesBelow = 3;

/// sinh(a)/a - 1 = sum over k >= 1 of a^2k / (2k+1)!
double sinh_ratio_less_one(double a) {
  const double square = a * a;
  double term = 1;
  double sum = 0;
  for (int k = 1; k <= 24; ++k) {
    term *= square / (2. * k * (2. * k + 1));
    sum += term;
  }
  return sum;
}

/// log(sinh(a)/a), a >= 0
double log_sinh_ratio(double a) {
  if (a < kSeriesBelow) return std::log1p(sinh_ratio_less_one(a));
  return a - std::log(2 * a) + std::log1p(-std::exp(-2 * a));
}

/// coth a - 1/a, a >= 0: its series is [sum over k >= 1 of 2k a^(2k-1) / (2k+1)!] / (sinh(a)/a)
double langevin(double a) {
  if (a >= kSeriesBelow) return 1 / std::tanh(a) - 1 / a;
  const double square = a * a;
  double term = a / 6;  // a^(2k-1) / (2k+1)!
  double sum = 0;
  for (int k = 1; k <= 24; ++k) {
    sum += 2 * k * term;
    term *= square / ((2. * k + 2) * (2. * k + 3));
  }
  return sum / (1 + sinh_ratio_less_one(a));
}

/// 1/a^2 - 1/sinh^2 a, a >= 0: its series is
/// [sum over k >= 2 of 2^(2k-1) a^(2k-4) / (2k)!] / (sinh(a)/a)^2
double langevin_slope(double a) {
  if (a >= kSeriesBelow) {
    const double decay = std::exp(-2 * a);
    return 1 / a / a - 4 * decay / ((1 - decay) * (1 - decay));
  }
  const double square = 4 * a * a;
  double term = 1. / 3;
  double sum = 0;
  for (int k = 2; k <= 32; ++k) {
    sum += term;
    term *= square / ((2. * k + 1) * (2. * k + 2));
  }
  const double ratio = 1 + sinh_ratio_less_one(a);
  return sum / (ratio * ratio);
}

/// log cosh a, a >= 0
double log_cosh(double a) {
  if (a < 2) {
    const double half = std::sinh(a / 2);
    return std::log1p(2 * half * half);
  }
  return a - std::numbers::ln2 + std::log1p(std::exp(-2 * a));
}

}  // namespace

Noise::Noise(NoiseKind kind, double deviation) : kind_(kind), deviation_(deviation) {
  if (kind == NoiseKind::none) {
    if (deviation != 0) {
      throw UsageError(rejection("noise deviation", deviation, "must be 0 where there is no noise",
                                 "name a kind: gaussian, uniform or rademacher"));
    }
  } else if (!std::isfinite(deviation) || deviation <= 0 || deviation > kGreatestDeviation) {
    throw UsageError(rejection("noise deviation", deviation, "must be above 0 and at most 1e50",
                               "for labels without noise say none"));
  }
}

double Noise::cumulant(double s) const {
  const double a = std::abs(s * deviation_);
  switch (kind_) {
    case NoiseKind::none:
      return 0;
    case NoiseKind::gaussian:
      return 0.5 * a * a;
    case NoiseKind::uniform:
      return log_sinh_ratio(a * std::numbers::sqrt3);
    case NoiseKind::rademacher:
      return log_cosh(a);
  }
  throw InternalError("unknown noise kind");
}

double Noise::cumulant_slope(double s) const {
  const double a = s * deviation_;
  const double root3 = std::numbers::sqrt3;
  switch (kind_) {
    case NoiseKind::none:
      return 0;
    case NoiseKind::gaussian:
      return a * deviation_;
    case NoiseKind::uniform:
      return std::copysign(deviation_ * root3 * langevin(std::abs(a) * root3), a);
    case NoiseKind::rademacher:
      return deviation_ * std::tanh(a);
  }
  throw InternalError("unknown noise kind");
}

double Noise::cumulant_curvature(double s) const {
  const double a = std::abs(s * deviation_);
  switch (kind_) {
    case NoiseKind::none:
      return 0;
    case NoiseKind::gaussian:
      return variance();
    case NoiseKind::uniform:
      return 3 * variance() * langevin_slope(a * std::numbers::sqrt3);
    case NoiseKind::rademacher: {
      const double sech = 1 / std::cosh(a);
      return deviation_ * sech * (deviation_ * sech);
    }
  }
  throw InternalError("unknown noise kind");
}

std::string Noise::name() const {
  std::string text = kind_name(kind_);
  if (kind_ != NoiseKind::none) text += ":" + number_text(deviation_);
  return text;
}

Noise parse_noise(std::string_view text, std::string_view field) {
  const std::size_t colon = text.find(':');
  const std::string_view word = text.substr(0, colon);
  const std::string forms = "write none, gaussian:TAU, uniform:TAU or rademacher:TAU";
  for (const auto& [kind, name] : kNoiseKinds) {
    if (word != name) continue;
    if (kind == NoiseKind::none) {
      if (colon != std::string_view::npos) {
        throw UsageError(rejection(field, text, "none takes no deviation", forms));
      }
      return {};
    }
    if (colon == std::string_view::npos) {
      throw UsageError(rejection(field, text, "needs its standard deviation",
                                 "for example " + std::string(name) + ":0.3"));
    }
    const double deviation = parse_number(text.substr(colon + 1), field);
    if (!std::isfinite(deviation) || deviation < 0) {
      throw UsageError(
          rejection(field, text, "a standard deviation must be finite and not negative"));
    }
    if (deviation > kGreatestDeviation) {
      throw UsageError(rejection(
          field, text, "a standard deviation must be at most " + number_text(kGreatestDeviation),
          "measure rewards in another unit"));
    }
    return deviation == 0 ? Noise() : Noise(kind, deviation);
  }
  std::vector<std::string> names;
  for (const auto& [kind, name] : kNoiseKinds) names.emplace_back(name);
  const std::string nearest = nearest_name(word, names);
  const std::string guess = nearest.empty() ? "" : "did you mean " + nearest + "? ";
  throw UsageError(rejection(field, text, "no kind of noise has this name", guess + forms));
}

}  // namespace esscher
