#include "policy/direction_proposal.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace esscher::internal {
namespace {

/// Deviation of the wide component.
constexpr double kWide = 2;
/// Beyond so many deviations a law has no mass that draws could find (e^-72).
constexpr double kReach = 12;
/// Narrow enough to see the peak of a unit-scale reward at temperatures from 1e-5.
constexpr double kFirstWidth = 1.0 / 128;
constexpr double kMostFirstCells = 1 << 17;
/// A cell with less mass than this is not worth another bisection, nor is one in which the density
/// varies by less than the factor.
constexpr double kNegligible = 1e-7;
constexpr double kVariation = 1.1;

double log_normal_density(double z) { return -0.5 * z * z - 0.5 * std::log(2 * std::numbers::pi); }

class Tabulator {
 public:
  Tabulator(const Link& reward, std::span<const TiltedLaw> optimal)
      : reward_(reward), optimal_(optimal) {}

  double density(double z) const {
    const double f = reward_(z);
    const double log_normal = log_normal_density(z);
    double sum = std::exp(log_normal) + std::exp(log_normal_density(z / kWide)) / kWide;
    for (const TiltedLaw& law : optimal_) {
      sum += std::exp(log_normal + (f / law.beta - law.log_partition));
    }
    return sum / static_cast<double>(optimal_.size() + 2);
  }

  /// Appends the cells of [left, right] with their masses.
  void add(double left, double at_left, double right, double at_right) {
    const double middle = left + (right - left) / 2;
    const double at_middle = density(middle);
    const double mass = (right - left) * (at_left + 4 * at_middle + at_right) / 6;
    const auto [low, high] = std::minmax({at_left, at_middle, at_right});
    if (mass > kNegligible && high > kVariation * low && left < middle && middle < right) {
      add(left, at_left, middle, at_middle);
      add(middle, at_middle, right, at_right);
    } else {
      edges.push_back(right);
      masses.push_back(mass);
    }
  }

  std::vector<double> edges;  ///< right ends
  std::vector<double> masses;

 private:
  const Link& reward_;
  std::span<const TiltedLaw> optimal_;
};

}  // namespace

DirectionProposal::DirectionProposal(const Link& reward, std::span<const TiltedLaw> optimal) {
  double low = -kReach * kWide;
  double high = kReach * kWide;
  for (const TiltedLaw& law : optimal) {
    const double reach = kReach * std::sqrt(std::max(1.0, law.direction_variance));
    low = std::min(low, law.mean_direction - reach);
    high = std::max(high, law.mean_direction + reach);
  }
  Tabulator table(reward, optimal);
  const auto cells =
      static_cast<std::size_t>(std::min(kMostFirstCells, std::ceil((high - low) / kFirstWidth)));
  const double width = (high - low) / static_cast<double>(cells);
  double left = low;
  double at_left = table.density(left);
  for (std::size_t i = 1; i <= cells; ++i) {
    const double right = low + static_cast<double>(i) * width;
    const double at_right = table.density(right);
    table.add(left, at_left, right, at_right);
    left = right;
    at_left = at_right;
  }
  edges_ = {low};
  edges_.insert(edges_.end(), table.edges.begin(), table.edges.end());
  double total = 0;
  cumulative_ = {0};
  for (const double mass : table.masses) cumulative_.push_back(total += mass);
  for (double& mass : cumulative_) mass /= total;
}

DirectionProposal::Draw DirectionProposal::quantile(double v) const {
  const auto above = std::upper_bound(cumulative_.begin() + 1, cumulative_.end() - 1, v);
  const auto right = static_cast<std::size_t>(above - cumulative_.begin());
  const double mass = cumulative_[right] - cumulative_[right - 1];
  const double width = edges_[right] - edges_[right - 1];
  const double share = std::clamp((v - cumulative_[right - 1]) / mass, 0.0, 1.0);
  const double z = edges_[right - 1] + share * width;
  return {z, log_normal_density(z) - std::log(mass / width)};
}

}  // namespace esscher::internal
