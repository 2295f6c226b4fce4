#include "smoothed_link.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "esscher/gaussian/quadrature.h"

namespace esscher::internal {
namespace {

constexpr int kNodes = 24;
/// Intervals of this many halvings are evaluated directly: nothing smooth is this short.
constexpr int kDeepest = 44;
/// Beyond this |u| a unit interval is no longer worth an interpolant of its own.
constexpr double kFar = 64;
constexpr double kTolerance = 1e-14;

/// Sum of c_k T_k(x) by Clenshaw's recurrence.
double chebyshev_sum(const std::vector<double>& coefficients, double x) {
  double b1 = 0;
  double b2 = 0;
  for (std::size_t k = coefficients.size() - 1; k > 0; --k) {
    const double b0 = 2 * x * b1 - b2 + coefficients[k];
    b2 = b1;
    b1 = b0;
  }
  return x * b1 - b2 + coefficients[0];
}

}  // namespace

SmoothedLink::SmoothedLink(const Link& link, double overlap)
    : link_(link),
      overlap_(overlap),
      // (1 - m)(1 + m) keeps the digits that 1 - m^2 loses next to one.
      residual_(std::sqrt((1 - overlap) * (1 + overlap))),
      size_(std::sqrt(
          gaussian_expectation([&](double z) { return link(z) * link(z); }, link.landmarks())
              .value)) {}

double SmoothedLink::integrate(double u) const {
  if (residual_ == 0) return link_(overlap_ * u);
  std::vector<double> breaks;
  for (const double z : link_.landmarks()) breaks.push_back((z - overlap_ * u) / residual_);
  return gaussian_expectation([&](double v) { return link_(overlap_ * u + residual_ * v); }, breaks)
      .value;
}

SmoothedLink::Interpolant SmoothedLink::build(int level, double index) const {
  const double half = std::ldexp(0.5, -level);
  const double centre = (2 * index + 1) * half;
  std::vector<double> samples(kNodes);
  for (int j = 0; j < kNodes; ++j) {
    samples[static_cast<std::size_t>(j)] =
        integrate(centre + half * std::cos(std::numbers::pi * (j + 0.5) / kNodes));
  }
  Interpolant result;
  result.coefficients.resize(kNodes);
  double largest = 0;
  for (int k = 0; k < kNodes; ++k) {
    double sum = 0;
    for (int j = 0; j < kNodes; ++j) {
      sum += samples[static_cast<std::size_t>(j)] *
             std::cos(std::numbers::pi * k * (j + 0.5) / kNodes);
    }
    const double coefficient = sum * (k == 0 ? 1.0 : 2.0) / kNodes;
    result.coefficients[static_cast<std::size_t>(k)] = coefficient;
    largest = std::max(largest, std::abs(coefficient));
  }
  // Coefficients that still matter at the end mean that the interval is too long.
  double tail = 0;
  for (int k = kNodes - 3; k < kNodes; ++k) {
    tail = std::max(tail, std::abs(result.coefficients[static_cast<std::size_t>(k)]));
  }
  result.split = tail > 10 * kTolerance * std::max(largest, size_);
  return result;
}

double SmoothedLink::operator()(double u) {
  if (residual_ == 0 || std::abs(u) > kFar) return integrate(u);
  for (int level = 0; level < kDeepest; ++level) {
    const double scale = std::ldexp(1.0, level);
    const double index = std::floor(u * scale);
    auto found = interpolants_.find({level, index});
    if (found == interpolants_.end()) {
      found = interpolants_.emplace(std::pair{level, index}, build(level, index)).first;
    }
    if (!found->second.split) {
      return chebyshev_sum(found->second.coefficients, 2 * (u * scale - index) - 1);
    }
  }
  return integrate(u);
}

}  // namespace esscher::internal
