#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "../support/failure_text.h"
#include "base/random_fill.h"
#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "marginal_reference.h"

namespace esscher {
namespace {

using marginal::Case;
using marginal::name_of;
using marginal::options_of;
using marginal::run;
using marginal::Slope;

// ---- the same randomness, the law written out step by step --------------------------------------

/// The four single-precision normals of block j.
struct Normals {
  Normals(const RandomStream& stream, std::uint64_t neuron) {
    const auto block = stream.block(neuron);
    std::uint32_t words[internal::kElements32] = {};
    float out[internal::kElements32];
    for (std::size_t w = 0; w < 4; ++w) words[16 * w] = block[w];
    internal::normals_from_words(words, 1, out);
    for (std::size_t w = 0; w < 4; ++w) n[w] = static_cast<double>(out[16 * w]);
    top = block[2];
  }
  double n[4];
  std::uint32_t top;
};

double noise_of(const Noise& noise, const Normals& normals) {
  switch (noise.kind()) {
    case NoiseKind::none:
      return 0;
    case NoiseKind::gaussian:
      return noise.deviation() * normals.n[2];
    case NoiseKind::uniform:
      return noise.deviation() * std::sqrt(12.0) * ((normals.top >> 9) + 0.5 - 0x1p22) * 0x1p-23;
    case NoiseKind::rademacher:
      return normals.top >> 31 ? -noise.deviation() : noise.deviation();
  }
  return 0;
}

double chi_square_of(const FeatureOptions& options, const Normals& normals, std::uint64_t sample,
                     std::uint64_t neuron) {
  const RandomStream own = RandomStream(options.seed, "stage1/marginal/chi_square").at(sample);
  const auto dof = static_cast<double>(options.dim - 2);
  if (options.dim - 2 < 30) {
    double sum = 0;
    for (std::uint64_t k = 0; k < options.dim - 2; ++k) {
      const double n = Normals(own, neuron + ((k / 4) << 32)).n[k % 4];
      sum += n * n;
    }
    return sum;
  }
  const bool taken = options.model.noise.kind() == NoiseKind::uniform ||
                     options.model.noise.kind() == NoiseKind::rademacher;
  const double w = taken ? Normals(own, neuron).n[0] : normals.n[3];
  const double tail = std::erfc(std::abs(w) / std::sqrt(2.0)) / 2;
  return 2 * (w < 0 ? boost::math::gamma_p_inv(dof / 2, tail)
                    : boost::math::gamma_q_inv(dof / 2, tail));
}

double reference_overlap(const FeatureOptions& options, double start, std::size_t j,
                         std::uint64_t batches) {
  const Neurons neurons = draw_neurons(options);
  const Slope slope(options, neurons, j);
  const RandomStream stream(options.seed, "stage1/marginal");
  const double eta = options.step_size;
  double m = start;
  for (std::uint64_t t = 0; t < batches; ++t) {
    const double q = std::sqrt((1 - m) * (1 + m));
    double along = 0;
    double squares = 0;
    double chi_square = 0;
    for (std::uint64_t i = t * options.batch; i < (t + 1) * options.batch; ++i) {
      const Normals normals(stream.at(i), j);
      const double y = options.model.link(m * normals.n[0] + q * normals.n[1]) +
                       noise_of(options.model.noise, normals);
      const double c = neurons.signs[j] * options.label(y) * slope(normals.n[0]) /
                       static_cast<double>(options.batch);
      along += c * normals.n[1];
      squares += c * c;
      chi_square = chi_square_of(options, normals, i, j);
    }
    m = (m + eta * q * along) / std::sqrt(1 + eta * eta * (along * along + squares * chi_square));
  }
  return m;
}

// Every kind of noise, weighting, link kernel, activation and chi-square. A step's coefficients are
// right to 1e-9 and change an overlap by less than 0.1 as a rule, so that 60 steps differ by less
// than 1e-8.
TEST(MarginalEngine, FollowsTheRecursionNeuronByNeuron) {
  const Case cases[] = {
      {"damped_hermite:3", "gaussian:0.1", "relu", Weighting::label_exp, 1000, 1},
      {"damped_hermite:4,0.5", "uniform:0.2", "tanh", Weighting::centred, 100, 1},
      {"hermite:2@clip:-1,3", "rademacher:0.3", "erf", Weighting::exp, 50, 3},
      {"hermite:1", "none", "softplus", Weighting::none, 31, 5},
      {"tanh(z^3-3*z)", "gaussian:0.2", "hermite:3", Weighting::label_exp, 40, 20},
      {"sin:2@scale:0.5@shift:0.2", "none", "mixture:4", Weighting::label_exp, 33, 1},
      {"relu", "gaussian:0.1", "relu", Weighting::none, 10, 2},
      {"abs", "uniform:0.5", "relu", Weighting::centred, 3, 1},
      {"sign", "gaussian:0.5", "relu", Weighting::exp, 2, 9},
      {"gaussian_bump", "rademacher:0.2", "relu", Weighting::label_exp, 2'000'000, 1},
  };
  for (const Case& c : cases) {
    FeatureOptions options = options_of(c.link, c.noise, c.activation, c.weighting);
    options.dim = c.dim;
    options.batch = c.batch;
    options.width = 70;
    // Steps that turn a row visibly, in whatever dimension.
    options.step_size = 0.3 / std::sqrt(static_cast<double>(c.dim));
    const auto start = run(options, 0);
    const auto end = run(options, 60);
    for (const std::size_t j : {0U, 1U, 17U, 63U, 64U, 69U}) {
      const double expected = reference_overlap(options, start[j], j, 60);
      EXPECT_NEAR(end[j], expected, 1e-8) << name_of(c) << " neuron " << j;
      EXPECT_NE(end[j], start[j]);
    }
  }
}

TEST(MarginalEngine, SameBitsForAnyNumberOfThreadsAndAnyCutting) {
  for (const Schedule schedule : {Schedule::one_pass, Schedule::reuse}) {
    for (const std::uint64_t batch : {1U, 3U}) {
      FeatureOptions options =
          options_of("damped_hermite:3", "gaussian:0.1", "relu", Weighting::label_exp);
      options.width = 200;
      options.batch = batch;
      options.schedule = schedule;
      const auto whole = run(options, 50);
      for (const int threads : {2, 3}) {
        options.threads = threads;
        EXPECT_EQ(run(options, 50), whole);
      }
      options.threads = 1;
      const auto engine = make_marginal_engine(options);
      for (const std::uint64_t piece : {1U, 2U, 17U, 0U, 3U, 27U}) engine->advance(piece);
      const auto pieces = engine->overlaps();
      EXPECT_EQ(std::vector(pieces.begin(), pieces.end()), whole);
    }
  }
}

TEST(MarginalEngine, AWiderLayerBeginsWithTheNeuronsOfANarrowerOne) {
  FeatureOptions options =
      options_of("damped_hermite:3", "gaussian:0.1", "relu", Weighting::label_exp);
  options.width = 200;
  auto wide = run(options, 40);
  options.width = 5;
  wide.resize(5);
  EXPECT_EQ(run(options, 40), wide);
}

// What the kernels compute is written in fused operations, so that all instruction sets that have
// them agree bit for bit. The older ones make normals that differ by up to 3e-7 of their radius
// (random.h), and a step here turns a row by less than 0.1: below 1e-5 in 100 steps.
TEST(MarginalEngine, SameBitsOnEveryInstructionSetWithFusedMultiplyAdd) {
  FeatureOptions options =
      options_of("damped_hermite:3", "gaussian:0.1", "relu", Weighting::label_exp);
  options.width = 70;
  // Both the short way of a step and the long one are taken.
  options.step_size = 0.01;
  const auto expected = run(options, 100);
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
    const auto got = run(options, 100);
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    // Lower numbers are better sets; AVX2 is the least on x86 that fuses.
    const bool fuses = !HWY_ARCH_X86 || target <= HWY_AVX2;
    for (std::size_t j = 0; j < options.width; ++j) {
      ASSERT_NEAR(got[j], expected[j], fuses ? 0 : 1e-5) << hwy::TargetName(target);
    }
  }
}

// ---- layer, start, refusals ---------------------------------------------------------------------

TEST(MarginalEngine, LayersAreUnitRowsWhoseFirstColumnIsTheOverlap) {
  for (const std::uint64_t dim : {2U, 9U, 20U, 21U, 1000U}) {
    FeatureOptions options =
        options_of("damped_hermite:3", "gaussian:0.1", "mixture:3", Weighting::label_exp);
    options.dim = dim;
    options.width = 20;
    const auto engine = make_marginal_engine(options);
    engine->advance(20);
    const FirstLayer layer = engine->layer();
    EXPECT_EQ(layer.dim, dim);
    ASSERT_EQ(layer.width(), 20U);
    EXPECT_EQ(layer.weights.columns(), std::min<std::uint64_t>(dim, 21));
    EXPECT_EQ(layer.biases, draw_neurons(options).biases);
    EXPECT_EQ(layer.mixture, draw_neurons(options).mixture);
    for (std::size_t j = 0; j < 20; ++j) {
      double square = 0;
      for (const double w : layer.weights.row(j)) square += w * w;
      // Each step and the row's normalisation round a few times.
      EXPECT_NEAR(square, 1, 1e-13);
      EXPECT_EQ(layer.weights(j, 0), engine->overlaps()[j]);
    }
  }
}

// The mean of T x over n samples has an overlap of 1 - O(d / n) with theta* here, and a start lies
// halfway between it and a random row: overlaps cluster near +-1/sqrt 2. With d = 1e6 the random
// row's part is below 0.005 (5 deviations).
TEST(MarginalEngine, AnInformedSpectralStartLiesHalfwayToThetaStar) {
  FeatureOptions options = options_of("identity", "gaussian:0.1", "relu", Weighting::none);
  options.dim = 1'000'000;
  options.width = 4;
  options.start = Start::spectral;
  options.spectral_samples = 200'000;
  options.samples = 400'000;
  // |S|/n = 1 and the rest has length sqrt(d / n): overlap 1 / sqrt(1 + d/n) with v.
  const double expected = 1 / std::sqrt(1 + 1e6 / 2e5) / std::sqrt(2.0);
  for (const double m : run(options, 0)) EXPECT_NEAR(std::abs(m), expected, 0.01);
}

TEST(MarginalEngine, ARowStaysAUnitRowThroughAMillionSteps) {
  FeatureOptions options = options_of("identity", "gaussian:0.1", "relu", Weighting::none);
  options.dim = 100'000;
  options.width = 16;
  options.step_size = 0.05 / 1e5;
  const auto engine = make_marginal_engine(options);
  engine->advance(1'000'000);
  const FirstLayer layer = engine->layer();
  for (std::size_t j = 0; j < 16; ++j) {
    double square = 0;
    for (const double w : layer.weights.row(j)) square += w * w;
    // Every step normalises anew, so that errors do not add up.
    EXPECT_NEAR(square, 1, 1e-13);
  }
}

template <class Change>
std::string refusal(Change change) {
  FeatureOptions options = options_of("identity", "none", "relu", Weighting::none);
  change(options);
  return failure_text<UsageError>([&] { make_marginal_engine(options); });
}

TEST(MarginalEngine, RefusesWhatHasNoMarginalLaw) {
  expect_words(refusal([](FeatureOptions& o) { o.schedule = Schedule::multi_pass; }),
               "--schedule = multi_pass", "take --engine direct");
  expect_words(refusal([](FeatureOptions& o) {
                 o.start = Start::spectral;
                 o.spectral_order = 2;
               }),
               "--start = spectral", "take --engine direct");
  expect_words(refusal([](FeatureOptions& o) { o.step_size = 1e200; }), "--step-size = 1e",
               "at most 1e100");
}

}  // namespace
}  // namespace esscher
