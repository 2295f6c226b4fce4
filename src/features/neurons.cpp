#include <cmath>

#include "esscher/base/random.h"
#include "esscher/features/feature_engine.h"

namespace esscher {

Neurons draw_neurons(const FeatureOptions& options) {
  Neurons neurons;
  neurons.signs.resize(options.width);
  RandomStream(options.seed, "stage1/sign").fill_sign(0, std::span<double>(neurons.signs));
  neurons.biases.resize(options.width);
  const RandomStream bias(options.seed, "stage1/bias");
  const std::span<double> biases(neurons.biases);
  if (options.bias_law == BiasLaw::normal) {
    bias.fill_normal(0, biases);
  } else {
    bias.fill_uniform(0, biases);
    for (double& b : biases) b = std::sqrt(3.0) * (2 * b - 1);
  }
  neurons.mixture = mixture_coefficients(options.activation, options.width, options.seed);
  return neurons;
}

}  // namespace esscher
