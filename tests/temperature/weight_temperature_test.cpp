#include "esscher/temperature/weight_temperature.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "esscher/base/error.h"

namespace esscher {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

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

}  // namespace
}  // namespace esscher
