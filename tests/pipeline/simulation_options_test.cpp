#include "esscher/pipeline/simulation_options.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "esscher/base/error.h"
#include "esscher/features/feature_engine.h"
#include "esscher/theory/exponents.h"
#include "esscher/theory/feature_temperature.h"

namespace esscher {
namespace {

SimulationOptions options_for(const std::string& link, const std::string& noise = "gaussian:0.3") {
  return {.model = {parse_link(link), parse_noise(noise)}};
}

bool told(const FeaturePlan& plan, const std::string& words) {
  for (const std::string& remark : plan.remarks) {
    if (remark.find(words) != std::string::npos) return true;
  }
  return false;
}

TEST(PlanFeatures, TakesTheTheoreticalBestTemperature) {
  const SimulationOptions options = options_for("damped_hermite:3");
  const FeaturePlan plan = plan_features(options);
  const Exponents found = exponents(*options.model.single());
  const auto best = feature_temperatures(*options.model.single(), 1, found.lambda_squared[1]);
  EXPECT_EQ(plan.feature_temperature, best[1].best_beta);  // label_exp is the default
  EXPECT_EQ(plan.information_exponent, 3);
  EXPECT_EQ(plan.generative_exponent, 1);
  EXPECT_EQ(plan.exponent, 1);
  EXPECT_EQ(plan.features.label.weighting, Weighting::label_exp);
}

TEST(PlanFeatures, WithoutWeightsTheInformationExponentIsAtWork) {
  SimulationOptions options = options_for("damped_hermite:3");
  options.weighting = Weighting::none;
  const FeaturePlan plan = plan_features(options);
  EXPECT_EQ(plan.exponent, 3);
  EXPECT_FALSE(plan.feature_temperature);
  // eta = delta B d^{-3/2}, n = 100 d^2 by the documented rules at d = 1000.
  EXPECT_DOUBLE_EQ(plan.features.step_size,
                   0.3 * static_cast<double>(plan.features.batch) * std::pow(1000.0, -1.5));
  EXPECT_GE(plan.features.samples, 100'000'000U);
  EXPECT_LT(plan.features.samples, 100'000'000U + plan.features.batch);
  EXPECT_EQ(plan.features.samples % plan.features.batch, 0U);
}

TEST(PlanFeatures, BatchesAreASixteenthOfTheDimensionWithinLimits) {
  SimulationOptions options = options_for("damped_hermite:3");
  const auto batch_at = [&](std::uint64_t dim) {
    options.dim = dim;
    return plan_features(options).features.batch;
  };
  EXPECT_EQ(batch_at(8), 1U);
  EXPECT_EQ(batch_at(160), 10U);
  EXPECT_EQ(batch_at(1'000'000), 256U);
}

TEST(PlanFeatures, ChoosesTheEngineByItsWork) {
  SimulationOptions options = options_for("damped_hermite:3");
  options.feature_temperature = 1;
  options.temperature_rule = FeatureTemperatureRule::given;
  options.width = 64;
  options.dim = 30;
  EXPECT_EQ(plan_features(options).features.engine, Engine::direct);
  options.dim = 10'000;
  EXPECT_EQ(plan_features(options).features.engine, Engine::order_parameter);
  options.dim = 10'000'000;
  EXPECT_EQ(plan_features(options).features.engine, Engine::marginal);
  options.dim = 1000;
  options.schedule = Schedule::multi_pass;
  EXPECT_EQ(plan_features(options).features.engine, Engine::direct);
}

TEST(PlanFeatures, FallsBackToDirectWhereTheDimensionIsTooSmall) {
  SimulationOptions options = options_for("damped_hermite:3");
  options.engine = Engine::order_parameter;
  options.width = 64;
  options.dim = 65;
  const FeaturePlan plan = plan_features(options);
  EXPECT_EQ(plan.features.engine, Engine::direct);
  EXPECT_TRUE(told(plan, "the direct engine, of the same law, took its place"));
}

TEST(PlanFeatures, HoldsSamplesThatWouldTakeTooLongAndSaysSo) {
  SimulationOptions options = options_for("damped_hermite:3");
  options.weighting = Weighting::none;
  options.dim = 1'000'000;
  const FeaturePlan plan = plan_features(options);
  EXPECT_LT(static_cast<double>(plan.features.samples), 1e10);
  EXPECT_TRUE(told(plan, "--feature-samples gives it more"));
}

TEST(PlanFeatures, ALinkWithoutFiniteWeightsIsRefusedWithTheRemedy) {
  SimulationOptions options = options_for("hermite:3");
  options.temperature_rule = FeatureTemperatureRule::given;
  options.feature_temperature = 1;
  try {
    plan_features(options);
    FAIL() << "an infinite second moment passed";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("--label-clip"), std::string::npos) << error.what();
  }
  options.label_clip_low = -4;
  options.label_clip_high = 4;
  EXPECT_NO_THROW(plan_features(options));
}

TEST(PlanFeatures, ClippedLabelsAreWhatItPlansFor) {
  SimulationOptions options = options_for("damped_hermite:3", "none");
  options.weighting = Weighting::none;
  options.label_clip_low = -0.2;
  options.label_clip_high = 5;
  // Clipped on one side only, an odd link is no longer odd.
  EXPECT_EQ(plan_features(options).information_exponent, 1);
  options.label_clip_low = 4;
  try {
    plan_features(options);
    FAIL() << "a constant label passed";
  } catch (const UsageError& error) {
    EXPECT_NE(std::string(error.what()).find("the label is constant"), std::string::npos);
  }
}

TEST(PlanFeatures, ASpectralStartLeavesBatchesForTheSteps) {
  SimulationOptions options = options_for("tanh");
  options.start = Start::spectral;
  options.dim = 10'000;
  options.feature_samples = 300;
  const FeaturePlan plan = plan_features(options);
  EXPECT_EQ(plan.features.spectral_samples, 150U);
  EXPECT_EQ(plan.features.batch, 150U);
}

TEST(PlanFeatures, GivenChoicesStay) {
  SimulationOptions options = options_for("damped_hermite:3");
  options.batch = 7;
  options.step_size = 0.01;
  options.feature_samples = 12345;
  options.engine = Engine::marginal;
  const FeaturePlan plan = plan_features(options);
  EXPECT_EQ(plan.features.batch, 7U);
  EXPECT_EQ(plan.features.step_size, 0.01);
  EXPECT_EQ(plan.features.samples, 12345U);
  EXPECT_EQ(plan.features.engine, Engine::marginal);
}

}  // namespace
}  // namespace esscher
