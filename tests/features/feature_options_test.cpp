#include "esscher/features/feature_options.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/features/feature_engine.h"

namespace esscher {
namespace {

template <class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no UsageError";
}

FeatureOptions valid_options() {
  FeatureOptions options{.model = {parse_link("tanh"), Noise()}};
  options.batch = 4;
  options.step_size = 0.1;
  options.samples = 1000;
  return options;
}

std::string refusal_of(const std::function<void(FeatureOptions&)>& change) {
  FeatureOptions options = valid_options();
  change(options);
  return message_of([&] { validate(options); });
}

TEST(FeatureOptions, OfOrdinaryRunsAreValid) {
  EXPECT_NO_THROW(validate(valid_options()));
  for (const Engine engine : {Engine::direct, Engine::order_parameter, Engine::marginal}) {
    FeatureOptions options = valid_options();
    options.engine = engine;
    options.start = Start::spectral;
    options.spectral_samples = 996;
    EXPECT_NO_THROW(validate(options));
  }
  FeatureOptions far = valid_options();
  far.dim = 1'000'000'000'000'000;
  far.samples = std::uint64_t{1} << 62;
  EXPECT_NO_THROW(validate(far));
}

TEST(FeatureOptions, EachOneOutOfRangeIsRefusedByName) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  using Options = FeatureOptions;
  const std::vector<std::pair<std::function<void(Options&)>, std::string>> cases{
      {[](Options& o) { o.dim = 1; }, "--dim = 1: must lie in [2, 1e+15]"},
      {[](Options& o) { o.dim = 1'000'000'000'000'001; },
       "--dim = 1000000000000001: must lie in [2, 1e+15]"},
      {[](Options& o) { o.width = 0; }, "--width = 0: must lie in [1, 2.14748e+09]"},
      {[](Options& o) {
         o.activation = {ActivationKind::hermite, 0};
       },
       "--activation = hermite:0: its order must lie in [1, 16]"},
      {[](Options& o) {
         o.activation = {ActivationKind::mixture, 17};
       },
       "--activation = mixture:17: its order must lie in [1, 16]"},
      {[](Options& o) { o.batch = 0; }, "--batch = 0: must lie in [1, 9.22337e+18]"},
      {[](Options& o) { o.batch = 1001; },
       "--batch = 1001: exceeds the 1000 samples of --feature-samples"},
      {[](Options& o) { o.samples = 0; }, "--feature-samples = 0: must lie in [1, 9.22337e+18]"},
      {[](Options& o) { o.step_size = 0; }, "--step-size = 0: must be positive and finite"},
      {[=](Options& o) { o.step_size = nan; }, "--step-size = nan: must be positive and finite"},
      {[](Options& o) { o.epochs = 2; },
       "--epochs = 2: only --schedule multi_pass sees its samples more than once; take --schedule "
       "multi_pass, or leave --epochs out"},
      {[](Options& o) {
         o.engine = Engine::direct;
         o.schedule = Schedule::multi_pass;
         o.epochs = 0;
       },
       "--epochs = 0: must lie in [1, 1000000]"},
      {[](Options& o) { o.schedule = Schedule::multi_pass; },
       "--schedule = multi_pass: the marginal engine keeps no samples to come back to; take "
       "--engine direct"},
      {[](Options& o) {
         o.start = Start::spectral;
         o.spectral_samples = 10;
         o.spectral_order = 3;
       },
       "--spectral-order = 3: must be 1 or 2"},
      {[](Options& o) { o.start = Start::spectral; },
       "--spectral-samples = 0: must lie in [1, 9.22337e+18]"},
      {[](Options& o) {
         o.start = Start::spectral;
         o.spectral_samples = 997;
       },
       "--spectral-samples = 997: leaves no batch of the 1000 samples of --feature-samples; raise "
       "--feature-samples"},
      {[](Options& o) {
         o.start = Start::spectral;
         o.spectral_samples = 10;
         o.spectral_order = 2;
       },
       "--start = spectral: the marginal engine cannot start from an eigenvector, which order 2 "
       "needs; take --engine "
       "direct or order_parameter"},
      {[](Options& o) {
         o.engine = Engine::order_parameter;
         o.dim = 100'001;
         o.start = Start::spectral;
         o.spectral_samples = 10;
         o.spectral_order = 2;
       },
       "--start = spectral: the eigenvector that order 2 needs is sought among explicit samples, "
       "for --dim up to "
       "100000; lower --dim, or take --start random"},
      {[](Options& o) { o.weak = 1; }, "--weak = 1: must lie between 0 and 1"},
      {[](Options& o) { o.strong = 0; }, "--strong = 0: must lie between 0 and 1"},
      {[](Options& o) { o.strong = 0.4; }, "--strong = 0.4: must not be below --weak = 0.5"},
      {[](Options& o) { o.checkpoints_per_decade = 0; },
       "--checkpoints-per-decade = 0: must lie in [1, 10000]"},
      {[](Options& o) { o.threads = -1; }, "--threads = -1: must be 0 (all) or more"},
      {[](Options& o) { o.label.clip_low = 1, o.label.clip_high = 1; },
       "--label-clip = 1,1: needs two limits, the lower one first"},
      {[=](Options& o) { o.label.log_scale = nan; },
       "label.log_scale = nan: must be finite; standardised_label() finds it"},
      {[=](Options& o) { o.label.centre = nan; },
       "label.centre = nan: must be finite; standardised_label() finds it"},
  };
  for (const auto& [change, message] : cases) EXPECT_EQ(refusal_of(change), message);
  EXPECT_NE(refusal_of([](Options& o) {
              o.label.inverse_temperature = -1;
            }).find("--feature-temperature = -1: "),
            std::string::npos);
}

TEST(FeatureOptions, BeyondMemorySayHowMuchWouldBeNeeded) {
  const std::string wide = refusal_of([](FeatureOptions& o) {
    o.engine = Engine::order_parameter;
    o.dim = 1'000'000'000;
    o.width = 10'000'000;
  });
  EXPECT_NE(wide.find("--width = 10000000: the order_parameter engine would need "),
            std::string::npos)
      << wide;
  EXPECT_NE(wide.find(" PiB of memory"), std::string::npos) << wide;
  const std::string deep = refusal_of([](FeatureOptions& o) {
    o.engine = Engine::direct;
    o.dim = 1'000'000'000'000;
  });
  EXPECT_NE(deep.find("--dim = 1000000000000: the direct engine would need "), std::string::npos)
      << deep;
  EXPECT_NE(deep.find("; take --engine order_parameter or marginal, or lower --dim"),
            std::string::npos)
      << deep;
}

TEST(FeatureOptions, NamesAreReadBack) {
  for (const Schedule schedule : {Schedule::one_pass, Schedule::multi_pass, Schedule::reuse}) {
    EXPECT_EQ(parse_schedule(schedule_name(schedule)), schedule);
  }
  for (const Start start : {Start::random, Start::spectral}) {
    EXPECT_EQ(parse_start(start_name(start)), start);
  }
  EXPECT_EQ(engine_name(Engine::order_parameter), "order_parameter");
  EXPECT_EQ(message_of([] { parse_schedule("one-pass", "--schedule"); }),
            "--schedule = one-pass: no schedule has this name; did you mean one_pass? write one of "
            "one_pass, multi_pass, reuse");
  EXPECT_EQ(message_of([] { parse_start("warm"); }),
            "start = warm: no start has this name; write one of random, spectral");
}

// eta = delta B d^{-max(1, k/2)}, at most 1.
TEST(FeatureOptions, DefaultStepSizeFollowsTheExponent) {
  EXPECT_DOUBLE_EQ(default_step_size(0.3, 1, 1000, 1), 0.3e-3);
  EXPECT_DOUBLE_EQ(default_step_size(0.3, 10, 1000, 2), 3e-3);
  EXPECT_DOUBLE_EQ(default_step_size(0.3, 1, 100, 3), 0.3e-3);
  EXPECT_DOUBLE_EQ(default_step_size(0.3, 1'000'000, 1000, 1), 1);
  EXPECT_EQ(message_of([] { default_step_size(0, 1, 1000, 1); }),
            "--step-scale = 0: must be positive and finite");
  EXPECT_THROW(default_step_size(0.3, 1, 1000, 0), UsageError);
}

TEST(Neurons, AreDrawnFromTheSeedAlone) {
  FeatureOptions options = valid_options();
  options.width = 5000;
  const Neurons normal = draw_neurons(options);
  options.engine = Engine::direct;
  options.batch = 7;
  options.dim = 30;
  EXPECT_EQ(draw_neurons(options).biases, normal.biases);
  EXPECT_EQ(draw_neurons(options).signs, normal.signs);
  options.width = 10;  // fewer neurons are the first ones
  EXPECT_EQ(draw_neurons(options).biases,
            std::vector<double>(normal.biases.begin(), normal.biases.begin() + 10));
  options.seed = 2;
  EXPECT_NE(draw_neurons(options).biases[0], normal.biases[0]);
}

// Means and variances of 5000 draws to 6 deviations: a false alarm in 1 of 5e8, at a fixed seed.
TEST(Neurons, HaveFairSignsAndBiasesOfVarianceOne) {
  FeatureOptions options = valid_options();
  options.width = 5000;
  for (const BiasLaw law : {BiasLaw::normal, BiasLaw::uniform}) {
    options.bias_law = law;
    const Neurons neurons = draw_neurons(options);
    double sign = 0;
    double bias = 0;
    double square = 0;
    double largest = 0;
    for (std::size_t j = 0; j < options.width; ++j) {
      EXPECT_EQ(std::abs(neurons.signs[j]), 1);
      sign += neurons.signs[j] / 5000;
      bias += neurons.biases[j] / 5000;
      square += neurons.biases[j] * neurons.biases[j] / 5000;
      largest = std::max(largest, std::abs(neurons.biases[j]));
    }
    const double deviation = 1 / std::sqrt(5000.0);
    EXPECT_LT(std::abs(sign), 6 * deviation);
    EXPECT_LT(std::abs(bias), 6 * deviation);
    EXPECT_LT(std::abs(square - 1), 6 * std::sqrt(2.0) * deviation);
    // 5000 normals reach beyond 3 but for a chance of e^-13; the uniform law ends at sqrt 3.
    EXPECT_EQ(largest > 3, law == BiasLaw::normal);
    EXPECT_EQ(largest > std::sqrt(3.0), law == BiasLaw::normal);
  }
}

}  // namespace
}  // namespace esscher
