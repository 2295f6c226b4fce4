#include "esscher/policy/policy_samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "networks.h"

namespace esscher {
namespace {

PolicyOptions sample_options() {
  PolicyOptions result;
  result.threads = 1;
  return result;
}

/// Mean and variance of <v, x> over the samples.
struct Moments {
  double mean = 0;
  double variance = 0;
};
Moments moments(const PolicySamples& samples, std::span<const double> v) {
  Moments result;
  const auto n = static_cast<double>(samples.x.rows());
  std::vector<double> values;
  for (std::size_t i = 0; i < samples.x.rows(); ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < v.size(); ++j) sum += v[j] * samples.x(i, j);
    values.push_back(sum);
    result.mean += sum / n;
  }
  for (const double value : values) {
    result.variance += (value - result.mean) * (value - result.mean) / n;
  }
  return result;
}

std::vector<double> unit_vector(std::size_t dim, std::uint64_t index) {
  std::vector<double> v(dim);
  RandomStream(9, "unit", index).fill_normal(0, v);
  double square = 0;
  for (const double a : v) square += a * a;
  for (double& a : v) a /= std::sqrt(square);
  return v;
}

// r = <v, x>: the policy is N(v / beta, I). 4000 draws tell a mean within 0.016 and a variance
// within 0.022 where they are independent; that of a run are so after its parting moves but for a
// few, so five such deviations alarm falsely with a probability below 1e-5 in 16 comparisons.
TEST(PolicySamples, OfALinearRewardAreNormalAboutItsGradient) {
  const std::vector<double> v{0.8, -0.5, 0.3};
  Network network = networks::linear_network(v);
  network.first.dim = 10;
  for (const double beta : {1.0, 0.2}) {
    const PolicySamples samples = sample_policy(network, beta, 4000, sample_options());
    EXPECT_EQ(samples.x.rows(), 4000u);
    EXPECT_EQ(samples.x.columns(), 10u);
    EXPECT_GE(samples.temperatures, 1);
    for (std::uint64_t i = 0; i < 4; ++i) {
      const std::vector<double> u = unit_vector(10, i);
      double mean = 0;
      for (std::size_t j = 0; j < 3; ++j) mean += u[j] * v[j] / beta;
      const Moments found = moments(samples, u);
      EXPECT_NEAR(found.mean, mean, 5 * 0.016);
      EXPECT_NEAR(found.variance, 1, 5 * 0.022);
    }
  }
}

// The same reward, one hidden direction or two: draws along the hidden directions keep their
// places. Deviations and false alarms as above, for four comparisons.
TEST(PolicySamples, KeepSeveralHiddenCoordinatesInTheirPlaces) {
  constexpr std::size_t kDim = 30;
  Network network;
  network.first.dim = kDim;
  network.first.hidden = 2;
  network.first.weights = Matrix<double>(2, kDim);
  network.first.weights(0, 0) = network.first.weights(1, 0) = 0;
  const double side = std::sqrt(0.5);
  for (std::size_t j = 0; j < 2; ++j) {
    network.first.weights(j, 1) = j == 0 ? side : -side;
    network.first.weights(j, 17) = j == 0 ? side : -side;
  }
  network.first.biases.assign(2, 0.0);
  network.readout = {1, -1};  // r = <w, x>, w = (e_2 + e_18) / sqrt 2
  const PolicySamples samples = sample_policy(network, 0.5, 4000, sample_options());
  for (const auto& [place, mean] :
       {std::pair<std::size_t, double>{0, 0}, {1, 2 * side}, {17, 2 * side}, {18, 0}}) {
    std::vector<double> unit(kDim);
    unit[place] = 1;
    const Moments found = moments(samples, unit);
    EXPECT_NEAR(found.mean, mean, 5 * 0.016) << place;
    EXPECT_NEAR(found.variance, 1, 5 * 0.022) << place;
  }
}

// A layer in all d coordinates, as the direct engine leaves it: few rows, many coordinates.
TEST(PolicySamples, LiftsToAllCoordinates) {
  constexpr std::size_t kDim = 40;
  Network network;
  network.first.dim = kDim;
  network.first.weights = Matrix<double>(4, kDim);
  for (std::size_t j = 0; j < 2; ++j) {
    const std::vector<double> w = unit_vector(kDim, 20 + j);
    for (std::size_t i = 0; i < kDim; ++i) {
      network.first.weights(2 * j, i) = w[i];
      network.first.weights(2 * j + 1, i) = -w[i];
    }
  }
  network.first.biases.assign(4, 0.0);
  network.readout = {0.9, -0.9, 0.6, -0.6};  // r = 0.9 <w, x> + 0.6 <v, x>
  const double beta = 0.5;
  const PolicySamples samples = sample_policy(network, beta, 4000, sample_options());
  ASSERT_EQ(samples.x.columns(), kDim);
  for (std::uint64_t i = 0; i < 6; ++i) {
    // Along the rows themselves and along random directions.
    const std::vector<double> u = unit_vector(kDim, i < 2 ? 20 + i : i);
    double mean = 0;
    for (std::size_t j = 0; j < kDim; ++j) {
      mean += u[j] * (0.9 * network.first.weights(0, j) + 0.6 * network.first.weights(2, j)) / beta;
    }
    const Moments found = moments(samples, u);
    EXPECT_NEAR(found.mean, mean, 5 * 0.016) << i;
    EXPECT_NEAR(found.variance, 1, 5 * 0.022) << i;
  }
}

// Both humps of an even reward, in the shares that symmetry gives them.
TEST(PolicySamples, FindBothModes) {
  Network network = networks::network(networks::golden_profile("cos(2u)"), 1, 2);
  network.first.dim = 4;
  const PolicySamples samples = sample_policy(network, 0.1, 4000, sample_options());
  int far = 0;
  int right = 0;
  for (std::size_t i = 0; i < samples.x.rows(); ++i) {
    const double z = samples.x(i, 0);
    if (std::abs(z) > 1.5) {
      ++far;
      if (z > 0) ++right;
    }
  }
  // The humps of cos 2z at +-pi carry e^{-pi^2/2} (1 + ...) = about 1.4 % of the middle one; by a
  // midpoint rule of step 1e-4:
  double inside = 0;
  double outside = 0;
  for (double z = -9; z < 9; z += 1e-4) {
    const double weight = std::exp(std::cos(2 * z) / 0.1 - z * z / 2);
    (std::abs(z) > 1.5 ? outside : inside) += weight;
  }
  const double share = outside / (inside + outside);
  // Shares come from the weights of the first steps, so they err like some hundred draws' at worst:
  // three times the binomial deviation, five times.
  const double deviation = std::sqrt(share * (1 - share) / 4000);
  EXPECT_NEAR(far / 4000.0, share, 15 * deviation);
  EXPECT_GT(right, 0);
  EXPECT_GT(far - right, 0);
}

TEST(PolicySamples, DoNotDependOnThreads) {
  Network network = networks::network(networks::golden_profile("max(0, u-1)"), 0.9);
  network.first.dim = 12;
  PolicyOptions with = sample_options();
  const PolicySamples one = sample_policy(network, 0.4, 1500, with);
  for (const int threads : {2, 3}) {
    with.threads = threads;
    EXPECT_EQ(sample_policy(network, 0.4, 1500, with).x, one.x);
  }
  with.seed = 2;
  EXPECT_NE(sample_policy(network, 0.4, 1500, with).x, one.x);
}

TEST(PolicySamples, AreDistinctEvenIfFew) {
  const std::vector<double> v{3, 0};
  const PolicySamples samples =
      sample_policy(networks::linear_network(v), 0.2, 50, sample_options());
  std::set<double> seen;
  for (std::size_t i = 0; i < 50; ++i) seen.insert(samples.x(i, 0));
  EXPECT_EQ(seen.size(), 50u);
}

TEST(PolicySamples, RefusesWhatDoesNotFit) {
  Network network = networks::network(networks::golden_profile("tanh(u)"), 0.9);
  const auto text = [&](std::uint64_t dim, std::uint64_t count) {
    network.first.dim = dim;
    return failure_text<UsageError>([&] { sample_policy(network, 1, count, sample_options()); });
  };
  expect_words(text(std::uint64_t{1} << 40, 1000000), "samples = 1000000", "memory", "fewer");
  expect_words(text(std::uint64_t{1} << 63, std::uint64_t{1} << 63), "memory");
  expect_words(text(10, 0), "samples = 0", "at least 1");
  expect_words(text(3, 10), "dim = 3", "6 coordinates");
}

}  // namespace
}  // namespace esscher
