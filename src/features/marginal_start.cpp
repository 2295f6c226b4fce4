#include "features/marginal_start.h"

#include <cmath>
#include <span>

#include "esscher/base/random.h"

namespace esscher::internal {

void start_at_random(const FeatureOptions& options, const MarginalGroup& group) {
  const RandomStream stream(options.seed, "stage1/marginal/start");
  const auto dof = static_cast<double>(options.dim - 1);
  for (std::size_t j = 0; j < group.size; ++j) {
    const std::uint64_t neuron = group.first + j;
    const double a = stream.normal(neuron);
    const double across = std::sqrt(stream.chi_square(neuron, dof));
    const double length = std::hypot(a, across);
    group.overlap[j] = a / length;
    group.rest[j] = across / length;
  }
}

void start_spectral(const FeatureOptions& options, const MarginalLaw& law,
                    const MarginalGroup& group) {
  double along[kMarginalGroup] = {};
  double squares[kMarginalGroup] = {};
  MarginalDraws draws;
  double z[kMarginalGroup];
  double label[kMarginalGroup];
  for (std::uint64_t i = 0; i < options.spectral_samples; ++i) {
    // Between two looks a millisecond passes.
    if (i % 1024 == 0 && options.callbacks.cancelled()) break;
    draw_marginal(law, group, i, draws);
    for (std::size_t j = 0; j < group.size; ++j) z[j] = static_cast<double>(draws.b[j]);
    law.link->evaluate(z, label, group.size);
    for (std::size_t j = 0; j < group.size; ++j) label[j] += draws.noise[j];
    law.label.apply({label, group.size}, {label, group.size});
    for (std::size_t j = 0; j < group.size; ++j) {
      along[j] += label[j] * z[j];
      squares[j] += label[j] * label[j];
    }
  }
  const RandomStream stream(options.seed, "stage1/marginal/spectral_start");
  const RandomStream direction(options.seed, "stage1/marginal/spectral_direction");
  const auto dim = static_cast<double>(options.dim);
  for (std::size_t j = 0; j < group.size; ++j) {
    const std::uint64_t neuron = group.first + j;
    // theta* is (mu, nu, 0) in coordinates along v, across it within their plane, and outside.
    const double across = std::sqrt(squares[j] * stream.chi_square(neuron, dim - 1));
    const double length = std::hypot(along[j], across);
    const double mu = length > 0 ? along[j] / length : 1;
    const double nu = length > 0 ? across / length : 0;
    const double r[2] = {direction.normal(2 * neuron), direction.normal(2 * neuron + 1)};
    const double outside = options.dim > 2 ? std::sqrt(direction.chi_square(neuron, dim - 2)) : 0.0;
    const double size = std::hypot(r[0], r[1], outside);
    const double x = stream.sign(neuron) + r[0] / size;
    const double y = r[1] / size;
    const double w = outside / size;
    const double scale = std::hypot(x, y, w);
    group.overlap[j] = (mu * x + nu * y) / scale;
    group.rest[j] = std::hypot(mu * y - nu * x, w) / scale;
  }
}

}  // namespace esscher::internal
