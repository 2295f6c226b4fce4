#include "esscher/temperature/weight_temperature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "esscher/base/error.h"

namespace esscher {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

AveragedWeights averaged(const std::vector<double>& temperatures, const std::vector<double>& ess) {
  return averaged_weights(temperatures, ess, {.parameters = 1000});
}

TEST(WeightTemperature, GridEndsWithEqualWeights) {
  EXPECT_THAT(weight_temperature_grid(2), testing::ElementsAre(2, 3, 4, 6, 8, 16, 32, kInfinity));
  EXPECT_THROW(weight_temperature_grid(0), UsageError);
}

TEST(WeightTemperature, MeanHoldsAllThatTheSampleCanBear) {
  const AveragedWeights all = averaged({1, 2, kInfinity}, {100, 500, 2000});
  EXPECT_EQ(all.first, 0);
  EXPECT_EQ(all.reason,
            "mean of 3 readouts, with weights at temperatures from 1 up to equal weights");
  const AveragedWeights part = averaged({0.5, 1, 2, kInfinity}, {20, 99.9, 100, 2000});
  EXPECT_EQ(part.first, 2);
  EXPECT_EQ(part.reason,
            "mean of 2 readouts, with weights at temperatures from 2 up to equal weights; lower "
            "ones would not leave 100 effective samples (0.1 of the readout's 1000 effective "
            "parameters)");
}

TEST(WeightTemperature, IsPlainRegressionWhereNoWeightsCanBeBorne) {
  const AveragedWeights none = averaged({1, 2, kInfinity}, {1, 3, 90});
  EXPECT_EQ(none.first, 2);
  EXPECT_THAT(none.reason, testing::HasSubstr("equal weights: even at 2, the highest"));
}

// Two values of four rows: weights e^{1/t}, 1, 1, 1 leave (x + 3)^2 / (x^2 + 3), x = e^{1/t}.
TEST(WeightTemperature, BearableIsTheFirstQuarterOctaveWithEnoughSamples) {
  const std::vector<double> values{1, 0, 0, 0};
  const auto ess = [](double t) {
    const double x = std::exp(1 / t);
    return (x + 3) * (x + 3) / (x * x + 3);
  };
  EXPECT_EQ(bearable_temperature(values, 0.5, 1), 0.5);
  const double found = bearable_temperature(values, 0.1, 3);
  const double steps = 4 * std::log2(found / 0.1);
  EXPECT_NEAR(steps, std::round(steps), 1e-9);
  EXPECT_GE(ess(found), 3);
  EXPECT_LT(ess(found / std::exp2(0.25)), 3);
  EXPECT_EQ(bearable_temperature(values, 0.1, 4.5), kInfinity);
  EXPECT_EQ(bearable_temperature(std::vector<double>{1e12, 0, 0, 0}, 1, 3), 1e9);
  EXPECT_THROW(bearable_temperature(values, 0, 1), UsageError);
}

TEST(WeightTemperature, RefusesWhatIsNoGrid) {
  const auto refusal = [](const std::vector<double>& temperatures, const std::vector<double>& ess) {
    try {
      averaged(temperatures, ess);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(refusal({}, {}), testing::HasSubstr("must end with equal weights"));
  EXPECT_THAT(refusal({1}, {5}), testing::HasSubstr("must end with equal weights"));
  EXPECT_THAT(refusal({2, 1, kInfinity}, {5, 5, 8}), testing::HasSubstr("must ascend"));
  EXPECT_THAT(refusal({1, kInfinity}, {5}), testing::HasSubstr("one effective sample size each"));
}

}  // namespace
}  // namespace esscher
