#include "policy/lattice_proposal.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace esscher::internal {
namespace {

constexpr double kWideDeviation = 2;

double log_normal_density(std::span<const double> z, double deviation) {
  double square = 0;
  for (const double value : z) square += value * value;
  return -square / (2 * deviation * deviation) -
         static_cast<double>(z.size()) * std::log(deviation * std::sqrt(2 * std::numbers::pi));
}

/// Density at z of masses that are spread over the cells about their nodes.
double cell_density(const TiltLattice& lattice, std::span<const double> z, double log_volume) {
  std::size_t node = 0;
  for (std::size_t axis = 0; axis < z.size(); ++axis) {
    const double index = std::floor((z[axis] - lattice.low[axis]) / lattice.step[axis] + 0.5);
    if (!(index >= 0 && index < static_cast<double>(lattice.nodes))) return 0;
    node = node * lattice.nodes + static_cast<std::size_t>(index);
  }
  return lattice.mass[node] * std::exp(-log_volume);
}

}  // namespace

LatticeProposal::LatticeProposal(std::vector<TiltLattice> optimal) {
  for (TiltLattice& lattice : optimal) {
    Component component{std::move(lattice), {}, 0};
    double sum = 0;
    for (const double m : component.lattice.mass) {
      sum += m;
      component.cumulative.push_back(sum);
    }
    for (const double step : component.lattice.step) component.log_volume += std::log(step);
    components_.push_back(std::move(component));
  }
}

double LatticeProposal::draw(double level, std::span<const double> normals,
                             std::span<const double> uniforms, std::span<double> z) const {
  const auto count = static_cast<double>(components_.size() + 2);
  const double place = level * count;
  const auto which = std::min(static_cast<std::size_t>(place), components_.size() + 1);
  if (which < 2) {
    for (std::size_t axis = 0; axis < z.size(); ++axis) {
      z[axis] = (which == 0 ? 1 : kWideDeviation) * normals[axis];
    }
  } else {
    const Component& component = components_[which - 2];
    const double target = (place - static_cast<double>(which)) * component.cumulative.back();
    const auto found = std::ranges::upper_bound(component.cumulative, target);
    auto node = static_cast<std::size_t>(std::min(found, component.cumulative.end() - 1) -
                                         component.cumulative.begin());
    for (std::size_t axis = z.size(); axis-- > 0;) {
      const auto index = static_cast<double>(node % component.lattice.nodes);
      node /= component.lattice.nodes;
      z[axis] = component.lattice.low[axis] +
                (index + uniforms[axis] - 0.5) * component.lattice.step[axis];
    }
  }
  double density =
      std::exp(log_normal_density(z, 1)) + std::exp(log_normal_density(z, kWideDeviation));
  for (const Component& component : components_) {
    density += cell_density(component.lattice, z, component.log_volume);
  }
  return log_normal_density(z, 1) - std::log(density / count);
}

}  // namespace esscher::internal
