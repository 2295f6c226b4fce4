#include "policy/reward_growth.h"

#include <gtest/gtest.h>

#include <cmath>

#include "../support/failure_text.h"
#include "esscher/base/error.h"

namespace esscher::internal {
namespace {

FirstLayer layer(Activation activation, const Matrix<double>& mixture = {}) {
  FirstLayer result;
  result.dim = 3;
  result.activation = activation;
  result.weights = Matrix<double>(2, 3);
  result.weights(0, 0) = 1;
  result.weights(1, 0) = 0.6;
  result.weights(1, 1) = 0.8;
  result.biases = {0.3, -0.7};
  result.mixture = mixture;
  return result;
}

std::string refusal(const FirstLayer& of, std::vector<double> readout, double beta) {
  return failure_text<UsageError>([&] { require_finite_tilt(of, readout, beta); });
}

TEST(RewardGrowth, WhatGrowsLinearlyIsFiniteAtEveryTemperature) {
  for (const ActivationKind kind : {ActivationKind::relu, ActivationKind::tanh, ActivationKind::erf,
                                    ActivationKind::softplus}) {
    const std::vector<double> readout{1e3, -2e3};
    EXPECT_NO_THROW(require_finite_tilt(layer({kind}), readout, 1e-6));
  }
}

// Q = (a w w' + b v v') / sqrt 2 with <w, v> = 0.6 has the larger eigenvalue
// ((a + b) + sqrt((a - b)^2 + 4 a b 0.36)) / 2 / sqrt 2.
TEST(RewardGrowth, QuadraticRewardsAreFiniteAboveTwiceTheirEigenvalue) {
  const FirstLayer quadratic = layer({ActivationKind::hermite, 2});
  for (const auto& [a, b] : std::vector<std::pair<double, double>>{{1, 1}, {1, -2}, {0.5, 0.1}}) {
    const double eigenvalue =
        ((a + b) + std::sqrt((a - b) * (a - b) + 4 * a * b * 0.36)) / 2 / std::sqrt(2.0);
    const std::vector<double> readout{a, b};
    EXPECT_NO_THROW(require_finite_tilt(quadratic, readout, 2 * eigenvalue * (1 + 1e-9)));
    expect_words(refusal(quadratic, readout, 2 * eigenvalue * (1 - 1e-9)), "beta", "u^2",
                 "only for beta >", "relu or tanh");
  }
  const std::vector<double> falling{-1, -1};
  EXPECT_NO_THROW(require_finite_tilt(quadratic, falling, 1e-6));
}

TEST(RewardGrowth, HigherOrdersMustFallNeuronByNeuron) {
  const std::vector<double> falling{-1, -0.1};
  EXPECT_NO_THROW(require_finite_tilt(layer({ActivationKind::hermite, 4}), falling, 0.1));
  expect_words(refusal(layer({ActivationKind::hermite, 4}), {-1, 0.1}, 100), "neuron 2", "|x|^4");
  expect_words(refusal(layer({ActivationKind::hermite, 3}), {-1, 0}, 100), "neuron 1", "|x|^3");
  // A neuron without a weight does not count.
  const std::vector<double> none{0, 0};
  EXPECT_NO_THROW(require_finite_tilt(layer({ActivationKind::hermite, 3}), none, 0.1));
}

TEST(RewardGrowth, MixturesGoByTheirLeadingCoefficients) {
  Matrix<double> mixture(4, 2);
  mixture(1, 0) = 1;     // neuron 1: h_2
  mixture(3, 1) = -0.5;  // neuron 2: h_1 - h_4 / 2
  mixture(0, 1) = 1;
  const FirstLayer mixed = layer({ActivationKind::mixture, 4}, mixture);
  EXPECT_EQ(leading_term(mixed, 0, 2).order, 2);
  EXPECT_EQ(leading_term(mixed, 0, 2).coefficient, 2);
  EXPECT_EQ(leading_term(mixed, 1, 2).order, 4);
  EXPECT_EQ(leading_term(mixed, 1, 2).coefficient, -1);
  EXPECT_EQ(leading_term(mixed, 1, 0).order, 0);
  const std::vector<double> good{1, 1};
  EXPECT_NO_THROW(require_finite_tilt(mixed, good, 1.5));
  expect_words(refusal(mixed, {1, 1}, 1.4), "u^2", "1.41421");
  expect_words(refusal(mixed, {1, -1}, 1.5), "neuron 2", "|x|^4");
}

}  // namespace
}  // namespace esscher::internal
