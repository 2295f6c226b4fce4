// What the system is there to show: exponential weights turn a link of information exponent 3 into
// one that is learnt after O(d) samples instead of O(d^2), except at dead temperatures.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "recovery_slope.h"

namespace esscher {
namespace {

using recovery::Estimate;

struct Growth {
  Estimate slope;
  std::vector<Share> shares;
};

/// \param budget  samples at dimension d: budget d^power
Growth growth(Weighting weighting, const std::vector<std::uint64_t>& dims, double budget,
              double power) {
  std::vector<Estimate> times;
  Growth result;
  for (const std::uint64_t dim : dims) {
    FeatureOptions options = recovery::cubic_options(weighting, dim);
    options.width = 256;
    options.threads = 1;
    options.samples =
        static_cast<std::uint64_t>(budget * std::pow(static_cast<double>(dim), power));
    const FeatureSummary summary = learn_features(options).summary;
    times.push_back(recovery::log_median(summary.weak_times));
    result.shares.push_back(summary.weak);
  }
  result.slope = recovery::slope(dims, times);
  return result;
}

// Times are C d (1 + O(d^{-1/2})): a random start is an overlap of d^{-1/2}, which saves some of
// the way. Between d = 300 and 3000 that bends the slope by less than 0.05. The rest is chance,
// five standard errors of it: false alarms below 1e-6. The error itself has to be small enough to
// tell 1 from 1.5, the exponent of gradient descent on a signal of exponent 2.5.
TEST(WeightingClaim, RecoveryTimesGrowAsTheDimensionWithWeights) {
  const Growth weighted = growth(Weighting::label_exp, {300, 1000, 3000}, 40, 1);
  RecordProperty("slope", std::to_string(weighted.slope.value));
  EXPECT_LT(std::abs(weighted.slope.value - 1), 0.05 + 5 * weighted.slope.standard_error);
  EXPECT_LT(0.05 + 5 * weighted.slope.standard_error, 0.3);

  // A constant share recovers: shares alike by chi-square with 2 degrees of freedom, which exceeds
  // 27.6 with probability 1e-6; and surely more than a quarter of the neurons.
  double pooled = 0;
  for (const Share& share : weighted.shares) {
    pooled += share.value / static_cast<double>(weighted.shares.size());
    EXPECT_GT(share.lower, 0.25);
  }
  double chi_square = 0;
  for (const Share& share : weighted.shares) {
    const double deviation = share.value - pooled;
    chi_square += deviation * deviation * static_cast<double>(share.of) / (pooled * (1 - pooled));
  }
  EXPECT_LT(chi_square, 27.6);
}

// d^2 as d -> infinity; at d = 32 to 128 terms of relative order d^{-1/2} bend the slope by 0.15 or
// less. Far from 1, the slope with weights.
TEST(WeightingClaim, RecoveryTimesGrowAsItsSquareWithoutWeights) {
  const Growth plain = growth(Weighting::none, {32, 64, 128}, 40, 2);
  RecordProperty("slope", std::to_string(plain.slope.value));
  EXPECT_LT(std::abs(plain.slope.value - 2), 0.15 + 5 * plain.slope.standard_error);
  EXPECT_GT(plain.slope.value - 5 * plain.slope.standard_error, 1.3);
}

/// Signal C_1 of the weighted label.
double signal(const SingleIndexModel& model, double beta1) {
  const double infinity = std::numeric_limits<double>::infinity();
  return weighted_label_moments(
             model, standardised_label(model, Weighting::label_exp, beta1, -infinity, infinity), 1)
      .signal[1];
}

// The share of neurons that recover from 60 d samples is some 0.4 on both sides and 0.01 at the
// dead temperature. Two shares of 256 that are alike differ by more than 4.9 standard deviations,
// which is 0.22 at most, with probability 1e-6; here they differ by twice that.
TEST(WeightingClaim, RecoveryIsSlowerAtADeadTemperatureThanOnBothSides) {
  FeatureOptions options = recovery::cubic_options(Weighting::label_exp, 3000);
  options.model.link = parse_link("hermite:3@clip:-2,2");
  options.width = 256;
  options.threads = 1;
  options.samples = 60 * options.dim;
  double low = 1;
  double high = 2;
  ASSERT_GT(signal(options.model, low), 0);
  ASSERT_LT(signal(options.model, high), 0);
  while (high - low > 1e-6) {
    const double middle = (low + high) / 2;
    (signal(options.model, middle) > 0 ? low : high) = middle;
  }
  const auto share_at = [&](double beta1) {
    const double infinity = std::numeric_limits<double>::infinity();
    options.label =
        standardised_label(options.model, Weighting::label_exp, beta1, -infinity, infinity);
    return learn_features(options).summary.weak.value;
  };
  const double dead = share_at(low);
  RecordProperty("dead_share", std::to_string(dead));
  EXPECT_GT(share_at(low / 1.4) - dead, 0.22);
  EXPECT_GT(share_at(low * 1.4) - dead, 0.22);
}

}  // namespace
}  // namespace esscher
