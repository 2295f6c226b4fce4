#include "esscher/theory/feature_temperature.h"

#include <gtest/gtest.h>

#include <cmath>

#include "esscher/base/error.h"
#include "esscher/theory/exponents.h"

namespace esscher {
namespace {

std::array<FeatureTemperature, 3> of(const SingleIndexModel& model) {
  const Exponents facts = exponents(model);
  const int order = facts.generative.value();
  return feature_temperatures(model, order, facts.lambda_squared[static_cast<std::size_t>(order)]);
}

const FeatureTemperature& pick(const std::array<FeatureTemperature, 3>& all, LabelTransform t) {
  return all[static_cast<std::size_t>(t)];
}

/// A zero is a zero: the signal vanishes there to 1e-6 in beta, with opposite signs on its sides.
void expect_verified(const SingleIndexModel& model, const FeatureTemperature& found) {
  const auto k = static_cast<std::size_t>(found.order);
  for (const DeadTemperature& dead : found.dead) {
    const auto scaled = [&](double beta) {
      return tilted_signal(model, 1 / beta, found.order)[found.transform].scaled[k];
    };
    EXPECT_NEAR(scaled(dead.beta), 0, 1e-12);
    EXPECT_LT(scaled(dead.beta - 1e-6) * scaled(dead.beta + 1e-6), 0);
  }
}

TEST(FeatureTemperature, ClippedHermiteThreeDiesOnceBetweenOneAndTwo) {
  const SingleIndexModel model{parse_link("hermite:3@clip:-2,2"), Noise()};
  const auto all = of(model);
  const FeatureTemperature& label_exp = pick(all, LabelTransform::label_exp);
  EXPECT_EQ(label_exp.order, 1);
  ASSERT_EQ(label_exp.dead.size(), 1u);
  EXPECT_GT(label_exp.dead[0].beta, 1);
  EXPECT_LT(label_exp.dead[0].beta, 2);
  EXPECT_EQ(label_exp.threshold, label_exp.dead[0].beta);
  for (const FeatureTemperature& found : all) expect_verified(model, found);
}

TEST(FeatureTemperature, TanhOfHermiteFourDiesOnceBetweenOneHalfAndOne) {
  const SingleIndexModel model{parse_link("tanh(h(4,z))"), Noise()};
  const auto all = of(model);
  const FeatureTemperature& label_exp = pick(all, LabelTransform::label_exp);
  EXPECT_EQ(label_exp.order, 2);
  ASSERT_EQ(label_exp.dead.size(), 1u);
  EXPECT_GT(label_exp.dead[0].beta, 0.5);
  EXPECT_LT(label_exp.dead[0].beta, 1);
  for (const FeatureTemperature& found : all) expect_verified(model, found);
}

TEST(FeatureTemperature, FindsEveryCrossingThatADenseScanFinds) {
  for (const char* text : {"sin(3*z)", "tanh(z)-1.2*sin(2*z)", "sin(2*z)+0.5*cos(3*z)",
                           "hermite:5@clip:-2,2", "h(3,z)*exp(-z*z/3)-0.3*tanh(z)"}) {
    const SingleIndexModel model{parse_link(text), Noise(NoiseKind::gaussian, 0.2)};
    const std::array<FeatureTemperature, 3> all = of(model);
    const int order = all[0].order;
    // A scan three times finer than the search, over temperatures where the signal is clear of
    // rounding.
    std::array<int, 3> crossings{};
    std::array<double, 3> before{};
    const double from = 0.02;
    const double to = 50;
    for (int i = 0; i <= 330; ++i) {
      const double beta = to * std::pow(from / to, i / 330.0);
      const TiltedSignal signal = tilted_signal(model, 1 / beta, order);
      for (const LabelTransform transform : kLabelTransforms) {
        const auto t = static_cast<std::size_t>(transform);
        const double now = signal[transform].scaled[static_cast<std::size_t>(order)];
        crossings[t] += before[t] * now < 0 ? 1 : 0;
        before[t] = now;
      }
    }
    for (const FeatureTemperature& found : all) {
      ASSERT_EQ(found.order, order);
      int inside = 0;
      for (const DeadTemperature& dead : found.dead) {
        inside += from < dead.beta && dead.beta < to && !dead.tangent ? 1 : 0;
      }
      EXPECT_EQ(inside, crossings[static_cast<std::size_t>(found.transform)])
          << text << ", " << transform_name(found.transform);
      expect_verified(model, found);
    }
  }
}

// Rewards that grow or jump for ever: no zero may come from an integral that missed its mass.
TEST(FeatureTemperature, FindsNoZeroWhereThereIsNone) {
  for (const char* text : {"formula:sin(3*z)+z", "formula:z>4 ? 1 : 0", "formula:z-floor(z)+z",
                           "identity", "softplus", "formula:z*abs(z)^0.5"}) {
    for (const FeatureTemperature& found : of({parse_link(text), Noise()})) {
      EXPECT_TRUE(found.dead.empty())
          << text << ", " << transform_name(found.transform) << " at " << found.dead.front().beta;
      EXPECT_LE(found.best_efficiency, 1 + 1e-6) << text;
    }
  }
}

TEST(FeatureTemperature, BestIsNoWorseThanAnyOtherTemperature) {
  for (const char* text : {"damped_hermite:3", "hermite:3@clip:-2,2", "z2exp", "tanh"}) {
    const SingleIndexModel model{parse_link(text), Noise(NoiseKind::uniform, 0.3)};
    const Exponents facts = exponents(model);
    const auto order = static_cast<std::size_t>(*facts.generative);
    for (const FeatureTemperature& found : of(model)) {
      EXPECT_GE(found.best_efficiency, 0);
      EXPECT_LE(found.best_efficiency, 1 + 1e-6);
      for (double beta = 0.02; beta < 60; beta *= 1.3) {
        const TiltedSignal signal = tilted_signal(model, 1 / beta, found.order);
        const double rho = signal[found.transform].signal_to_noise[order];
        EXPECT_LE(rho * rho / facts.lambda_squared[order], found.best_efficiency + 1e-9)
            << text << " " << beta;
      }
    }
  }
}

// For y = z without noise the label itself is the best transform: no weighting, efficiency 1.
TEST(FeatureTemperature, ALinearLinkWantsNoWeighting) {
  const auto all = of({parse_link("identity"), Noise()});
  const FeatureTemperature& label_exp = pick(all, LabelTransform::label_exp);
  EXPECT_FALSE(label_exp.best_beta.has_value());
  EXPECT_NEAR(label_exp.best_efficiency, 1, 1e-6);
  EXPECT_TRUE(label_exp.dead.empty());
  EXPECT_EQ(label_exp.threshold, 0);
}

TEST(FeatureTemperature, RefusesALinkWithNoFiniteTemperature) {
  const SingleIndexModel cubic{parse_link("hermite:3"), Noise()};
  EXPECT_THROW(feature_temperatures(cubic, 1, 0.5), UsageError);
  const SingleIndexModel tanh{parse_link("tanh"), Noise()};
  EXPECT_THROW(feature_temperatures(tanh, 0, 0.5), UsageError);
  EXPECT_THROW(feature_temperatures(tanh, 1, 0), UsageError);
}

}  // namespace
}  // namespace esscher
