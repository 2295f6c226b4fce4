#include "label_sums.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace esscher::internal {
namespace {

/// In deviations: the label's step in a convolution. For two points at distance D the trapezoidal
/// rule is off by e^{-D^2/8 - 2 pi^2 / (D step)} or less of their
/// sum: 2e-10 at worst.
constexpr double kKernelStep = 1.0 / 6;

}  // namespace

void TwoGrids::add(std::span<const double> mass, double width, std::vector<double>& totals) {
  if (!(mass[0] > 0)) return;
  for (std::size_t k = 0; k < totals.size(); ++k) totals[k] += width * mass[k] * mass[k] / mass[0];
}

Informativeness TwoGrids::extrapolated() const {
  Informativeness result;
  // lambda_0^2 is 1. Where turning points of f were missed it is not, and the others are no better.
  constexpr double kRounding = 1e-9;
  const double missed = std::abs(fine_[0] - 1);
  for (std::size_t k = 0; k < fine_.size(); ++k) {
    const double step = (fine_[k] - coarse_[k]) / 3;
    result.lambda_squared.push_back(fine_[k] + step);
    result.errors.push_back(std::abs(step) + hidden_[k] + 1e-14 +
                            (missed > kRounding ? missed : 0));
    result.hidden.push_back(hidden_[k]);
  }
  return result;
}

void TwoGrids::add_resolved(std::span<const double> squares, double factor) {
  for (std::size_t k = 0; k < fine_.size(); ++k) {
    fine_[k] += factor * squares[k];
    coarse_[k] += factor * squares[k];
  }
}

void TwoGrids::add_hidden(std::span<const double> squares, std::span<const double> mass,
                          double factor) {
  if (!(mass[0] > 0)) return;
  for (std::size_t k = 0; k < hidden_.size(); ++k) {
    hidden_[k] += factor * std::max(0.0, squares[k] - mass[k] * mass[k] / mass[0]);
  }
}

void TwoGrids::add_fine_convolved(std::vector<LabelPoint> points, double deviation) {
  convolve(std::move(points), deviation, fine_);
}

void TwoGrids::add_coarse_convolved(std::vector<LabelPoint> points, double deviation) {
  convolve(std::move(points), deviation, coarse_);
}

/// Sums p_k(y)^2 / p_0(y) over even grids, on which the trapezoidal rule converges faster than any
/// power for densities as smooth as these. Points out of each other's reach keep to themselves.
void TwoGrids::convolve(std::vector<LabelPoint> points, double deviation,
                        std::vector<double>& totals) {
  std::sort(points.begin(), points.end(),
            [](const LabelPoint& a, const LabelPoint& b) { return a.label < b.label; });
  std::vector<double> places;  // in deviations from the first label: exact for the tiniest noise
  std::vector<double> density;
  for (std::size_t begin = 0, end; begin < points.size(); begin = end) {
    places.assign(1, kKernelReach);
    for (end = begin + 1; end < points.size(); ++end) {
      const double step = (points[end].label - points[end - 1].label) / deviation;
      if (!(step <= 2 * kKernelReach)) break;
      places.push_back((points[end].label - points[begin].label) / deviation + kKernelReach);
    }
    if (places.size() == 1) {
      add(points[begin].mass, 1, totals);
      continue;
    }
    std::size_t first = 0;
    std::size_t last = 0;
    for (double i = 0; i * kKernelStep < places.back() + kKernelReach; ++i) {
      const double y = i * kKernelStep;
      while (first < places.size() && places[first] < y - kKernelReach) ++first;
      while (last < places.size() && places[last] <= y + kKernelReach) ++last;
      density.assign(points[begin].mass.size(), 0.0);
      for (std::size_t c = first; c < last; ++c) {
        const double t = y - places[c];
        const double kernel = std::exp(-t * t / 2) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
        const std::vector<double>& mass = points[begin + c].mass;
        for (std::size_t k = 0; k < density.size(); ++k) density[k] += kernel * mass[k];
      }
      add(density, kKernelStep, totals);
    }
  }
}

}  // namespace esscher::internal
