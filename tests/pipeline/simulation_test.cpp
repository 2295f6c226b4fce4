#include "esscher/pipeline/simulation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "esscher/base/error.h"

namespace esscher {
namespace {

/// Small, but whole: features are found, and readouts differ by their weights.
SimulationOptions small_system() {
  SimulationOptions options{.model = {parse_link("damped_hermite:3"), parse_noise("gaussian:0.3")}};
  options.dim = 200;
  options.width = 40;
  options.temperature_rule = FeatureTemperatureRule::given;
  options.feature_temperature = 1;
  options.feature_samples = 20000;
  options.readout_samples = 4000;
  options.deployment_temperatures = {1, 0.25};
  options.policy_samples = 8192;
  options.control = true;
  options.seed = 3;
  options.threads = 2;
  return options;
}

bool same(const Estimate& a, const Estimate& b) {
  return a.value == b.value && a.standard_error == b.standard_error;
}

void expect_same(const SimulationResult& a, const SimulationResult& b) {
  EXPECT_EQ(a.features.overlaps, b.features.overlaps);
  EXPECT_EQ(a.model.first.weights, b.model.first.weights);
  ASSERT_EQ(a.rows.size(), b.rows.size());
  for (std::size_t i = 0; i < a.rows.size(); ++i) {
    EXPECT_EQ(a.rows[i].fit.coefficients, b.rows[i].fit.coefficients) << i;
    EXPECT_TRUE(same(a.rows[i].policy->gap, b.rows[i].policy->gap)) << i;
    EXPECT_TRUE(same(a.rows[i].policy->kl, b.rows[i].policy->kl)) << i;
    ASSERT_EQ(a.rows[i].predicted.has_value(), b.rows[i].predicted.has_value()) << i;
    if (a.rows[i].predicted) {
      EXPECT_EQ(a.rows[i].predicted->gap, b.rows[i].predicted->gap) << i;
    }
  }
}

/// Thousand dimensions, all else by default.
SimulationOptions default_system(const char* link) {
  SimulationOptions options{.model = {parse_link(link), parse_noise("gaussian:0.3")}};
  options.deployment_temperatures = {1, 0.5, 0.25, 0.1};
  options.weights = {ReadoutWeights::uniform};
  return options;
}

// Errors of the estimate of theta* have a relative deviation of 1/sqrt(d/2), 4 %; the bounds lie
// five times above what the first seeds gave.
TEST(Simulate, RefinedFeaturesGiveNearlyOptimalPoliciesAtEveryTemperature) {
  for (const char* link : {"damped_hermite:3", "tanh", "tanh(2*z-1)"}) {
    const SimulationResult result = simulate(default_system(link));
    ASSERT_TRUE(result.refinement) << link;
    EXPECT_EQ(result.refinement->status, RefineStatus::refined) << link;
    EXPECT_EQ(result.refinement->directions, 1U) << link;
    for (const double overlap : result.overlaps) EXPECT_GT(std::abs(overlap), 0.99) << link;
    for (const PolicyRow& row : result.rows) {
      EXPECT_GT(row.policy->efficiency->value, 0.95) << link << " " << row.beta;
    }
    EXPECT_LE(result.features.samples + result.refinement->samples, 3 * result.features.samples);
  }
}

// A saddle, clipped: two directions of which regression sees nothing to first order. Bounds leave
// three times what the first seeds lacked.
TEST(Simulate, RewardsOfSeveralDirectionsAreRecoveredAndDeployed) {
  SimulationOptions options{
      .model = {parse_multi_link("z1*z2@clip:-2,2"), parse_noise("gaussian:0.3")}};
  options.dim = 60;
  options.width = 64;
  options.deployment_temperatures = {1, 0.25};
  options.weights = {ReadoutWeights::automatic, ReadoutWeights::uniform};
  options.policy_samples = 1 << 14;
  const SimulationResult result = simulate(options);
  EXPECT_EQ(result.plan.features.engine, Engine::direct);
  ASSERT_TRUE(result.refinement);
  EXPECT_EQ(result.refinement->directions, 2U);
  ASSERT_EQ(result.refinement->principal_cosines.size(), 2U);
  for (const double cosine : result.refinement->principal_cosines) EXPECT_GT(cosine, 0.98);
  for (const double overlap : result.overlaps) EXPECT_GT(overlap, 0.98);
  EXPECT_EQ(result.model.first.hidden, 2U);
  EXPECT_EQ(result.model.facts.at("hidden_directions"), "2");
  for (const PolicyRow& row : result.rows) {
    ASSERT_TRUE(row.policy);
    // Plain regression of 64 neurons is over-optimised at 0.25.
    if (row.weights == ReadoutWeights::automatic) {
      EXPECT_GT(row.policy->efficiency->value, 0.94) << row.beta;
    }
    EXPECT_FALSE(row.predicted);
  }
  options.threads = 1;
  expect_same(result, simulate(options));
}

TEST(Simulate, WithoutRefinementStageTwoGetsTheLayerOfStageOne) {
  SimulationOptions options = small_system();
  options.control = false;
  options.refine = false;
  const SimulationResult result = simulate(options);
  EXPECT_FALSE(result.refinement);
  EXPECT_EQ(result.overlaps, result.features.overlaps);
  options.refine = true;
  EXPECT_EQ(simulate(options).features.overlaps, result.features.overlaps);
}

TEST(Simulate, RefinesOnSamplesThatStageOneStored) {
  SimulationOptions options = small_system();
  options.control = false;
  options.schedule = Schedule::multi_pass;
  options.epochs = 3;
  const SimulationResult result = simulate(options);
  ASSERT_TRUE(result.refinement);
  EXPECT_EQ(result.plan.refinement->samples, options.feature_samples);
  EXPECT_GT(std::abs(result.overlaps[0]), 0.98);
}

TEST(Simulate, CancelledWithinRefinementKeepsStageOne) {
  SimulationOptions options = small_system();
  options.control = false;
  CancellationToken token;
  options.callbacks.cancellation = &token;
  options.callbacks.progress_interval = std::chrono::milliseconds(0);
  options.callbacks.progress = [&](const Progress& progress) {
    if (progress.stage == "refinement" && progress.done > progress.total / 3) token.request();
  };
  const SimulationResult result = simulate(options);
  EXPECT_EQ(result.status, SimulationStatus::cancelled);
  ASSERT_TRUE(result.refinement);
  EXPECT_EQ(result.refinement->status, RefineStatus::cancelled);
  EXPECT_EQ(result.overlaps, result.features.overlaps);
}

TEST(Simulate, IsTheSameBitForBitForAnyNumberOfThreadsAndAnyVerbosity) {
  for (const Engine engine : {Engine::direct, Engine::order_parameter, Engine::marginal}) {
    SimulationOptions options = small_system();
    options.engine = engine;
    options.control = false;
    const SimulationResult reference = simulate(options);
    for (const int threads : {1, 3}) {
      options.threads = threads;
      std::uint64_t calls = 0;
      options.callbacks.progress = [&](const Progress&) { ++calls; };
      options.callbacks.progress_interval = std::chrono::milliseconds(0);
      expect_same(reference, simulate(options));
      EXPECT_GT(calls, 0U);
    }
  }
}

TEST(Simulate, HoldsOneRowForEachWeightsAndTemperature) {
  const SimulationOptions options = small_system();
  const SimulationResult result = simulate(options);
  EXPECT_EQ(result.status, SimulationStatus::completed);
  ASSERT_EQ(result.rows.size(), 10U);
  ASSERT_EQ(result.summaries.size(), 5U);
  // One head for the uniform fit, which serves both temperatures.
  EXPECT_EQ(result.model.heads.size(), 9U);
  ASSERT_TRUE(result.control);
  EXPECT_EQ(result.control->samples, result.features.samples);
  for (const PolicyRow& row : result.rows) {
    ASSERT_TRUE(row.policy);
    const PolicyValue& policy = *row.policy;
    // Identities of section 6, each side with its own rounding only.
    EXPECT_NEAR(policy.value.value, policy.optimal_value - policy.gap.value, 1e-9);
    ASSERT_TRUE(policy.efficiency);
    EXPECT_NEAR(policy.efficiency->value,
                1 - policy.gap.value / (policy.optimal_value - policy.reference_value), 1e-9);
    EXPECT_GE(policy.gap.value, -4 * policy.gap.standard_error);
    EXPECT_GE(policy.kl.value, -4 * policy.kl.standard_error);
    if (row.weights == ReadoutWeights::automatic) {
      // Chosen from the sample: no formula tells what they do.
      EXPECT_FALSE(row.predicted);
      EXPECT_EQ(row.shares.size(), 5U);
      ASSERT_TRUE(row.calibration);
      continue;
    }
    ASSERT_TRUE(row.predicted);
    ASSERT_TRUE(row.predicted->gap);
    EXPECT_GT(*row.predicted->gap, 0);
  }
}

TEST(Simulate, ARequestToStopLeavesWhatWasDone) {
  SimulationOptions options = small_system();
  CancellationToken token;
  options.callbacks.cancellation = &token;
  options.callbacks.progress = [&](const Progress& progress) {
    if (progress.stage == "readouts" && progress.done == 3) token.request();
  };
  const SimulationResult result = simulate(options);
  EXPECT_EQ(result.status, SimulationStatus::cancelled);
  EXPECT_EQ(result.features.overlaps.size(), options.width);
  EXPECT_EQ(result.model.heads.size(), 3U);  // auto at two temperatures, and uniform
  // Three readouts, and no word about policies that were never valued.
  EXPECT_EQ(result.rows.size(), 3U);
  for (const PolicyRow& row : result.rows) EXPECT_FALSE(row.policy);
  EXPECT_TRUE(result.summaries.empty());
}

TEST(Simulate, AStopWhileValuingLeavesNoPolicyUnvalued) {
  SimulationOptions options = small_system();
  CancellationToken token;
  options.control = false;
  options.policy_method = PolicyMethod::sequential;
  options.callbacks.cancellation = &token;
  options.callbacks.progress_interval = std::chrono::milliseconds(0);
  options.callbacks.progress = [&](const Progress& progress) {
    if (progress.stage == "sequential sampling") token.request();
  };
  const SimulationResult result = simulate(options);
  EXPECT_EQ(result.status, SimulationStatus::cancelled);
  EXPECT_EQ(result.rows.size(), 10U);
  for (const PolicyRow& row : result.rows) {
    if (row.policy) {
      EXPECT_GT(row.policy->optimal_value, 0);
    }
  }
}

TEST(Simulate, ARewardThatTiltsToNoPolicyIsToldAndLosesNothing) {
  SimulationOptions options = small_system();
  options.control = false;
  options.activation = {ActivationKind::hermite, 3};
  const SimulationResult result = simulate(options);
  EXPECT_EQ(result.status, SimulationStatus::completed);
  ASSERT_EQ(result.rows.size(), 10U);
  for (const PolicyRow& row : result.rows) {
    EXPECT_FALSE(row.policy);
    EXPECT_NE(row.policy_remark.find("|x|^3"), std::string::npos) << row.policy_remark;
  }
  ASSERT_FALSE(result.remarks.empty());
  EXPECT_NE(result.remarks.front().find("infinite"), std::string::npos);
}

TEST(Simulate, RefusesWrongOptionsBeforeAnyWork) {
  const auto refusal = [](auto change) {
    SimulationOptions options = small_system();
    change(options);
    options.callbacks.progress = [](const Progress&) { ADD_FAILURE() << "work has begun"; };
    try {
      simulate(options);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string("(accepted)");
  };
  using Options = SimulationOptions;
  EXPECT_NE(refusal([](Options& o) { o.readout_samples = 0; }).find("--readout-samples = 0"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.readout_samples = 1ULL << 60; }).find("of memory"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.width = 0; }).find("--width"), std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.dim = 1; }).find("--dim"), std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.readout_samples = 3; }).find("--pilot-folds"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.policy_samples = 1ULL << 40; }).find("--policy-samples"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) {
              o.policy_method = PolicyMethod::quadrature;
            }).find("--policy-method"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) {
              o.ridge.rule = PenaltyRule::fixed;
              o.ridge.penalty = -1;
            }).find("--penalty"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.model.link = parse_link("1"); }).find("constant"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.weights.clear(); }).find("--weights"), std::string::npos);
  EXPECT_NE(refusal([](Options& o) {
              o.deployment_temperatures = {1, 1};
            }).find("given twice"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) {
              o.deployment_temperatures = {-1};
            }).find("--deployment-temperature"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.tolerance = 1; }).find("--tolerance"), std::string::npos);
  EXPECT_NE(refusal([](Options& o) {
              o.engine = Engine::direct;
              o.dim = 1ULL << 40;
            }).find("of memory"),
            std::string::npos);
  EXPECT_NE(refusal([](Options& o) { o.step_size = -1; }).find("--step-size"), std::string::npos);
}

}  // namespace
}  // namespace esscher
