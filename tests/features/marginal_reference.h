#pragma once

/// What the tests of the marginal engine share.

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "esscher/features/feature_engine.h"

namespace esscher::marginal {

inline FeatureOptions options_of(const char* link, const char* noise, const char* activation,
                                 Weighting weighting) {
  FeatureOptions options{.model = {parse_link(link), parse_noise(noise)}};
  options.activation = parse_activation(activation);
  options.label =
      standardised_label(options.model, weighting, 1.0, -std::numeric_limits<double>::infinity(),
                         std::numeric_limits<double>::infinity());
  options.samples = 1'000'000;
  options.step_size = 0.01;
  options.threads = 1;
  options.seed = 11;
  return options;
}

inline std::vector<double> run(const FeatureOptions& options, std::uint64_t batches) {
  const auto engine = make_marginal_engine(options);
  engine->advance(batches);
  const auto m = engine->overlaps();
  return {m.begin(), m.end()};
}

/// phi'(u + b) of one neuron.
class Slope {
 public:
  Slope(const FeatureOptions& options, const Neurons& neurons, std::size_t j)
      : layer_(options.activation, std::span(neurons.biases).subspan(j, 1),
               column(neurons.mixture, j)) {}
  double operator()(double u) const {
    layer_.slopes(MatrixView<double>{&u, 1, 1, 1});
    return u;
  }

 private:
  static Matrix<double> column(const Matrix<double>& mixture, std::size_t j) {
    Matrix<double> result(mixture.rows(), mixture.empty() ? 0 : 1);
    for (std::size_t k = 0; k < mixture.rows(); ++k) result(k, 0) = mixture(k, j);
    return result;
  }
  LayerActivation layer_;
};

struct Case {
  const char* link;
  const char* noise;
  const char* activation;
  Weighting weighting;
  std::uint64_t dim;
  std::uint64_t batch;
};

inline std::string name_of(const Case& c) {
  return std::string(c.link) + " " + c.noise + " " + c.activation + " " +
         std::string(weighting_name(c.weighting)) + " d=" + std::to_string(c.dim) +
         " B=" + std::to_string(c.batch);
}

}  // namespace esscher::marginal
