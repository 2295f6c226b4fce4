#include "esscher/data/reward_transform.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"

namespace esscher {
namespace {

template <class Call>
std::string reward_failure(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no failure";
}

RewardTransform fit(const std::string& text, const std::vector<double>& y,
                    const std::vector<double>& log_weights = {}) {
  return fit_reward_transform(parse_reward_transform(text), y, log_weights);
}

TEST(RewardTransform, TextReadsBack) {
  for (const char* text : {"none", "log1p", "rank", "clip:0.01,0.99", "clip:0,1"}) {
    EXPECT_EQ(parse_reward_transform(text).text(), text);
  }
}

TEST(RewardTransform, RefusesOtherTexts) {
  const auto message = [](const char* text) {
    return reward_failure([&] { parse_reward_transform(text); });
  };
  EXPECT_EQ(message("ranks"),
            "--reward-transform = ranks: must be none, log1p, rank or clip:LO,HI; did you mean "
            "rank?");
  EXPECT_EQ(message("rank:3"),
            "--reward-transform = rank:3: must be none, log1p, rank or clip:LO,HI; did you mean "
            "rank?");
  EXPECT_EQ(message("clip"),
            "--reward-transform = clip: clip needs two quantiles; write clip:0.01,0.99");
  for (const char* text :
       {"clip:0.5,0.5", "clip:0.9,0.1", "clip:-0.1,1", "clip:0,1.1", "clip:0,inf"}) {
    EXPECT_EQ(message(text), "--reward-transform = " + std::string(text) +
                                 ": quantiles must ascend and lie in [0, 1]; write clip:0.01,0.99");
  }
  EXPECT_EQ(message("clip:a,1"), "--reward-transform = 'a': must be a number");
  EXPECT_EQ(message("clip:nan,1"), "--reward-transform = 'nan': must be a number");
}

TEST(RewardTransform, NoneAndLog1pAreTheirFormulas) {
  EXPECT_EQ(fit("none", {3, 1})(1.5), 1.5);
  EXPECT_EQ(fit("log1p", {3, 1})(1.5), std::log1p(1.5));
  EXPECT_EQ(fit("log1p", {3, 1}).text(), "log1p");
}

TEST(RewardTransform, Log1pRefusesWhatItCannotTake) {
  const std::string rest =
      ": log1p needs rewards above -1; add a constant to the rewards, or take --reward-transform "
      "rank";
  EXPECT_EQ(reward_failure([] { fit("log1p", {3, 1, -1}); }), "reward in row 3 = -1" + rest);
  const std::vector<double> y{3, -1.5};
  const std::vector<std::uint64_t> rows{5, 17};
  EXPECT_EQ(
      reward_failure([&] { fit_reward_transform(parse_reward_transform("log1p"), y, {}, rows); }),
      "reward in row 17 = -1.5" + rest);
  EXPECT_EQ(reward_failure([] { fit("log1p", {3, 1})(-2); }), "reward = -2" + rest);
}

// Of 5 rewards, the tied ones share the average of ranks 2 and 3.
TEST(RewardTransform, RanksAreAverageRanksLessAHalfOverN) {
  const RewardTransform rank = fit("rank", {10, 30, 20, 20, 50});
  EXPECT_DOUBLE_EQ(rank(10), 0.1);
  EXPECT_DOUBLE_EQ(rank(20), 0.4);
  EXPECT_DOUBLE_EQ(rank(30), 0.7);
  EXPECT_DOUBLE_EQ(rank(50), 0.9);
  // Half way between two, and beyond all.
  EXPECT_DOUBLE_EQ(rank(25), 0.55);
  EXPECT_DOUBLE_EQ(rank(-1e300), 0.1);
  EXPECT_DOUBLE_EQ(rank(1e300), 0.9);
  EXPECT_DOUBLE_EQ(fit("rank", {7, 7})(7), 0.5);
}

TEST(RewardTransform, QuantilesAreOrderStatisticsAtTheEndsAndInterpolatedBetween) {
  // Of 0, 10, ..., 100 the quantile p is 100 p.
  std::vector<double> y;
  for (int i = 10; i >= 0; --i) y.push_back(10.0 * i);
  const RewardTransform clip = fit("clip:0.05,0.5", y);
  EXPECT_DOUBLE_EQ(clip.low, 5);
  EXPECT_DOUBLE_EQ(clip.high, 50);
  EXPECT_EQ(clip(-3), clip.low);
  EXPECT_EQ(clip(20), 20);
  EXPECT_EQ(clip(1e9), clip.high);
  EXPECT_EQ(clip.text(), "clip:0.05,0.5 (5 to 50)");
  const RewardTransform all = fit("clip:0,1", y);
  EXPECT_EQ(all.low, 0);
  EXPECT_EQ(all.high, 100);
}

TEST(RewardTransform, RewardsWithoutWeightDoNotCount) {
  const double none = -std::numeric_limits<double>::infinity();
  const RewardTransform clip = fit("clip:0,1", {1, 2, 3, 400}, {0, 0, 0, none});
  EXPECT_EQ(clip.high, 3);
  const RewardTransform rank = fit("rank", {1, 2, 3, 400}, {0, std::log(2.0), 0, none});
  EXPECT_DOUBLE_EQ(rank(1), 0.125);
  EXPECT_DOUBLE_EQ(rank(2), 0.5);
  EXPECT_DOUBLE_EQ(rank(400), 0.875);
}

TEST(RewardTransform, WeightedRanksAreThoseOfCopies) {
  const RewardTransform weighted = fit("rank", {4, 1, 9}, {std::log(3.0), std::log(2.0), 0.0});
  const RewardTransform copied = fit("rank", {4, 4, 4, 1, 1, 9});
  for (const double y : {0.0, 1.0, 2.5, 4.0, 6.0, 9.0}) {
    EXPECT_NEAR(weighted(y), copied(y), 1e-15) << y;
  }
}

// 200000 rewards, a third of them tied: with all knots the rank of the i-th is known.
TEST(RewardTransform, LeavingOutKnotsMovesNoRankByMoreThanStated) {
  const std::size_t n = 200'000;
  std::vector<double> y(n);
  RandomStream(5, "test/rewards").fill_normal(0, y);
  for (double& value : y) {
    if (std::abs(value) < 0.43) value = 0;
  }
  const RewardTransform rank = fit("rank", y);
  EXPECT_LT(rank.knots.size(), 70'000U);
  std::ranges::sort(y);
  double worst = 0;
  for (std::size_t i = 0; i < n;) {
    const auto end = static_cast<std::size_t>(
        std::upper_bound(y.begin() + static_cast<std::ptrdiff_t>(i), y.end(), y[i]) - y.begin());
    const double exact = static_cast<double>(i + end) / 2 / static_cast<double>(n);
    worst = std::max(worst, std::abs(rank(y[i]) - exact));
    i = end;
  }
  EXPECT_LE(worst, 1.0 / 32768 + 1e-12);
}

RC_GTEST_PROP(RewardTransform, NeverDecreases, ()) {
  auto y = *rc::gen::nonEmpty(rc::gen::container<std::vector<double>>(
      rc::gen::map(rc::gen::inRange(-20, 200), [](int i) { return 0.04 * i; })));
  // Spread the values: extremes must not overflow on the way.
  if (*rc::gen::arbitrary<bool>()) y.push_back(1.7e308);
  y.push_back(-0.9);
  y.push_back(11);
  auto probes = *rc::gen::container<std::vector<double>>(
      rc::gen::map(rc::gen::inRange(-300, 3000), [](int i) { return 0.003 * i; }));
  probes.insert(probes.end(), y.begin(), y.end());
  probes.insert(probes.end(), {1.7e308, 1e300, 0.0});
  std::ranges::sort(probes);
  for (const char* text : {"none", "log1p", "rank", "clip:0,0.9", "clip:0,1"}) {
    const RewardTransform transform = fit(text, y);
    double before = -std::numeric_limits<double>::infinity();
    for (const double probe : probes) {
      const double value = transform(probe);
      RC_ASSERT(std::isfinite(value));
      RC_ASSERT(value >= before);
      before = value;
    }
  }
}

TEST(RewardTransform, InverseTakesRewardsBack) {
  const std::vector<double> y{-0.5, 0, 0, 1, 2.5, 40};
  for (const char* text : {"none", "log1p", "rank", "clip:0,1"}) {
    const RewardTransform transform = fit(text, y);
    // exp and log1p are off by an ulp each, which at 40 is 1e-14.
    for (const double reward : y) {
      EXPECT_NEAR(transform.inverse(transform(reward)), reward, 1e-13) << text;
    }
  }
  const RewardTransform rank = fit("rank", y);
  EXPECT_EQ(rank.inverse(-1), -0.5);
  EXPECT_EQ(rank.inverse(2), 40);
  // Half way between the ranks 7/12 of 1 and 9/12 of 2.5.
  EXPECT_NEAR(rank.inverse(8.0 / 12), 1.75, 1e-13);
  EXPECT_EQ(fit("clip:0,0.5", y).inverse(7), 7);
}

TEST(RewardTransform, RefusesRewardsThatAreNoNumbers) {
  const double nan = std::nan("");
  EXPECT_EQ(reward_failure([&] {
              fit("rank", {1, nan});
            }),
            "reward in row 2 = nan: must be finite");
  EXPECT_EQ(reward_failure([&] { fit("rank", {1, 2})(nan); }), "reward = nan: must be finite");
  EXPECT_EQ(reward_failure([&] { fit("rank", {}); }), "rewards: there are none to learn from");
}

TEST(RewardTransform, RefusesToClipToAConstant) {
  EXPECT_EQ(reward_failure([] {
              fit("clip:0.1,0.5", {0, 0, 0, 0, 0, 0, 1, 2});
            }),
            "rewards: quantiles 0.1 and 0.5 are both 0, so that clipping leaves a constant; clip "
            "less, or take --reward-transform rank");
}

}  // namespace
}  // namespace esscher
