#include "esscher/temperature/tilt_calibration.h"

#include <gtest/gtest.h>

#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <vector>

#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/base/random.h"

namespace esscher {
namespace {

/// Predictions of a standard normal law, without chance: its quantiles.
std::vector<double> quantiles(std::size_t n) {
  std::vector<double> values(n);
  for (std::size_t i = 0; i < n; ++i) {
    values[i] = boost::math::quantile(boost::math::normal(),
                                      (static_cast<double>(i) + 0.5) / static_cast<double>(n));
  }
  return values;
}

std::vector<double> map(std::vector<double> values, auto f) {
  for (double& v : values) v = f(v);
  return values;
}

const std::vector<double> kPredictions = quantiles(20000);

// Under N(t, 1) the covariance of p and p - a p^2 is 1 - 2 a t.
TEST(TiltCalibration, SlopeUnderTiltIsTheTiltedRegression) {
  const double a = 0.1;
  const auto labels = map(kPredictions, [&](double p) { return 3 + p - a * p * p; });
  for (const double t : {0.0, 0.5, 1.0, 1.5}) {
    const TiltSlope slope = slope_under_tilt(kPredictions, labels, t);
    // Quantiles leave out the tails, of which e^{t p} would have a share.
    EXPECT_NEAR(slope.slope, 1 - 2 * a * t, 6e-3) << t;
    EXPECT_NEAR(slope.ess, 20000 * std::exp(-t * t), 20000 * 2e-2) << t;
  }
}

// J(s) = E r* - beta KL is largest where the slope equals s: here c, and 1 / (1 + 2 a / beta).
TEST(TiltCalibration, FindsTheBestOfTheFamily) {
  for (const double c : {0.2, 0.7}) {
    const auto labels = map(kPredictions, [&](double p) { return c * p; });
    EXPECT_NEAR(calibrate_tilt(kPredictions, labels, 1).scale, c, 1e-6);
    // With noise as large as the sample bears, c may be 1, and is taken for 1.
    std::vector<double> noise(labels.size());
    RandomStream(8, "noise").fill_normal(0, noise);
    for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = labels[i] + 300 * noise[i];
    EXPECT_EQ(calibrate_tilt(kPredictions, noise, 1).scale, 1);
  }
  const double a = 0.1;
  const auto labels = map(kPredictions, [&](double p) { return p - a * p * p; });
  for (const double beta : {0.5, 0.6, 1.0}) {
    const TiltCalibration found = calibrate_tilt(kPredictions, labels, beta);
    EXPECT_NEAR(found.scale, 1 / (1 + 2 * a / beta), 5e-3) << beta;
    EXPECT_LT(found.scale, found.reach);
  }
}

TEST(TiltCalibration, FollowsARewardThatIsRight) {
  for (const double beta : {1.0, 0.1, 1e-3}) {
    const TiltCalibration found = calibrate_tilt(kPredictions, kPredictions, beta);
    EXPECT_EQ(found.scale, 1) << beta;
    EXPECT_EQ(found.reach < 1, beta < 1) << beta;
    if (beta == 1) continue;
    EXPECT_NEAR(slope_under_tilt(kPredictions, kPredictions, found.reach / beta).ess,
                kLeastSlopeEss, 1e-3);
  }
  // Understated: never more than the reward itself.
  const auto twice = map(kPredictions, [](double p) { return 2 * p; });
  EXPECT_EQ(calibrate_tilt(kPredictions, twice, 0.5).scale, 1);
}

// A slope that falls for sure, 1 - 2 a t, is not followed beyond the reach; one whose fall noise
// hides is, along a line that need not fall.
TEST(TiltCalibration, StopsAtItsReachWhereTheSlopeFalls) {
  const double a = 0.05;
  const double beta = 0.1;
  const auto labels = map(kPredictions, [&](double p) { return p - a * p * p; });
  const TiltCalibration found = calibrate_tilt(kPredictions, labels, beta);
  EXPECT_LT(found.reach, 0.4);
  EXPECT_EQ(found.scale, found.reach);
  std::vector<double> noise(kPredictions.size());
  RandomStream(4, "noise").fill_normal(0, noise);
  for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = labels[i] + 2 * noise[i];
  EXPECT_GT(calibrate_tilt(kPredictions, noise, beta).scale, found.reach);
}

// An understated reward has room: a slope of 1.5 - 2 a t is 1.24 at the reach, and meets s at 0.75;
// the standard error, that of labels that bend, leaves it at 0.87.
TEST(TiltCalibration, GoesOnWhereAFallingSlopeIsStillAboveOne) {
  const double a = 0.05;
  const double beta = 0.1;
  const auto labels = map(kPredictions, [&](double p) { return 1.5 * p - a * p * p; });
  const TiltCalibration found = calibrate_tilt(kPredictions, labels, beta);
  EXPECT_LT(found.reach, 0.4);
  EXPECT_GT(found.last.slope, 1.1);
  EXPECT_GT(found.scale, 1.5 * beta / (beta + 2 * a));
  EXPECT_LT(found.scale, 0.9);
}

TEST(TiltCalibration, FewSamplesChangeNothing) {
  const std::vector<double> predictions{1, 2, 3, 4};
  const std::vector<double> labels{4, 3, 2, 1};
  const TiltCalibration found = calibrate_tilt(predictions, labels, 1);
  EXPECT_EQ(found.scale, 1);
  EXPECT_EQ(found.reach, 0);
}

// A reward that is wrong throughout is all but taken away, and stays a reward.
TEST(TiltCalibration, TakesAwayWhatIsWrong) {
  const auto opposite = map(kPredictions, [](double p) { return -p; });
  const double scale = calibrate_tilt(kPredictions, opposite, 1).scale;
  EXPECT_GT(scale, 0);
  EXPECT_LT(scale, 2e-3);
  const std::vector<double> constant(kPredictions.size(), 4);
  EXPECT_EQ(calibrate_tilt(constant, kPredictions, 1).scale, 1);
}

// Labels' noise does not bias the slope: 4 standard errors, false-alarm rate 1e-4.
TEST(TiltCalibration, NoiseIsInTheStandardErrorOnly) {
  std::vector<double> labels(kPredictions.size());
  RandomStream(3, "noise").fill_normal(0, labels);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] += kPredictions[i];
  const TiltSlope slope = slope_under_tilt(kPredictions, labels, 1);
  EXPECT_NEAR(slope.slope, 1, 4 * slope.standard_error);
  // The weights' squares are those of N(2, 1), under which E (p - 1)^2 = 2.
  EXPECT_NEAR(slope.standard_error, std::sqrt(2 / slope.ess), 0.15 * slope.standard_error);
}

TEST(TiltCalibration, RefusesBadInputInWords) {
  const std::vector<double> two{1, 2};
  const std::vector<double> three{1, 2, 3};
  expect_words(failure_text<UsageError>([&] { calibrate_tilt(two, three, 1); }), "2 values",
               "3 labels");
  expect_words(failure_text<UsageError>([&] { calibrate_tilt(two, two, 0); }), "beta = 0");
  expect_words(failure_text<UsageError>([&] { slope_under_tilt(two, two, INFINITY); }), "t = inf");
  const std::vector<double> none;
  expect_words(failure_text<UsageError>([&] { slope_under_tilt(none, none, 1); }), "at least one");
}

}  // namespace
}  // namespace esscher
