#include "pipeline/transform_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "esscher/base/random.h"

namespace esscher::internal {
namespace {

/// n rows of columns and a reward, in groups of four.
struct Columns {
  Columns(Matrix<double> x, std::vector<double> y)
      : features(std::move(x)), rewards(std::move(y)), rows(rewards.size()) {
    std::iota(rows.begin(), rows.end(), std::uint64_t{0});
    for (std::size_t i = 0; i < rows.size(); ++i) {
      groups.push_back(static_cast<std::uint32_t>(i / 4));
    }
  }
  TransformChoice choice(bool grouped = false, int threads = 1) const {
    TrainingOptions options;
    options.width = 32;
    options.deployment_temperatures = {1};
    options.threads = threads;
    RewardTable table{features, rewards};
    if (grouped) table.groups = groups;
    return choose_transform(table, rows, options);
  }

  HeldFeatures features;
  std::vector<double> rewards;
  std::vector<std::uint64_t> rows;
  std::vector<std::uint32_t> groups;
};

/// Columns that all say one factor, `loading` times, beside a little of their own; and a reward of
/// the factor and of what is the columns' own.
template <class Reward>
Columns one_factor(std::size_t n, std::size_t columns, double loading, std::uint64_t seed,
                   Reward reward) {
  Matrix<double> x(n, columns);
  std::vector<double> factor(n);
  RandomStream(seed, "test/own").fill_normal(0, x.values());
  RandomStream(seed, "test/factor").fill_normal(0, factor);
  std::vector<double> y(n);
  for (std::size_t i = 0; i < n; ++i) {
    y[i] = reward(factor[i], std::as_const(x).row(i));
    for (double& value : x.row(i)) value += loading * factor[i];
  }
  return {std::move(x), std::move(y)};
}

/// The factor pays: whitened, the noise of forty columns is as large as it.
Columns redundant(std::size_t n) {
  return one_factor(n, 40, 3, 1, [](double factor, auto) { return std::tanh(2 * factor); });
}

/// A difference of two columns pays, which is small beside the factor.
Columns hidden(std::size_t n) {
  return one_factor(n, 10, 10, 2, [](double, std::span<const double> own) {
    return std::tanh(std::sqrt(2.0) * (own[0] - own[1]));
  });
}

// The two errors differ by far more than their standard errors: seeds do not matter.
TEST(TransformChoice, StandardisesRedundantColumns) {
  for (const bool grouped : {false, true}) {
    const TransformChoice choice = redundant(400).choice(grouped);
    EXPECT_EQ(choice.kind, TransformKind::standardise) << choice.reason;
    EXPECT_THAT(choice.reason, testing::HasSubstr("squared error is"));
  }
}

TEST(TransformChoice, WhitensWhereTheRewardLiesInSmallDirections) {
  for (const bool grouped : {false, true}) {
    const TransformChoice choice = hidden(800).choice(grouped);
    EXPECT_EQ(choice.kind, TransformKind::whiten) << choice.reason;
  }
}

TEST(TransformChoice, TakesPartOfALongTable) {
  const Columns data = hidden(10000);
  EXPECT_EQ(data.choice().kind, TransformKind::whiten);
  EXPECT_EQ(data.choice(true).kind, TransformKind::whiten);
}

TEST(TransformChoice, DoesNotDependOnThreads) {
  EXPECT_EQ(redundant(400).choice(true, 1).reason, redundant(400).choice(true, 3).reason);
}

TEST(TransformChoice, WhitensADesignWithoutATrial) {
  // Two one-hot positions of three letters each: two null directions, four equal ones.
  Matrix<double> x(300, 6);
  for (std::size_t i = 0; i < 300; ++i) x(i, i % 3) = x(i, 3 + i / 3 % 3) = 1;
  std::vector<double> y(300);
  RandomStream(3, "test/y").fill_normal(0, y);
  const TransformChoice choice = Columns(std::move(x), std::move(y)).choice();
  EXPECT_EQ(choice.kind, TransformKind::whiten);
  EXPECT_THAT(choice.reason, testing::HasSubstr("nearly equal"));
}

TEST(TransformChoice, StandardisesWhereNothingCanBeTold) {
  EXPECT_THAT(redundant(159).choice().reason, testing::HasSubstr("from 4 rows a column on"));
  EXPECT_EQ(redundant(159).choice().kind, TransformKind::standardise);
  EXPECT_THAT(hidden(99).choice().reason, testing::HasSubstr("and 100 in all"));
  Columns two = hidden(400);
  for (std::size_t i = 0; i < 400; ++i) two.groups[i] = i < 200 ? 0 : 1;
  EXPECT_THAT(two.choice(true).reason, testing::HasSubstr("from 20 groups on"));
  Matrix<double> wide(120, kMostChosenColumns + 1);
  RandomStream(4, "test/wide").fill_normal(0, wide.values());
  EXPECT_THAT(Columns(std::move(wide), std::vector<double>(120)).choice().reason,
              testing::HasSubstr("up to 1024 columns"));
  Matrix<double> one(200, 2);
  for (std::size_t i = 0; i < 200; ++i) one(i, 1) = static_cast<double>(i);
  EXPECT_THAT(Columns(std::move(one), std::vector<double>(200)).choice().reason,
              testing::HasSubstr("one column is the same"));
}

TEST(TransformChoice, TakesGroupsWholeHoweverLarge) {
  Columns data = hidden(10000);
  for (std::size_t i = 0; i < 10000; ++i) data.groups[i] = static_cast<std::uint32_t>(i / 400);
  EXPECT_EQ(data.choice(true).kind, TransformKind::whiten);
  // One group of all rows but twenty-four: no part of the table can do without it.
  for (std::size_t i = 0; i < 10000; ++i) {
    data.groups[i] = static_cast<std::uint32_t>(i < 24 ? i : 24);
  }
  const TransformChoice unequal = data.choice(true);
  EXPECT_EQ(unequal.kind, TransformKind::standardise);
  EXPECT_THAT(unequal.reason, testing::HasSubstr("allow no trial"));
}

TEST(TransformChoice, RowsOfNoWeightAndColumnsThatDoNotVaryDoNotCount) {
  const Columns data = hidden(800);
  TrainingOptions options;
  options.width = 32;
  options.deployment_temperatures = {1};
  options.threads = 1;
  // The rows of the second half say the opposite of the first, and weigh nothing.
  std::vector<double> log_weights(800, 0.0);
  std::vector<double> rewards = data.rewards;
  for (std::size_t i = 400; i < 800; ++i) {
    log_weights[i] = -std::numeric_limits<double>::infinity();
    rewards[i] *= -100;
  }
  const RewardTable table{data.features, rewards, {}, log_weights};
  EXPECT_EQ(choose_transform(table, data.rows, options).kind, TransformKind::whiten);
  std::ranges::fill(std::span(log_weights).subspan(90), -std::numeric_limits<double>::infinity());
  EXPECT_THAT(choose_transform(table, data.rows, options).reason,
              testing::HasSubstr("and 100 in all"));
  Matrix<double> padded(400, 210);
  for (std::size_t i = 0; i < 400; ++i) {
    std::ranges::copy(data.features.values().row(i), padded.row(i).begin());
  }
  const Columns constant(std::move(padded), {data.rewards.begin(), data.rewards.begin() + 400});
  EXPECT_EQ(constant.choice().kind, TransformKind::whiten);
}

TEST(TransformChoice, CanBeCancelledDuringTheTrial) {
  const Columns data = redundant(400);
  TrainingOptions options;
  options.width = 32;
  options.deployment_temperatures = {1};
  CancellationToken token;
  int calls = 0;
  options.callbacks.cancellation = &token;
  options.callbacks.progress_interval = {};
  options.callbacks.progress = [&](const Progress&) {
    if (++calls == 20) token.request();
  };
  const TrainedReward reward = train_reward({data.features, data.rewards}, data.rows, options);
  EXPECT_TRUE(token.requested());
  EXPECT_TRUE(reward.deployments.empty());
}

TEST(TransformChoice, IsStandardisedWherePartOfTheRowsTeachNothing) {
  Columns data = redundant(400);
  std::ranges::fill(data.rewards, 0);
  data.rewards[7] = 1;
  const TransformChoice choice = data.choice();
  EXPECT_EQ(choice.kind, TransformKind::standardise);
  EXPECT_THAT(choice.reason, testing::HasSubstr("allow no trial"));
}

}  // namespace
}  // namespace esscher::internal
