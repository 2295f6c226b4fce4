#include "pipeline/preference_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "esscher/base/error.h"
#include "esscher/data/folds.h"
#include "esscher/pipeline/table_training.h"
#include "single_index_table.h"

namespace esscher {
namespace {

using testing_support::SingleIndexTable;

TrainingOptions preference_options() {
  TrainingOptions options;
  options.deployment_temperatures = {0.5};
  options.loss = ReadoutLoss::preferences;
  return options;
}

std::vector<std::uint64_t> numbers(std::size_t first, std::size_t count) {
  std::vector<std::uint64_t> rows(count);
  std::iota(rows.begin(), rows.end(), std::uint64_t{first});
  return rows;
}

/// Pearson correlation with tanh(2 x_1), and the slope of it on the predictions.
std::pair<double, double> against_truth(const SingleIndexTable& data, const Matrix<double>& r,
                                        std::span<const std::uint64_t> rows, std::size_t head) {
  double sums[5] = {};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double y = std::tanh(2 * data.features.values()(rows[i], 0));
    const double x = r(i, head);
    const double terms[5] = {x, y, x * x, x * y, y * y};
    for (std::size_t k = 0; k < 5; ++k) sums[k] += terms[k] / static_cast<double>(rows.size());
  }
  const double xx = sums[2] - sums[0] * sums[0];
  const double xy = sums[3] - sums[0] * sums[1];
  const double yy = sums[4] - sums[1] * sums[1];
  return {xy / std::sqrt(xx * yy), xy / xx};
}

TEST(PreferenceFit, LearnsTheRewardInItsUnitFromOrderAlone) {
  const SingleIndexTable data(1600, 5, 4, 1);
  TrainingOptions options = preference_options();
  options.weights = {FitWeights::surrogate};
  const TrainedReward reward = train_reward(data.table(true), numbers(0, 1200), options);
  const std::vector<std::uint64_t> unseen = numbers(1200, 400);
  const Matrix<double> r = predict_rewards(reward, data.features, unseen);
  for (const std::size_t column : {TrainedReward::kUniform, TrainedReward::kFirstDeployment}) {
    const auto [correlation, slope] = against_truth(data, r, unseen, column);
    EXPECT_GT(correlation, 0.93);
    // The unit is one number told from 1200 noisy rows.
    EXPECT_NEAR(slope, 1, 0.15);
  }
}

TEST(PreferenceFit, SeesTheOrderWithinGroupsOnly) {
  const SingleIndexTable data(400, 4, 4, 2);
  const std::vector<std::uint64_t> rows = numbers(0, 400);
  std::vector<double> shifted = data.rewards;
  for (std::size_t i = 0; i < shifted.size(); ++i) shifted[i] += 3.0 * data.groups[i];
  TrainingOptions options = preference_options();
  options.feature_temperature = 1;
  const TrainedReward plain = train_reward(data.table(true), rows, options);
  const TrainedReward moved = train_reward({data.features, shifted, data.groups}, rows, options);
  const Matrix<double> expected = predict_rewards(plain, data.features, rows);
  const Matrix<double> actual = predict_rewards(moved, data.features, rows);
  // Rewards of 300 with a deviation of 1 lose three digits of sixteen.
  for (std::size_t i = 0; i < expected.rows(); ++i) {
    EXPECT_NEAR(actual(i, 0), expected(i, 0), 1e-7);
  }
}

TEST(PreferenceFit, HasTheSameBitsForAnyNumberOfThreads) {
  const SingleIndexTable data(300, 4, 5, 3);
  const std::vector<std::uint64_t> rows = numbers(0, 300);
  TrainingOptions options = preference_options();
  options.threads = 1;
  const TrainedReward one = train_reward(data.table(true), rows, options);
  options.threads = 3;
  const TrainedReward three = train_reward(data.table(true), rows, options);
  EXPECT_EQ(predict_rewards(one, data.features, rows), predict_rewards(three, data.features, rows));
}

TEST(PreferenceFit, RowsOfNoWeightDoNotGiveTheUnit) {
  // Half the rows have next to no weight and the opposite reward, thirty times as large.
  SingleIndexTable data(400, 3, 4, 5);
  std::vector<double> log_weights(400, 0.0);
  for (std::size_t i = 0; i < 400; i += 2) {
    data.rewards[i] *= -30;
    log_weights[i] = std::log(1e-9);
  }
  TrainingOptions options = preference_options();
  options.weights = {FitWeights::uniform};
  const RewardTable table{data.features, data.rewards, data.groups, log_weights};
  const TrainedReward reward = train_reward(table, numbers(0, 400), options);
  const std::vector<std::uint64_t> rows = numbers(0, 400);
  const auto [correlation, slope] =
      against_truth(data, predict_rewards(reward, data.features, rows), rows, 0);
  // Were they counted, the correlation would be negative and the slope near -15.
  EXPECT_GT(correlation, 0.8);
  EXPECT_GT(slope, 0.7);
}

TEST(PreferenceFit, SaysOfEveryReadoutWhereTheOrderCannotBeLearned) {
  // Noise alone: whatever sign the slopes take, no readout is constant without a word. Of eight
  // tables with two readouts all slopes are above 0 with probability 2^-16 at most, were they
  // independent; seeds are fixed.
  std::size_t constants = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SingleIndexTable data(80, 6, 4, seed);
    RandomStream(seed, "test/pure").fill_normal(0, data.rewards);
    TrainingOptions options = preference_options();
    options.weights = {FitWeights::uniform, FitWeights::label};
    const TrainedReward reward = train_reward(data.table(true), numbers(0, 80), options);
    ASSERT_EQ(reward.heads.size(), 2U);
    for (const RewardHead& head : reward.heads) {
      const std::string kind = head.weight_temperature ? "label" : "equal";
      const bool constant = std::ranges::all_of(head.readout, [](double a) { return a == 0; });
      EXPECT_EQ(constant, std::ranges::any_of(reward.remarks, [&](const std::string& remark) {
                  const std::size_t kinds = remark.find("there are such with these weights: ");
                  return kinds != std::string::npos &&
                         remark.find(kind, kinds) != std::string::npos;
                }));
      constants += constant ? 1 : 0;
    }
  }
  EXPECT_GT(constants, 0U);
}

using Shares = std::vector<std::tuple<std::uint64_t, std::uint64_t, double>>;

Shares shares_of(const std::vector<double>& y, const std::vector<std::uint32_t>& groups,
                 double sure_win = 0) {
  Shares pairs;
  for (const auto& [rows, share] : internal::preferences(y, groups, 1, sure_win)) {
    pairs.emplace_back(rows.winner, rows.loser, share);
  }
  std::ranges::sort(pairs);
  return pairs;
}

TEST(PreferenceFit, TakesEveryPairAndEqualRewardsAsHalfAWinEachWay) {
  EXPECT_EQ(shares_of({1, 3, 3, 2, 5, 4}, {0, 0, 0, 1, 1, 2}),
            (Shares{{1, 0, 1}, {1, 2, 0.5}, {2, 0, 1}, {4, 3, 1}}));
}

TEST(PreferenceFit, LeadsBelowASureWinAreWonByShare) {
  EXPECT_EQ(shares_of({1, -1, -0.5, 0.5, 0, 0}, {0, 0, 1, 1, 2, 2}, 2),
            (Shares{{0, 1, 1}, {3, 2, 0.75}, {4, 5, 0.5}}));
}

TEST(PreferenceFit, TheLikelyScaleIsThatOfTheLogOdds) {
  // Of each lead the share of wins that log-odds of three times it give: then 3 is most likely, but
  // for one tie beside 1000 pairs.
  std::vector<double> leads;
  std::vector<double> weights;
  for (int i = 1; i <= 1000; ++i) {
    const double lead = i / 1000.0;
    const double share = 1 / (1 + std::exp(-3 * lead));
    for (const double way : {1.0, -1.0}) {
      leads.push_back(way * lead);
      weights.push_back(way > 0 ? share : 1 - share);
    }
  }
  EXPECT_NEAR(internal::likely_scale(leads, weights), 3, 0.02);
  for (double& lead : leads) lead = -lead;
  EXPECT_EQ(internal::likely_scale(leads, weights), 0);
  // All in order: finite all the same.
  const std::vector<double> ordered(50, 2.0);
  const std::vector<double> equal(50, 1.0);
  const double scale = internal::likely_scale(ordered, equal);
  // 50 pairs pull by 2 / (1 + e^2s) each, the tie back by tanh(s): e^2s = 101.
  EXPECT_NEAR(std::exp(2 * scale), 101, 1e-6);
}

TEST(PreferenceFit, DrawsPairsWhereThereAreTooMany) {
  // Groups of 350, 300 and 5.
  constexpr double kFirst = 61075;
  constexpr double kAll = 61075 + 44850 + 10;
  std::vector<std::uint32_t> groups(350, 0);
  groups.resize(650, 1);
  groups.resize(655, 2);
  std::vector<double> y(groups.size());
  RandomStream(6, "test/y").fill_normal(0, y);
  const auto pairs = internal::preferences(y, groups, 1);
  ASSERT_EQ(pairs.size(), internal::kMostPairs);
  double first = 0;
  for (const auto& [rows, share] : pairs) {
    const auto& [winner, loser] = rows;
    EXPECT_EQ(share, 1);
    EXPECT_EQ(groups[winner], groups[loser]);
    EXPECT_GT(y[winner], y[loser]);
    if (groups[winner] == 0) ++first;
  }
  // Five standard errors of 1e5 draws: a false alarm in 2e6.
  const auto n = static_cast<double>(internal::kMostPairs);
  const double share = kFirst / kAll;
  EXPECT_NEAR(first / n, share, 5 * std::sqrt(share * (1 - share) / n));
  const auto others = internal::preferences(y, groups, 2);
  EXPECT_FALSE(std::ranges::equal(pairs, others, [](const auto& a, const auto& b) {
    return a.rows.winner == b.rows.winner && a.rows.loser == b.rows.loser;
  }));
}

TEST(PreferenceFit, RefusesRowsWithoutGroups) {
  const SingleIndexTable data(100, 3, 4, 4);
  try {
    train_reward(data.table(), numbers(0, 100), preference_options());
    FAIL() << "not refused";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("--group"));
  }
}

TEST(PreferenceFit, LossesHaveNames) {
  EXPECT_EQ(parse_readout_loss("squared"), ReadoutLoss::squared);
  EXPECT_EQ(parse_readout_loss("preferences"), ReadoutLoss::preferences);
  EXPECT_THROW(parse_readout_loss("preference"), UsageError);
}

}  // namespace
}  // namespace esscher
