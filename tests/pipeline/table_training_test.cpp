#include "esscher/pipeline/table_training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>

#include "esscher/base/error.h"
#include "esscher/base/random.h"

namespace esscher {
namespace {

/// n rows of d normals with reward scale * (tanh(2 x_1) + 0.1 noise) + shift, in groups of 5.
struct Table {
  Table(std::size_t n, std::size_t d, double scale = 1, double shift = 0)
      : features(make(n, d)), rewards(n), groups(n), rows(n) {
    RandomStream(11, "test/noise").fill_normal(0, rewards);
    for (std::size_t i = 0; i < n; ++i) {
      rewards[i] = scale * (std::tanh(2 * features.values()(i, 0)) + 0.1 * rewards[i]) + shift;
      groups[i] = static_cast<std::uint32_t>(i / 5);
    }
    std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  }
  static HeldFeatures make(std::size_t n, std::size_t d) {
    Matrix<double> x(n, d);
    RandomStream(12, "test/x").fill_normal(0, x.values());
    return HeldFeatures(std::move(x));
  }
  RewardTable table() const { return {features, rewards}; }

  HeldFeatures features;
  std::vector<double> rewards;
  std::vector<std::uint32_t> groups;
  std::vector<std::uint64_t> rows;
};

constexpr double kHard = 0.05;

TrainingOptions small_options(std::vector<double> betas = {0.5}) {
  TrainingOptions options;
  options.deployment_temperatures = std::move(betas);
  return options;
}

double correlation(std::span<const double> a, std::span<const double> b) {
  const auto n = static_cast<double>(a.size());
  const double ma = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mb = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) * (a[i] - ma);
    bb += (b[i] - mb) * (b[i] - mb);
  }
  return ab / std::sqrt(aa * bb);
}

std::vector<double> column(const Matrix<double>& matrix, std::size_t j) {
  std::vector<double> values;
  for (std::size_t i = 0; i < matrix.rows(); ++i) values.push_back(matrix(i, j));
  return values;
}

TEST(TableTraining, LearnsASingleIndexRewardThatALinearOneMisses) {
  // The linear part of tanh(2z) explains 0.86 of its variance: correlation 0.93 at most.
  Table data(2000, 10);
  const std::span<const std::uint64_t> rows = data.rows;
  TrainingOptions options = small_options();
  const TrainedReward reward = train_reward(data.table(), rows.first(800), options);
  const Matrix<double> predictions = predict_rewards(reward, data.features, rows.subspan(800));
  const std::span<const double> truth = std::span(data.rewards).subspan(800);
  EXPECT_GT(correlation(column(predictions, TrainedReward::kFirstDeployment), truth), 0.97);
  EXPECT_LT(correlation(column(predictions, TrainedReward::kLinear), truth), 0.95);
}

TEST(TableTraining, HasTheSameBitsForAnyNumberOfThreads) {
  const Table data(600, 6);
  TrainingOptions options = small_options({1, 0.5});
  options.weights = {FitWeights::label, FitWeights::surrogate, FitWeights::automatic};
  options.threads = 1;
  const TrainedReward one = train_reward(data.table(), data.rows, options);
  options.threads = 3;
  const TrainedReward three = train_reward(data.table(), data.rows, options);
  ASSERT_EQ(one.heads.size(), three.heads.size());
  EXPECT_EQ(predict_rewards(one, data.features, data.rows, 1),
            predict_rewards(three, data.features, data.rows, 2));
}

TEST(TableTraining, FollowsTheUnitOfTheReward) {
  const Table data(500, 5);
  // Powers of two, so that nothing but the shift rounds.
  const Table scaled(500, 5, 4, 32);
  const TrainedReward a = train_reward(data.table(), data.rows, small_options({0.5}));
  const TrainedReward b = train_reward(scaled.table(), scaled.rows, small_options({2}));
  EXPECT_EQ(a.deployments[0].head, b.deployments[0].head);
  const Matrix<double> ra = predict_rewards(a, data.features, data.rows);
  const Matrix<double> rb = predict_rewards(b, scaled.features, scaled.rows);
  ASSERT_EQ(ra.columns(), rb.columns());
  // Labels agree to 1e-15; stage 1 rounds to single precision, which passes that on.
  for (std::size_t i = 0; i < ra.rows(); ++i) {
    EXPECT_NEAR(rb(i, 0), 4 * ra(i, 0) + 32, 1e-4);
  }
}

TEST(TableTraining, DoesNotSeeAConstantOfAGroup) {
  Table data(400, 5);
  RewardTable table = data.table();
  table.groups = data.groups;
  const TrainedReward plain = train_reward(table, data.rows, small_options());
  std::vector<double> shifted = data.rewards;
  for (std::size_t i = 0; i < shifted.size(); ++i) shifted[i] += 8.0 * data.groups[i];
  table.rewards = shifted;
  const TrainedReward moved = train_reward(table, data.rows, small_options());
  const Matrix<double> a = predict_rewards(plain, data.features, data.rows);
  const Matrix<double> b = predict_rewards(moved, data.features, data.rows);
  // Shifts up to 640 cost the labels three digits.
  for (std::size_t i = 0; i < a.rows(); ++i) EXPECT_NEAR(a(i, 0), b(i, 0), 1e-4);
}

TEST(TableTraining, LearnsWithinGroupsWhereFeaturesVaryMostlyBetweenThem) {
  // The first feature is a candidate's own part plus ten times its group's, and only the
  // candidate's part pays. On uncentred features its slope would be about 1/100.
  Table data(800, 3);
  Matrix<double> x = data.features.values();
  std::vector<double> level(160);
  RandomStream(13, "test/level").fill_normal(0, level);
  for (std::size_t i = 0; i < 800; ++i) {
    data.rewards[i] = x(i, 0) + 0.1 * data.rewards[i];
    x(i, 0) += 10 * level[data.groups[i]];
  }
  const HeldFeatures features(x);
  const RewardTable table{features, data.rewards, data.groups};
  TrainingOptions options = small_options();
  options.transform = TransformKind::whiten;
  const TrainedReward reward = train_reward(table, data.rows, options);
  EXPECT_FALSE(reward.ceiling);
  const Matrix<double> predictions = predict_rewards(reward, features, data.rows);
  // Slope within groups of predictions on rewards, for plain regression and the linear baseline.
  for (const std::size_t column : {TrainedReward::kUniform, TrainedReward::kLinear}) {
    double ry = 0;
    double yy = 0;
    for (std::size_t first = 0; first < 800; first += 5) {
      for (std::size_t i = first + 1; i < first + 5; ++i) {
        const double dy = data.rewards[i] - data.rewards[first];
        ry += dy * (predictions(i, column) - predictions(first, column));
        yy += dy * dy;
      }
    }
    EXPECT_NEAR(ry / yy, 1, column == TrainedReward::kUniform ? 0.25 : 0.05) << column;
  }
}

TEST(TableTraining, CutsRewardsOffAtTheLargestSeen) {
  Table data(300, 4);
  for (std::size_t i = 0; i < 300; ++i) data.rewards[i] = data.features.values()(i, 0);
  const double greatest = std::ranges::max(data.rewards);
  const TrainedReward reward = train_reward(data.table(), data.rows, small_options());
  Matrix<double> far(1, 4);
  far(0, 0) = 50;
  const std::vector<std::uint64_t> first{0};
  const Matrix<double> predictions = predict_rewards(reward, HeldFeatures(std::move(far)), first);
  EXPECT_NEAR(predictions(0, 0), greatest, 1e-12);
  EXPECT_NEAR(predictions(0, TrainedReward::kLinear), greatest, 1e-12);
}

TEST(TableTraining, TransformedRewardsAreLearnedAndComeBackInTheirUnit) {
  // e^{3 x_1 + noise} - 1: least squares on it sees a few rows only, its logarithm is linear.
  Table data(1400, 5);
  std::vector<double> truth;
  for (std::size_t i = 0; i < data.rewards.size(); ++i) {
    const double z = data.features.values()(i, 0);
    data.rewards[i] = std::expm1(3 * z + (data.rewards[i] - std::tanh(2 * z)));
    truth.push_back(std::expm1(3 * z));
  }
  const std::span<const std::uint64_t> half(data.rows.data(), 400);
  const std::span<const std::uint64_t> unseen(data.rows.data() + 400, 1000);
  const auto rank_correlation = [&](const char* transform) {
    TrainingOptions options = small_options({20});
    options.weights = {FitWeights::uniform};
    options.reward_transform = parse_reward_transform(transform);
    const TrainedReward reward = train_reward(data.table(), half, options);
    const std::vector<double> predicted = column(predict_rewards(reward, data.features, unseen), 0);
    // Never beyond what was seen: predictions are in the reward's own unit.
    const double most = *std::max_element(data.rewards.begin(), data.rewards.begin() + 400);
    EXPECT_LE(*std::ranges::max_element(predicted), most * (1 + 1e-12)) << transform;
    std::vector<double> logs;
    std::vector<double> true_logs;
    for (std::size_t i = 0; i < predicted.size(); ++i) {
      logs.push_back(std::log(std::max(predicted[i] + 1, 1e-3)));
      true_logs.push_back(std::log(truth[400 + i] + 1));
    }
    return correlation(logs, true_logs);
  };
  EXPECT_GT(rank_correlation("log1p"), 0.98);
  EXPECT_GT(rank_correlation("rank"), 0.95);
  EXPECT_LT(rank_correlation("none"), 0.9);
}

TEST(TableTraining, ATransformThatChangesNothingChangesNoReward) {
  const Table data(400, 4);
  TrainingOptions options = small_options();
  const TrainedReward plain = train_reward(data.table(), data.rows, options);
  options.reward_transform = parse_reward_transform("clip:0,1");
  const TrainedReward clipped = train_reward(data.table(), data.rows, options);
  const Matrix<double> expected = predict_rewards(plain, data.features, data.rows);
  const Matrix<double> actual = predict_rewards(clipped, data.features, data.rows);
  // Weights are exponentials of pilots that have been through one more rounding.
  for (std::size_t i = 0; i < expected.rows(); ++i) {
    for (std::size_t j = 0; j < expected.columns(); ++j) {
      EXPECT_NEAR(actual(i, j), expected(i, j), 1e-9);
    }
  }
}

TEST(TableTraining, RefusesToUndoATransformWithinGroups) {
  const Table data(100, 3);
  const RewardTable grouped{data.features, data.rewards, data.groups};
  TrainingOptions options = small_options();
  options.reward_transform = parse_reward_transform("rank");
  EXPECT_THROW(train_reward(grouped, data.rows, options), UsageError);
  options.reward_transform = parse_reward_transform("clip:0.1,0.9");
  EXPECT_NO_THROW(train_reward(grouped, data.rows, options));
}

TEST(TableTraining, LearnsFromASingleFeature) {
  Table data(400, 1);
  const TrainedReward reward = train_reward(data.table(), data.rows, small_options());
  const Matrix<double> predictions = predict_rewards(reward, data.features, data.rows);
  EXPECT_GT(correlation(column(predictions, TrainedReward::kFirstDeployment), data.rewards), 0.97);
}

TEST(TableTraining, AutomaticWeightsSayWhatTheyTook) {
  const Table data(800, 5);
  const TrainedReward reward = train_reward(data.table(), data.rows, small_options({1, 0.1}));
  ASSERT_EQ(reward.deployments.size(), 2);
  for (const Deployment& deployment : reward.deployments) {
    EXPECT_FALSE(deployment.reason.empty());
    const RewardHead& head = reward.heads[deployment.head];
    if (head.weight_temperature) {
      EXPECT_GE(*head.weight_temperature, deployment.beta * (1 - 1e-9));
    }
  }
  EXPECT_EQ(reward.heads[0].weights, ReadoutWeights::uniform);
  EXPECT_EQ(&reward.deployment(FitWeights::automatic, 0.1), &reward.deployments[1]);
}

/// E y under the policy tilted by r, over all rows.
double tilted_mean(std::span<const double> r, std::span<const double> y, double beta) {
  const double top = std::ranges::max(r);
  double total = 0;
  double sum = 0;
  for (std::size_t i = 0; i < r.size(); ++i) {
    total += std::exp((r[i] - top) / beta);
    sum += std::exp((r[i] - top) / beta) * y[i];
  }
  return sum / total;
}

/// Mean over its standard error.
double student_t(std::span<const double> differences) {
  const auto n = static_cast<double>(differences.size());
  const double mean = std::accumulate(differences.begin(), differences.end(), 0.0) / n;
  double squares = 0;
  for (const double d : differences) squares += (d - mean) * (d - mean);
  return mean / std::sqrt(squares / (n - 1) / n);
}

TEST(TableTraining, AutomaticWeightsHoldWhereSurrogateOnesCollapse) {
  // Of 100 rows tilted hard a handful carry the surrogate weights. Forty disjoint training sets,
  // valued on all rows.
  const Table data(4000, 8);
  TrainingOptions options = small_options({kHard});
  options.weights = {FitWeights::uniform, FitWeights::surrogate, FitWeights::automatic};
  const std::span<const std::uint64_t> rows = data.rows;
  std::array<std::vector<double>, 2> leads;  // of auto over uniform, and over surrogate weights
  for (std::size_t set = 0; set < 40; ++set) {
    const TrainedReward reward = train_reward(data.table(), rows.subspan(100 * set, 100), options);
    std::array<double, 3> values{};
    for (std::size_t kind = 0; kind < 3; ++kind) {
      values[kind] = tilted_mean(
          predict_reward(reward, data.features, rows, reward.column(options.weights[kind], kHard)),
          data.rewards, kHard);
    }
    for (std::size_t kind = 0; kind < 2; ++kind) leads[kind].push_back(values[2] - values[kind]);
  }
  // Student's t of forty pairs. Were auto no better than surrogate weights, t > 4 would have
  // probability 2e-4; were it no worse than plain regression, t < -4 at most as much.
  EXPECT_GT(student_t(leads[1]), 4);
  EXPECT_GT(student_t(leads[0]), -4);
}

TEST(TableTraining, TellsWhatTheRewardTurnsOn) {
  const Table data(400, 6);
  for (const TransformKind kind : {TransformKind::standardise, TransformKind::whiten}) {
    TrainingOptions options = small_options();
    options.transform = kind;
    const TrainedReward reward = train_reward(data.table(), data.rows, options);
    ASSERT_EQ(reward.importance.columns.size(), 6);
    EXPECT_NEAR(
        std::accumulate(reward.importance.columns.begin(), reward.importance.columns.end(), 0.0), 1,
        1e-12);
    EXPECT_GT(reward.importance.columns[0], 0.8);
    ASSERT_FALSE(reward.importance.directions.empty());
    EXPECT_GT(reward.importance.directions[0], 0.8);
    EXPECT_TRUE(std::ranges::is_sorted(reward.importance.directions, std::greater{}));
    ASSERT_LT(reward.chosen_round, reward.rounds.size());
    EXPECT_LT(reward.rounds[reward.chosen_round].error, 0.2);
  }
}

TEST(TableTraining, IsNoWorseThanTheMeanOnAFewNoisyRows) {
  // 64 rows of noise in thirty columns: a fit that trusts what it has seen errs by more than the
  // mean does.
  double error = 0;
  double by_mean = 0;
  for (std::size_t set = 0; set < 10; ++set) {
    Table data(264, 30);
    RandomStream(100 + set, "test/pure").fill_normal(0, data.rewards);
    const std::span<const std::uint64_t> rows = data.rows;
    const TrainedReward reward = train_reward(data.table(), rows.first(64), small_options());
    const std::vector<double> r =
        predict_reward(reward, data.features, rows.subspan(64), TrainedReward::kUniform);
    for (std::size_t i = 0; i < r.size(); ++i) {
      error += std::pow(data.rewards[64 + i] - r[i], 2);
      by_mean += std::pow(data.rewards[64 + i] - reward.reward_mean, 2);
    }
  }
  // Of 2000 rows; chosen by chance on 64 labels a penalty may cost some.
  EXPECT_LT(error, 1.05 * by_mean);
}

TEST(TableTraining, BoundsWhatAColumnThatHardlyVariesCanDo) {
  // One row in three hundred has a 1: a row of 1e6 is nothing that was seen.
  Table data(300, 3);
  Matrix<double> x = data.features.values();
  for (std::size_t i = 0; i < 300; ++i) x(i, 2) = i == 17 ? 1 : 0;
  const HeldFeatures features(x);
  const RewardTable table{features, data.rewards};
  const TrainedReward reward = train_reward(table, data.rows, small_options());
  Matrix<double> far(1, 3);
  far(0, 2) = 1e6;
  const std::vector<std::uint64_t> first{0};
  const Matrix<double> r = predict_rewards(reward, HeldFeatures(std::move(far)), first);
  EXPECT_LE(std::abs(r(0, TrainedReward::kUniform)), 2);
  EXPECT_LE(std::abs(r(0, TrainedReward::kLinear)), 20);
}

TEST(TableTraining, TakesLandmarksWhereRowsAreMany) {
  const Table data(700, 4);
  TrainingOptions options = small_options();
  options.landmarks = 50;
  const TrainedReward reward = train_reward(data.table(), data.rows, options);
  EXPECT_EQ(reward.landmarks.rows(), 50);
  const Matrix<double> predictions = predict_rewards(reward, data.features, data.rows);
  EXPECT_GT(correlation(column(predictions, TrainedReward::kUniform), data.rewards), 0.97);
}

TEST(TableTraining, AColumnSqueezedByOneValueDoesNotEndTheFit) {
  // Mostly zero, so that quartiles do not tell its scale: beside 1e9 all that it tells is rounding,
  // which a metric would stretch again.
  Matrix<double> x(200, 2);
  RandomStream(13, "test/squeezed").fill_normal(0, x.values());
  std::vector<double> y(200);
  for (std::size_t i = 0; i < 200; ++i) {
    if (i % 10 < 7) x(i, 0) = 0;
    y[i] = 2 * x(i, 0) + x(i, 1);
  }
  x(3, 0) = 1e9;
  const HeldFeatures features(x);
  std::vector<std::uint64_t> rows(200);
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  const TrainedReward reward = train_reward({features, y}, rows, small_options());
  const Matrix<double> predicted = predict_rewards(reward, features, rows, 1);
  std::vector<double> first(200);
  for (std::size_t i = 0; i < 200; ++i) first[i] = predicted(i, TrainedReward::kFirstDeployment);
  EXPECT_GT(correlation(first, y), 0.4);
}

}  // namespace
}  // namespace esscher
