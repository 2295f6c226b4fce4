#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/gaussian/hermite.h"
#include "esscher/model/link_catalogue.h"
#include "model/elementary.h"
#include "model/link_builtin.h"

namespace esscher {
namespace {

using internal::kLargest;
using internal::kMostOrder;

/// +-DBL_MAX with the sign of leading * z^degree: what a polynomial that overflowed stands for.
double overflow_value(double leading, int degree, double z) {
  return std::copysign(kLargest, degree % 2 == 1 && z < 0 ? -leading : leading);
}

TailGrowth side(int degree, double leading) { return internal::polynomial_tail(degree, leading); }

Growth both_sides(int degree, double leading) {
  return {.left = side(degree, degree % 2 == 1 ? -leading : leading),
          .right = side(degree, leading)};
}

double leading_coefficient(int order) {
  return std::exp(-0.5 * std::lgamma(static_cast<double>(order) + 1));
}

/// Where the plain product would be inf * 0 or lose digits to underflow, the damping is dealt out
/// over the steps of the recurrence: t_j = h_j(x) q^j with q = e^{-g z^2 / k} stays within the
/// size of the result.
double damped_far_out(int order, double x, double exponent) {
  const double q = std::exp(-exponent / order);
  if (q == 0) return 0;
  double previous = 0;
  double current = 1;
  for (int k = 0; k < order; ++k) {
    const double next = (x * q * current - std::sqrt(static_cast<double>(k)) * q * q * previous) /
                        std::sqrt(static_cast<double>(k + 1));
    previous = current;
    current = next;
  }
  return std::isnan(current) ? overflow_value(1, order, x) : current;
}

}  // namespace

namespace internal {

Link hermite_link(int order) {
  if (order < 0 || order > kMostOrder) {
    throw UsageError(rejection("k", order, "must be a whole number from 0 to 64"));
  }
  const std::string number = std::to_string(order);
  return elementary_link({"hermite:" + number,
                          "h_" + number + "(z)",
                          {},
                          both_sides(order, leading_coefficient(order)),
                          order % 2 == 0 ? Parity::even : Parity::odd},
                         [order](double z) {
                           const double h = hermite(order, z);
                           return std::isfinite(h) ? h : overflow_value(1, order, z);
                         });
}

Link hermite_series_link(std::span<const double> coefficients) {
  if (coefficients.empty() || coefficients.size() > static_cast<std::size_t>(kMostOrder) + 1) {
    throw UsageError(rejection("number of coefficients", static_cast<double>(coefficients.size()),
                               "must be from 1 to 65", "for example hermite_series:0,1,0,0.5"));
  }
  std::string name = "hermite_series:";
  std::string formula;
  int degree = 0;
  bool even = true;
  bool odd = true;
  for (std::size_t k = 0; k < coefficients.size(); ++k) {
    const double c = coefficients[k];
    if (!std::isfinite(c)) throw UsageError(rejection("coefficient", c, "must be finite"));
    if (k > 0) name += ",";
    name += number_text(c);
    if (c == 0) continue;
    degree = static_cast<int>(k);
    (k % 2 == 0 ? odd : even) = false;
    if (formula.empty()) {
      if (c < 0) formula += "-";
    } else {
      formula += c < 0 ? " - " : " + ";
    }
    if (std::abs(c) != 1) formula.append(number_text(std::abs(c))).append(" ");
    formula.append("h_").append(std::to_string(k)).append("(z)");
  }
  if (formula.empty()) formula += "0";
  std::vector<double> series(coefficients.begin(), coefficients.begin() + degree + 1);
  const double leading = series.back();
  const Parity parity = even ? Parity::even : odd ? Parity::odd : Parity::none;
  return elementary_link(
      {name, formula, {}, both_sides(degree, leading * leading_coefficient(degree)), parity},
      [series, leading, degree](double z) {
        std::array<double, kMostOrder + 1> h;
        hermite_all(z, std::span(h).first(series.size()));
        double sum = 0;
        for (std::size_t k = 0; k < series.size(); ++k) {
          if (series[k] != 0) sum += series[k] * h[k];
        }
        return std::isfinite(sum) ? sum : overflow_value(leading, degree, z);
      });
}

}  // namespace internal

Link damped_hermite_link(int order, double damping) {
  if (order < 1 || order > kMostOrder) {
    throw UsageError(rejection("k", order, "must be a whole number from 1 to 64"));
  }
  if (!(damping > 0 && damping <= 1e6)) {
    throw UsageError(rejection("g", damping, "must be above 0 and at most 1e6",
                               "for h_k without damping say hermite:k"));
  }
  const double stretch = std::sqrt(1 + 2 * damping);
  std::string name = "damped_hermite:" + std::to_string(order);
  if (damping != 0.25) name.append(",").append(number_text(damping));
  const std::string formula = "h_" + std::to_string(order) + "(z sqrt(" +
                              number_text(1 + 2 * damping) + ")) exp(-" + number_text(damping) +
                              " z^2)";
  return internal::elementary_link(
      {name, formula, {}, {}, order % 2 == 0 ? Parity::even : Parity::odd},
      [order, damping, stretch](double z) {
        const double exponent = damping * z * z;
        const double h = hermite(order, z * stretch);
        if (std::isfinite(h) && exponent < 700) return h * std::exp(-exponent);
        return damped_far_out(order, z * stretch, exponent);
      });
}

}  // namespace esscher
