#include "policy/lattice_proposal.h"

#include <gtest/gtest.h>

#include <cmath>

#include "esscher/base/matrix.h"
#include "esscher/base/random.h"
#include "esscher/policy/policy_value.h"

namespace esscher {
namespace {

struct Draws {
  Matrix<double> z;
  std::vector<double> log_ratio;
};

Draws draw(const internal::LatticeProposal& proposal, std::size_t q, std::size_t count) {
  Draws draws{Matrix<double>(count, q), std::vector<double>(count)};
  Matrix<double> normals(count, q);
  Matrix<double> places(count, q);
  RandomStream(1, "normals").fill_normal(0, normals.values());
  RandomStream(1, "places").fill_uniform(0, places.values());
  for (std::size_t i = 0; i < count; ++i) {
    const double level = (static_cast<double>(i) + 0.5) / static_cast<double>(count);
    draws.log_ratio[i] = proposal.draw(level, normals.row(i), places.row(i), draws.z.row(i));
  }
  return draws;
}

// Weighted back to N(0, I) the draws have its moments, whatever they are drawn for: 5 standard
// errors of 2^16 draws, false-alarm rate 1e-5 for all.
TEST(LatticeProposal, WeighsBackToTheReference) {
  for (const char* text : {"z1*z2@clip:-2,2", "tanh(z1)-z2*z3/8"}) {
    const MultiLink link = parse_multi_link(text);
    const std::size_t q = link.directions();
    std::vector<TiltLattice> lattices;
    for (const double beta : {1.0, 0.25}) lattices.push_back(tilt_lattice(link, beta));
    const Draws draws = draw(internal::LatticeProposal(std::move(lattices)), q, 1 << 16);
    const auto count = static_cast<double>(draws.log_ratio.size());
    const auto expect_mean = [&](auto of, double exact, const char* what) {
      double mean = 0;
      double square = 0;
      for (std::size_t i = 0; i < draws.log_ratio.size(); ++i) {
        const double term = std::exp(draws.log_ratio[i]) * of(draws.z.row(i));
        mean += term / count;
        square += term * term / count;
      }
      EXPECT_NEAR(mean, exact, 5 * std::sqrt((square - mean * mean) / count)) << text << what;
    };
    expect_mean([](auto) { return 1.0; }, 1, " mass");
    expect_mean([](auto z) { return z[0]; }, 0, " mean");
    expect_mean([](auto z) { return z[1] * z[1]; }, 1, " second moment");
    expect_mean([](auto z) { return z[0] * z[1]; }, 0, " product");
    const double s = 1 / 0.25;
    expect_mean([&](auto z) { return std::exp(s * link(z)); },
                std::exp(tilted_law(link, 0.25).log_partition), " partition");
  }
}

/// Neurons h_1(u) = u along four directions, two of them hidden.
FirstLayer linear_layer() {
  FirstLayer layer;
  layer.dim = 20;
  layer.hidden = 2;
  layer.activation = {ActivationKind::hermite, 1};
  layer.weights = Matrix<double>(4, 4);
  for (std::size_t j = 0; j < 4; ++j) layer.weights(j, j) = 1;
  layer.biases.assign(4, 0.0);
  return layer;
}

// r = <a, x>: pi = N(a / beta, I), KL = |a|^2 / (2 beta^2), gold = E f(z + (a_1, a_2) / beta),
// which for f = sin z1 + z2 is e^{-1/2} sin(a_1 / beta) + a_2 / beta. Four standard errors each.
TEST(PolicyValue, OfSeveralDirectionsHasItsClosedForm) {
  const MultiLink link = parse_multi_link("sin(z1)+z2");
  const std::vector<double> a{0.4, 0.6, 0.3, 0};
  const double beta = 0.5;
  const double kl = (0.16 + 0.36 + 0.09) / (2 * beta * beta);
  const double gold = std::exp(-0.5) * std::sin(0.4 / beta) + 0.6 / beta;
  const PolicyCase one{a, 0.7, beta};
  for (const PolicyMethod method : {PolicyMethod::importance_sampling, PolicyMethod::sequential}) {
    PolicyOptions options;
    options.method = method;
    options.threads = 1;
    options.samples = 1 << 14;
    const PolicyValue value = evaluate_policies(linear_layer(), {&one, 1}, link, options).front();
    EXPECT_TRUE(value.reliable) << value.remark;
    EXPECT_NEAR(value.kl.value, kl, 4 * value.kl.standard_error);
    EXPECT_NEAR(value.gold.value, gold, 4 * value.gold.standard_error);
    EXPECT_NEAR(value.proxy.value, 0.61 / beta + 0.7, 4 * value.proxy.standard_error);
    const double optimal = tilted_law(link, beta).optimal_value;
    EXPECT_NEAR(optimal, beta * tilted_law(parse_link("sin"), beta).log_partition + 1,
                1e-9);  // z2 alone: beta (1 / (2 beta^2))
    EXPECT_NEAR(value.gap.value, optimal - (gold - beta * kl), 4 * value.gap.standard_error);
  }
}

}  // namespace
}  // namespace esscher
