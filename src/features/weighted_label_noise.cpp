#include "features/weighted_label_noise.h"

#include <algorithm>
#include <array>
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>
#include <numbers>

#include "esscher/base/error.h"

namespace esscher::internal {
namespace {

/// What lies e^{-40} below the highest point of an integrand that falls from there at least
/// exponentially does not show in a double.
constexpr double kDrop = 40;
/// At most 5 of those 40 (or a bell of 1.1 deviations) on each panel: there, ten points of
/// Gauss-Legendre are right to rounding.
constexpr int kPanels = 16;
using Rule = boost::math::quadrature::gauss<double, 10>;

/// log P(Z > x), Z ~ N(0, 1).
double log_upper_tail(double x) {
  if (x < 20) return std::log(0.5 * std::erfc(x / std::numbers::sqrt2));
  // The first term left out of the asymptotic series is 1e-10 at 20, and P(Z > 20) is 1e-89.
  const double v = 1 / (x * x);
  return -x * x / 2 - std::log(x * std::sqrt(2 * std::numbers::pi)) +
         std::log1p(-v * (1 - v * (3 - v * (15 - v * 105))));
}

}  // namespace

/// Terms value * e^{exponent}, of which the largest exponent is known only at the end.
class NoisyLabel::Sum {
 public:
  void add(double exponent, double value) {
    terms_[count_++] = {exponent, value};
    if (value != 0) largest_ = std::max(largest_, exponent);
  }
  /// f(y) e^{exponent(y)} integrated over [from, to], where it is smooth.
  template <class Factor, class Exponent>
  void add_integral(double from, double to, Factor factor, Exponent exponent) {
    const double half = (to - from) / (2 * kPanels);
    for (int panel = 0; panel < kPanels; ++panel) {
      const double middle = from + (2 * panel + 1) * half;
      for (std::size_t i = 0; i < Rule::abscissa().size(); ++i) {
        for (const double side : {-1.0, 1.0}) {
          const double y = middle + side * half * Rule::abscissa()[i];
          add(exponent(y), factor(y) * half * Rule::weights()[i]);
        }
      }
    }
  }
  ScaledValue total() const {
    if (!std::isfinite(largest_)) return {0, 0};
    double sum = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      sum += terms_[i].value * std::exp(terms_[i].exponent - largest_);
    }
    return {largest_, sum};
  }

 private:
  struct Term {
    double exponent;
    double value;
  };
  std::array<Term, 10 * kPanels + 2> terms_;
  std::size_t count_ = 0;
  double largest_ = -std::numeric_limits<double>::infinity();
};

NoisyLabel::NoisyLabel(const Noise& noise, const WeightedLabel& label, int power)
    : noise_(noise),
      power_(power),
      has_factor_(label.weighting != Weighting::exp),
      centre_(label.weighting == Weighting::centred ? label.centre : 0),
      tilt_(label.weighting == Weighting::none ? 0 : power * label.inverse_temperature),
      low_(label.clip_low),
      high_(label.clip_high) {}

double NoisyLabel::factor(double y) const {
  if (!has_factor_) return 1;
  return power_ == 1 ? y - centre_ : (y - centre_) * (y - centre_);
}

ScaledValue NoisyLabel::by_cumulants(double f) const {
  const double log_scale = tilt_ * f + noise_.cumulant(tilt_);
  if (!has_factor_) return {log_scale, 1};
  const double mean = f + noise_.cumulant_slope(tilt_) - centre_;
  return {log_scale, power_ == 1 ? mean : mean * mean + noise_.cumulant_curvature(tilt_)};
}

void NoisyLabel::add_gaussian(double f, Sum& sum) const {
  const double tau = noise_.deviation();
  // In deviations x = xi / tau; from f they keep their digits however large f is.
  const double low = (low_ - f) / tau;
  const double high = (high_ - f) / tau;
  if (std::isfinite(low_)) sum.add(tilt_ * low_ + log_upper_tail(-low), factor(low_));
  if (std::isfinite(high_)) sum.add(tilt_ * high_ + log_upper_tail(high), factor(high_));
  // Between the limits the exponent is a parabola with its top at t tau.
  const double top = tilt_ * tau;
  const double peak = std::clamp(top, low, high);
  const double slope = std::abs(top - peak);
  const double reach = 2 * kDrop / (slope + std::sqrt(slope * slope + 2 * kDrop));
  const double start = tilt_ * f - std::log(2 * std::numbers::pi) / 2;
  sum.add_integral(
      std::max(low, peak - reach), std::min(high, peak + reach),
      [&](double x) { return factor(f + tau * x); },
      [&](double x) { return start + x * (top - x / 2); });
}

void NoisyLabel::add_uniform(double f, Sum& sum) const {
  const double reach = std::sqrt(3.0) * noise_.deviation();
  const auto add_limit = [&](double limit, double beyond) {
    const double mass = std::clamp(beyond / (2 * reach), 0.0, 1.0);
    if (mass > 0) sum.add(tilt_ * limit, mass * factor(limit));
  };
  add_limit(low_, low_ - (f - reach));
  add_limit(high_, f + reach - high_);
  const double to = std::min(high_, f + reach);
  const double from = std::max({low_, f - reach, tilt_ > 0 ? to - kDrop / tilt_ : f - reach});
  if (from >= to) return;
  sum.add_integral(
      from, to, [&](double y) { return factor(y) / (2 * reach); },
      [&](double y) { return tilt_ * y; });
}

ScaledValue NoisyLabel::operator()(double f) const {
  if (low_ == -std::numeric_limits<double>::infinity() &&
      high_ == std::numeric_limits<double>::infinity()) {
    return by_cumulants(f);
  }
  Sum sum;
  const auto add_point = [&](double y, double mass) {
    y = std::clamp(y, low_, high_);
    sum.add(tilt_ * y, mass * factor(y));
  };
  switch (noise_.kind()) {
    case NoiseKind::none:
      add_point(f, 1);
      break;
    case NoiseKind::rademacher:
      add_point(f - noise_.deviation(), 0.5);
      add_point(f + noise_.deviation(), 0.5);
      break;
    case NoiseKind::gaussian:
      add_gaussian(f, sum);
      break;
    case NoiseKind::uniform:
      add_uniform(f, sum);
      break;
  }
  return sum.total();
}

}  // namespace esscher::internal
