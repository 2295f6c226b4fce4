#include "esscher/model/samples.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <vector>

#include "../base/random_statistics.h"
#include "../support/failure_text.h"
#include "esscher/base/error.h"

namespace esscher {
namespace {

using statistics::kolmogorov_smirnov;
using statistics::kolmogorov_smirnov_limit;
using statistics::normal_cdf;

struct Filled {
  Matrix<float> x;
  std::vector<double> y;
};

Filled fill(const SampleSource& source, std::uint64_t first, std::size_t count) {
  Filled filled{Matrix<float>(count, source.dim()), std::vector<double>(count)};
  source.fill(first, filled.x.view(), filled.y);
  return filled;
}

SingleIndexModel model(const char* link, const char* noise) {
  return {parse_link(link), parse_noise(noise)};
}

RC_GTEST_PROP(SingleIndexSamples, SampleDoesNotDependOnHowABlockIsCut, ()) {
  const auto dim = *rc::gen::inRange<std::uint64_t>(1, 150);
  const auto kind = *rc::gen::element("none", "gaussian:0.5", "uniform:0.5", "rademacher:0.5");
  const auto first = *rc::gen::inRange<std::uint64_t>(0, 5000);
  const auto count = *rc::gen::inRange<std::size_t>(1, 60);
  const auto cut = *rc::gen::inRange<std::size_t>(0, count);
  const SingleIndexSamples source(model("tanh", kind), dim, 7, "stage1");
  const Filled whole = fill(source, first, count);
  const Filled head = fill(source, first, cut);
  const Filled tail = fill(source, first + cut, count - cut);
  for (std::size_t i = 0; i < count; ++i) {
    const Filled& part = i < cut ? head : tail;
    const std::size_t row = i < cut ? i : i - cut;
    RC_ASSERT(whole.y[i] == part.y[row]);
    for (std::size_t k = 0; k < dim; ++k) RC_ASSERT(whole.x(i, k) == part.x(row, k));
  }
}

TEST(SingleIndexSamples, WithoutNoiseTheLabelIsTheLinkAtTheFirstCoordinate) {
  const Link link = parse_link("damped_hermite:3");
  const SingleIndexSamples source({link, Noise()}, 5, 1, "stage1");
  const Filled filled = fill(source, 1000, 300);
  for (std::size_t i = 0; i < 300; ++i) {
    EXPECT_EQ(filled.y[i], link(static_cast<double>(filled.x(i, 0))));
  }
}

TEST(MultiIndexSamples, WithoutNoiseTheLabelIsTheLinkAtTheFirstCoordinates) {
  const MultiLink link = parse_multi_link("z1*z2-sin(z3)");
  const MultiIndexSamples source({link, Noise()}, 5, 1, "stage1");
  const Filled filled = fill(source, 1000, 300);
  for (std::size_t i = 0; i < 300; ++i) {
    std::vector<double> z;
    for (std::size_t k = 0; k < 3; ++k) z.push_back(static_cast<double>(filled.x(i, k)));
    EXPECT_EQ(filled.y[i], link(z));
  }
}

TEST(MultiIndexSamples, InputsAndNoiseAreThoseOfOneDirection) {
  const Filled one = fill(SingleIndexSamples(model("tanh", "gaussian:1"), 6, 1, "stage1"), 7, 50);
  const MultiIndexModel two{parse_multi_link("z1+0*z2"), parse_noise("gaussian:1")};
  const Filled other = fill(MultiIndexSamples(two, 6, 1, "stage1"), 7, 50);
  EXPECT_EQ(one.x, other.x);
  for (std::size_t i = 0; i < 50; ++i) {
    const auto z = static_cast<double>(one.x(i, 0));
    EXPECT_NEAR(one.y[i] - std::tanh(z), other.y[i] - z, 1e-14);  // rounding of numbers below 10
  }
}

// Each test here fails by chance with probability 1e-6; seeds are fixed.
TEST(SingleIndexSamples, CoordinatesAreIndependentStandardNormals) {
  constexpr std::size_t kCount = 20000;
  constexpr std::size_t kDim = 3;
  const SingleIndexSamples source(model("tanh", "gaussian:1"), kDim, 2, "stage1");
  const Filled filled = fill(source, 0, kCount);
  EXPECT_LT(kolmogorov_smirnov(
                std::vector<float>(filled.x.values().begin(), filled.x.values().end()), normal_cdf),
            kolmogorov_smirnov_limit(kCount * kDim));
  // Products of independent standard normals: mean 0, variance 1. Among coordinates of a sample,
  // between samples, and with the noise.
  double neighbours = 0;
  double successors = 0;
  double noise = 0;
  for (std::size_t i = 0; i + 1 < kCount; ++i) {
    const auto x = [&](std::size_t row, std::size_t k) {
      return static_cast<double>(filled.x(row, k));
    };
    neighbours += x(i, 0) * x(i, 1);
    successors += x(i, 1) * x(i + 1, 1);
    noise += x(i, 2) * (filled.y[i] - std::tanh(x(i, 0)));
  }
  for (const double sum : {neighbours, successors, noise}) {
    EXPECT_LT(std::abs(sum), statistics::kOneInAMillion * std::sqrt(kCount));
  }
}

TEST(SingleIndexSamples, NoiseHasItsLaw) {
  constexpr std::size_t kCount = 50000;  // some blocks of the noise
  constexpr double kDeviation = 0.3;
  const auto draws = [&](const char* noise) {
    std::vector<double> y(kCount, 2.0);
    add_noise(parse_noise(noise), RandomStream(3, "noise"), 11, y);
    for (double& value : y) value -= 2;
    return y;
  };
  const double limit = kolmogorov_smirnov_limit(kCount);
  EXPECT_LT(kolmogorov_smirnov(draws("gaussian:0.3"),
                               [&](double x) { return normal_cdf(x / kDeviation); }),
            limit);
  const double half = kDeviation * std::sqrt(3.0);
  EXPECT_LT(
      kolmogorov_smirnov(draws("uniform:0.3"), [&](double x) { return (x + half) / (2 * half); }),
      limit);
  double sum = 0;
  for (const double xi : draws("rademacher:0.3")) {
    EXPECT_NEAR(std::abs(xi), kDeviation, 1e-15);  // 2 + 0.3 - 2 rounds
    sum += xi / kDeviation;
  }
  EXPECT_LT(std::abs(sum), statistics::kOneInAMillion * std::sqrt(kCount));
  for (const double xi : draws("none")) EXPECT_EQ(xi, 0);
}

TEST(SingleIndexSamples, SeedsAndStagesGiveDifferentSamples) {
  const SingleIndexModel one = model("tanh", "gaussian:1");
  const Filled base = fill(SingleIndexSamples(one, 4, 1, "stage1"), 0, 1);
  EXPECT_NE(base.x, fill(SingleIndexSamples(one, 4, 2, "stage1"), 0, 1).x);
  EXPECT_NE(base.x, fill(SingleIndexSamples(one, 4, 1, "stage2"), 0, 1).x);
  EXPECT_EQ(base.x, fill(SingleIndexSamples(one, 4, 1, "stage1"), 0, 1).x);
}

TEST(SingleIndexSamples, NeedsADimensionAndFittingBlocks) {
  const SingleIndexModel one = model("tanh", "none");
  expect_words(failure_text<UsageError>([&] { SingleIndexSamples(one, 0, 1, "stage1"); }), "dim",
               "0", "at least 1");
  const MultiIndexModel three{parse_multi_link("z1*z2*z3@clip:-1,1"), Noise()};
  expect_words(failure_text<UsageError>([&] { MultiIndexSamples(three, 2, 1, "stage1"); }),
               "dim = 2", "at least 3", "hidden directions");
  const SingleIndexSamples source(one, 3, 1, "stage1");
  Matrix<float> x(2, 3);
  std::vector<double> y(3);
  expect_words(failure_text<InternalError>([&] { source.fill(0, x.view(), y); }), "2 x 3",
               "3 labels");
}

}  // namespace
}  // namespace esscher
