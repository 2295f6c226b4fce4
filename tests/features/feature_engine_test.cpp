// The three engines simulate one law (mathematics, section 4.1). Short runs of each, each with a
// seed of its own, are compared: overlaps and entries of Q = W W' by the two-sample test of
// Kolmogorov and Smirnov, their means, squares and products by their means. Quantities are
// multiplied by the neurons' signs, which turns the drift of all neurons one way.
//
// False-alarm rate: 1e-4 for each family.

#include "esscher/features/feature_engine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "law_tests.h"

namespace esscher {
namespace {

constexpr double kFalseAlarmRate = 1e-4;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct EngineCase {
  const char* name;
  std::uint64_t dim;
  std::size_t width;
  std::uint64_t batch;
  std::uint64_t steps;
  double step_size;
  const char* link = "damped_hermite:3";
  const char* noise = "gaussian:0.3";
  const char* activation = "relu";
  Weighting weighting = Weighting::label_exp;
  double beta = 1;
  Schedule schedule = Schedule::one_pass;
  std::uint64_t spectral_samples = 0;
};

FeatureOptions options_of(const EngineCase& c, Engine engine) {
  FeatureOptions options{.model = {parse_link(c.link), parse_noise(c.noise)},
                         .dim = c.dim,
                         .width = c.width,
                         .activation = parse_activation(c.activation)};
  options.label = standardised_label(options.model, c.weighting, c.beta, -kInfinity, kInfinity);
  options.engine = engine;
  options.schedule = c.schedule;
  options.batch = c.batch;
  options.step_size = c.step_size;
  options.samples = c.steps * c.batch + c.spectral_samples;
  if (c.spectral_samples > 0) {
    options.start = Start::spectral;
    options.spectral_samples = c.spectral_samples;
  }
  options.threads = 1;
  return options;
}

/// What is compared: a list of draws for each quantity, one draw a run.
struct Draws {
  std::vector<std::string> names;
  std::vector<std::vector<double>> values;

  void add(std::size_t quantity, const std::string& name, double value) {
    if (quantity == names.size()) {
      names.push_back(name);
      values.emplace_back();
    }
    values[quantity].push_back(value);
  }
};

template <class Make>
Draws simulate(FeatureOptions options, std::uint64_t steps, int runs, std::uint64_t first_seed,
               Make make) {
  Draws draws;
  for (int run = 0; run < runs; ++run) {
    options.seed = first_seed + static_cast<std::uint64_t>(run);
    const std::unique_ptr<FeatureEngine> engine = make(options);
    engine->advance(steps);
    const std::vector<double> signs = draw_neurons(options).signs;
    const Matrix<double> rows = engine->layer().weights;
    const auto overlap = [&](std::size_t j) { return signs[j] * rows(j, 0); };
    const auto gram = [&](std::size_t i, std::size_t j) {
      return signs[i] * signs[j] *
             std::inner_product(rows.row(i).begin(), rows.row(i).end(), rows.row(j).begin(), 0.0);
    };
    std::size_t at = 0;
    draws.add(at++, "overlap 0", overlap(0));
    draws.add(at++, "square of overlap 0", overlap(0) * overlap(0));
    const std::size_t last = rows.rows() - 1;
    if (last == 0) continue;
    draws.add(at++, "last overlap", overlap(last));
    draws.add(at++, "product of overlaps", overlap(0) * overlap(last));
    draws.add(at++, "Q", gram(0, last));
    draws.add(at++, "square of Q", gram(0, last) * gram(0, last));
    draws.add(at++, "Q times overlap", gram(0, last) * overlap(0));
    if (last < 2) continue;
    draws.add(at++, "product of entries of Q", gram(0, 1) * gram(1, last));
    draws.add(at++, "triangle of Q", gram(0, 1) * gram(1, last) * gram(0, last));
  }
  return draws;
}

void compare(const std::string& name, const Draws& a, const Draws& b, law_tests::Family& family) {
  ASSERT_EQ(a.names, b.names);
  for (std::size_t q = 0; q < a.names.size(); ++q) {
    const std::string what = name + ": " + a.names[q];
    family.add(what + ", law", law_tests::kolmogorov_smirnov(a.values[q], b.values[q]));
    family.add(what + ", mean", law_tests::equal_means(a.values[q], b.values[q]));
  }
}

std::unique_ptr<FeatureEngine> direct(const FeatureOptions& options) {
  return make_direct_engine(options);
}

std::unique_ptr<FeatureEngine> order_parameter(const FeatureOptions& options) {
  return make_order_parameter_engine(options);
}

// Steps that move overlaps and Q by a good part of their range, with dimensions down to the least,
// groups cut short, batches on both sides of the width, and coefficients of rank one (h_1).
TEST(EngineAgreement, DirectAndOrderParameterHaveOneLaw) {
  constexpr int kRuns = 4000;
  law_tests::Family family(kFalseAlarmRate);
  const std::vector<EngineCase> cases{
      {"single samples", 14, 4, 1, 40, 0.08},
      {"single samples, large steps", 10, 3, 1, 12, 1.5, "tanh", "gaussian:0.5"},
      {"small batches", 30, 6, 3, 12, 0.6, "sin:2", "rademacher:0.4", "tanh", Weighting::exp, 0.5},
      {"batch as wide as the network", 25, 5, 5, 8, 0.8, "cos:2", "uniform:0.5", "hermite:2"},
      {"large batches", 20, 4, 24, 6, 1.5, "identity", "none", "softplus", Weighting::centred, 2},
      {"large batches, rank one", 16, 4, 12, 6, 0.8, "relu", "gaussian:1", "hermite:1",
       Weighting::none},
      {"least dimension, single samples", 6, 3, 1, 12, 1.5, "tanh", "gaussian:0.5", "erf"},
      {"least dimension, small batch", 7, 3, 2, 10, 0.5},
      {"least dimension, large batch", 8, 3, 7, 6, 1, "tanh", "gaussian:0.2", "mixture:3"},
      {"one neuron", 5, 1, 2, 10, 0.5, "tanh", "none", "erf"},
  };
  std::uint64_t seed = 1;
  for (const EngineCase& c : cases) {
    const Draws a = simulate(options_of(c, Engine::direct), c.steps, kRuns, seed, direct);
    const Draws b = simulate(options_of(c, Engine::order_parameter), c.steps, kRuns, seed + kRuns,
                             order_parameter);
    compare(c.name, a, b, family);
    seed += 2 * kRuns;
  }
  family.expect_all();
}

TEST(EngineAgreement, DirectAndOrderParameterHaveOneLawWhenBatchesAreUsedTwice) {
  constexpr int kRuns = 4000;
  law_tests::Family family(kFalseAlarmRate);
  const auto reuse = [](EngineCase c) {
    c.schedule = Schedule::reuse;
    return c;
  };
  const std::vector<EngineCase> cases{
      reuse({"reuse, single samples", 12, 4, 1, 20, 0.1}),
      reuse({"reuse, small batches", 30, 6, 4, 8, 0.6, "sin:2", "gaussian:0.3", "tanh"}),
      reuse({"reuse, large batches", 24, 3, 8, 4, 1, "damped_hermite:3", "none", "hermite:3"}),
  };
  std::uint64_t seed = 1000001;
  for (const EngineCase& c : cases) {
    const Draws a = simulate(options_of(c, Engine::direct), c.steps, kRuns, seed, direct);
    const Draws b = simulate(options_of(c, Engine::order_parameter), c.steps, kRuns, seed + kRuns,
                             order_parameter);
    compare(c.name, a, b, family);
    seed += 2 * kRuns;
  }
  family.expect_all();
}

/// Of neuron number 0 of each run; or of all neurons of one run, where they are independent.
Draws neuron_draws(const FeatureOptions& options, const FeatureEngine& engine,
                   std::size_t neurons) {
  const Neurons drawn = draw_neurons(options);
  Draws draws;
  for (std::size_t j = 0; j < neurons; ++j) {
    const double overlap = drawn.signs[j] * engine.overlaps()[j];
    draws.add(0, "overlap", overlap);
    draws.add(1, "square of overlap", overlap * overlap);
    draws.add(2, "overlap times bias", overlap * drawn.biases[j]);
  }
  return draws;
}

Draws first_neurons(FeatureOptions options, std::uint64_t steps, int runs,
                    std::uint64_t first_seed) {
  Draws draws;
  for (int run = 0; run < runs; ++run) {
    options.seed = first_seed + static_cast<std::uint64_t>(run);
    const auto engine = make_order_parameter_engine(options);
    engine->advance(steps);
    const Draws one = neuron_draws(options, *engine, 1);
    for (std::size_t q = 0; q < one.names.size(); ++q) {
      draws.add(q, one.names[q], one.values[q][0]);
    }
  }
  return draws;
}

Draws independent_neurons(FeatureOptions options, std::uint64_t steps, int runs,
                          std::uint64_t seed) {
  options.engine = Engine::marginal;
  options.width = static_cast<std::size_t>(runs);
  options.seed = seed;
  const auto engine = make_marginal_engine(options);
  engine->advance(steps);
  return neuron_draws(options, *engine, options.width);
}

// One neuron of the order_parameter engine, which shares its samples with others, and one of the
// marginal engine, which does not. (Against the direct engine too, by way of the test above.)
TEST(EngineAgreement, OneNeuronOfOrderParameterHasTheLawOfMarginal) {
  constexpr int kRuns = 4000;
  law_tests::Family family(kFalseAlarmRate);
  const auto with = [](EngineCase c, Schedule schedule, std::uint64_t spectral_samples) {
    c.schedule = schedule;
    c.spectral_samples = spectral_samples;
    return c;
  };
  const std::vector<EngineCase> cases{
      {"single samples", 14, 4, 1, 40, 0.08},
      {"single samples, large steps", 10, 3, 1, 12, 1.5, "tanh", "gaussian:0.5"},
      {"single samples, far dimension", 1'000'000, 2, 1, 20, 1e-3, "sin:2", "gaussian:0.1", "tanh"},
      {"small batches", 30, 6, 3, 12, 0.6, "sin:2", "rademacher:0.4", "tanh", Weighting::exp, 0.5},
      {"batch as wide as the network", 25, 5, 5, 8, 0.8, "cos:2", "uniform:0.5", "hermite:2"},
      {"large batches", 20, 4, 24, 6, 1.5, "identity", "none", "softplus", Weighting::centred, 2},
      {"least dimension", 8, 3, 7, 6, 1, "tanh", "gaussian:0.2", "mixture:3"},
      {"one neuron", 5, 1, 2, 10, 0.5, "formula:tanh(z)+z/2", "none", "erf", Weighting::none},
      with({"spectral", 20, 4, 1, 4, 0.1, "tanh", "gaussian:0.5"}, Schedule::one_pass, 30),
      with({"reuse, single samples", 12, 4, 1, 20, 0.1}, Schedule::reuse, 0),
      with({"reuse, small batches", 30, 6, 4, 8, 0.6, "sin:2", "gaussian:0.3", "tanh"},
           Schedule::reuse, 0),
  };
  std::uint64_t seed = 3'000'001;
  for (const EngineCase& c : cases) {
    const FeatureOptions options = options_of(c, Engine::order_parameter);
    const Draws a = first_neurons(options, c.steps, kRuns, seed);
    const Draws b = independent_neurons(options, c.steps, kRuns, seed + kRuns);
    compare("marginal, " + std::string(c.name), a, b, family);
    seed += 2 * kRuns;
  }
  family.expect_all();
}

TEST(EngineAgreement, DirectAndOrderParameterStartAlikeFromASpectralEstimate) {
  constexpr int kRuns = 2000;
  law_tests::Family family(kFalseAlarmRate);
  EngineCase c{"spectral", 20, 4, 1, 4, 0.1, "tanh", "gaussian:0.5"};
  c.spectral_samples = 30;
  std::uint64_t seed = 2000001;
  for (const int order : {1, 2}) {
    FeatureOptions options = options_of(c, Engine::direct);
    options.spectral_order = order;
    const Draws a = simulate(options, c.steps, kRuns, seed, direct);
    options.engine = Engine::order_parameter;
    const Draws b = simulate(options, c.steps, kRuns, seed + kRuns, order_parameter);
    compare(c.name, a, b, family);
    seed += 2 * kRuns;
  }
  family.expect_all();
}

}  // namespace
}  // namespace esscher
