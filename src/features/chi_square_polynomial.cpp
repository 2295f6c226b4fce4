#include "features/chi_square_polynomial.h"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "esscher/base/error.h"

namespace esscher::internal {
namespace {

constexpr double kExpandAbove = 1e6;
constexpr double kTolerance = 1e-10;
constexpr std::size_t kMostPoints = 24;

/// F^{-1}(Phi(w)) / dof, from the nearer tail.
double relative_quantile(double dof, double w) {
  const double tail = 0.5 * std::erfc(std::abs(w) / std::numbers::sqrt2);
  const double shape = dof / 2;
  const double gamma =
      w < 0 ? boost::math::gamma_p_inv(shape, tail) : boost::math::gamma_q_inv(shape, tail);
  return gamma / shape;
}

double value_at(const std::vector<double>& c, double x) {
  double sum = 0;
  for (std::size_t k = c.size(); k-- > 0;) sum = sum * x + c[k];
  return sum;
}

/// Powers of s = w / kGreatestNormal from values at \p points Chebyshev points.
std::vector<double> interpolate(double dof, std::size_t points) {
  const auto n = static_cast<double>(points);
  std::vector<double> power(points, 0.0);
  std::vector<double> values(points);
  const auto angle = [n](std::size_t i) {
    return std::numbers::pi * (static_cast<double>(i) + 0.5) / n;
  };
  for (std::size_t i = 0; i < points; ++i) {
    values[i] = relative_quantile(dof, kGreatestNormal * std::cos(angle(i)));
  }
  // T_{j+1} = 2 s T_j - T_{j-1}, in powers of s.
  std::vector<double> before(points, 0.0);
  std::vector<double> chebyshev(points, 0.0);
  chebyshev[0] = 1;
  for (std::size_t j = 0; j < points; ++j) {
    double coefficient = 0;
    for (std::size_t i = 0; i < points; ++i) {
      coefficient += values[i] * std::cos(static_cast<double>(j) * angle(i));
    }
    coefficient *= (j == 0 ? 1 : 2) / n;
    for (std::size_t k = 0; k <= j; ++k) power[k] += coefficient * chebyshev[k];
    std::vector<double> next(points, 0.0);
    const double step = j == 0 ? 1 : 2;
    for (std::size_t k = 0; k + 1 < points; ++k) next[k + 1] = step * chebyshev[k];
    for (std::size_t k = 0; k < points; ++k) next[k] -= before[k];
    before = std::move(chebyshev);
    chebyshev = std::move(next);
  }
  return power;
}

std::vector<double> fit(double dof) {
  // The error is looked for at points that no interpolation goes through.
  constexpr std::size_t kProbes = 97;
  const auto probe = [](std::size_t i) { return -1 + 2 * static_cast<double>(i) / kProbes; };
  std::vector<double> exact(kProbes + 1);
  for (std::size_t i = 0; i <= kProbes; ++i) {
    exact[i] = relative_quantile(dof, kGreatestNormal * probe(i));
  }
  for (std::size_t points = 4; points <= kMostPoints; ++points) {
    std::vector<double> power = interpolate(dof, points);
    double worst = 0;
    for (std::size_t i = 0; i <= kProbes; ++i) {
      worst = std::max(worst, std::abs(value_at(power, probe(i)) / exact[i] - 1));
    }
    if (worst > kTolerance) continue;
    double scale = dof;
    for (double& c : power) {
      c *= scale;
      scale /= kGreatestNormal;
    }
    return power;
  }
  throw InternalError("chi_square_polynomial: no polynomial of degree below 24 serves");
}

}  // namespace

std::vector<double> chi_square_polynomial(double dof) {
  if (!(dof >= kLeastPolynomialDof)) {
    throw InternalError("chi_square_polynomial: too few degrees of freedom");
  }
  if (dof <= kExpandAbove) return fit(dof);
  // dof + root w + (2/3) (w^2 - 1) + (w^3 - 7 w) / (9 root), sorted by powers of w.
  const double root = std::sqrt(2 * dof);
  return {dof - 2. / 3, root - 7 / (9 * root), 2. / 3, 1 / (9 * root)};
}

}  // namespace esscher::internal
