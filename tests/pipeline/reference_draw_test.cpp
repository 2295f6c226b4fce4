#include "pipeline/reference_draw.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "esscher/base/random.h"

namespace esscher {
namespace {

using internal::unlike_parts;
using internal::UnlikeParts;

/// Scores N(mean, 1) of known rows, and N(0, 1) of others.
struct TwoParts {
  TwoParts(std::size_t known, std::size_t others, double mean, std::uint64_t seed)
      : scores(known + others), gold(known + others) {
    RandomStream(seed, "test/draw").fill_normal(0, scores);
    for (std::size_t i = 0; i < known; ++i) scores[i] += mean;
    for (std::size_t i = known; i < scores.size(); ++i) {
      gold[i] = std::numeric_limits<double>::quiet_NaN();
    }
  }
  std::optional<UnlikeParts> told(std::span<const double> log_weights = {},
                                  double level = internal::kAlarm) const {
    return unlike_parts(scores, gold, log_weights, level);
  }
  std::vector<double> scores;
  std::vector<double> gold;
};

// 24000 draws of one law, of which each is an alarm with a chance of at most 6.3e-5: more than 7
// with a probability below 2e-4.
TEST(ReferenceDraw, OfOneLawIsNoAlarmHoweverFewRowsThereAre) {
  int alarms = 0;
  for (const std::size_t known : {4U, 20U, 60U}) {
    for (const std::size_t others : {1U, 2U, 3U, 10U}) {
      for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        if (TwoParts(known, others, 0, seed).told()) ++alarms;
      }
    }
  }
  EXPECT_LE(alarms, 7);
}

// 2000 draws of one law: at 95 % doubtful are 100 +- 10, outside [60, 140] with a chance of 6e-5.
TEST(ReferenceDraw, OfOneLawIsAsOftenDoubtfulAsItsLevelSays) {
  int doubtful = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    if (TwoParts(60, 200, 0, seed).told({}, internal::kDoubt)) ++doubtful;
  }
  EXPECT_GE(doubtful, 60);
  EXPECT_LE(doubtful, 140);
}

TEST(ReferenceDraw, OfAnotherLawIsTold) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const auto told = TwoParts(40, 200, 2, seed).told();
    ASSERT_TRUE(told) << seed;
    EXPECT_GT(told->known, told->others);
    // 2 / sqrt(1/40 + 1/200), with an error of 1 and of some hundredths more for the deviation.
    EXPECT_NEAR(told->errors, 11.5, 5);
  }
}

TEST(ReferenceDraw, OneRowFarOffIsTold) {
  TwoParts parts(60, 1, 0, 1);
  parts.scores.back() = 10;
  EXPECT_TRUE(parts.told());
  TwoParts back(1, 60, 0, 1);
  back.scores.front() = 10;
  EXPECT_TRUE(back.told());
}

// Rows N(1, 1) of weight e^{1/2 - z} are N(0, 1). Their means are no normal variables: of 500
// draws 1 in a hundred would be 5, and more than 14 have a probability below 2e-4.
TEST(ReferenceDraw, WeightsMakeUpForADrawFromAnotherLaw) {
  int alarms = 0;
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    const TwoParts parts(200, 300, 1, seed);
    ASSERT_TRUE(parts.told());
    std::vector<double> log_weights(500);
    for (std::size_t i = 0; i < 200; ++i) log_weights[i] = 7 + 0.5 - parts.scores[i];
    if (parts.told(log_weights)) ++alarms;
  }
  EXPECT_LE(alarms, 14);
}

// One row has all but some 1e-3 of its part's weight: what its mean errs by is nobody's.
TEST(ReferenceDraw, FewerThanThreeEffectiveRowsTellNothing) {
  TwoParts parts(6, 1, 0, 1);
  parts.scores.back() = 8;
  for (const double log_weight : {-4.0, -9.0, -20.0, -600.0}) {
    std::vector<double> log_weights(7, log_weight);
    log_weights.front() = log_weights.back() = 0;
    EXPECT_FALSE(parts.told(log_weights)) << log_weight;
  }
  EXPECT_TRUE(TwoParts(60, 1, 40, 1).told());
}

TEST(ReferenceDraw, RowsWithoutWeightAreNone) {
  const TwoParts parts(40, 40, 9, 1);
  ASSERT_TRUE(parts.told());
  constexpr double kNone = -std::numeric_limits<double>::infinity();
  std::vector<double> log_weights(80);
  std::fill(log_weights.begin() + 40, log_weights.end(), kNone);
  EXPECT_FALSE(parts.told(log_weights));
  log_weights[50] = log_weights[51] = log_weights[52] = 0;
  EXPECT_TRUE(parts.told(log_weights));
}

TEST(ReferenceDraw, NeedsTwoPartsAndSomeSpread) {
  EXPECT_FALSE(TwoParts(40, 0, 0, 1).told());
  EXPECT_FALSE(TwoParts(0, 40, 0, 1).told());
  EXPECT_FALSE(TwoParts(1, 1, 9, 1).told());
  TwoParts flat(20, 20, 0, 1);
  flat.scores.assign(40, 3);
  EXPECT_FALSE(flat.told());
}

}  // namespace
}  // namespace esscher
