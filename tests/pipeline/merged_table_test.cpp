#include "pipeline/merged_table.h"

#include <gtest/gtest.h>

#include <cmath>

#include "../support/all_rows.h"
#include "esscher/base/error.h"
#include "esscher/pipeline/table_evaluation.h"
#include "single_index_table.h"

namespace esscher::internal {
namespace {

using testing_support::SingleIndexTable;

/// A table whose rows are those of another, by number.
struct Repeated {
  Repeated(const SingleIndexTable& from, std::span<const std::uint64_t> rows)
      : features(gathered(from, rows)) {
    for (const std::uint64_t row : rows) rewards.push_back(from.rewards[row]);
  }
  static HeldFeatures gathered(const SingleIndexTable& from, std::span<const std::uint64_t> rows) {
    Matrix<double> x(rows.size(), from.features.columns());
    from.features.gather(rows, x.view());
    return HeldFeatures(std::move(x));
  }
  RewardTable table() const { return {features, rewards, {}, log_weights}; }

  HeldFeatures features;
  std::vector<double> rewards;
  std::vector<double> log_weights;
};

TrainingOptions quick() {
  TrainingOptions options;
  options.deployment_temperatures = {0.5};
  options.most_rounds = 1;
  return options;
}

std::vector<double> predictions(const TrainedReward& reward, const SingleIndexTable& at) {
  return predict_reward(reward, at.features, all_rows(at.rewards.size()),
                        TrainedReward::kFirstDeployment);
}

TEST(MergedTable, IsTheTableItselfWithoutCopies) {
  const SingleIndexTable data(50, 3, 1, 1);
  const std::vector<std::uint64_t> some{3, 7, 20};
  const MergedTable merged(data.table(), some, {}, 1);
  EXPECT_FALSE(merged.replicates());
  EXPECT_EQ(std::vector(merged.rows().begin(), merged.rows().end()), some);
  EXPECT_EQ(&merged.table().features, &data.features);
}

TEST(MergedTable, HasMeansAndSumsOfWeights) {
  const SingleIndexTable data(4, 2, 1, 1);
  const std::vector<std::uint64_t> rows{0, 1, 0, 2, 0};
  Repeated table(data, rows);
  table.rewards = {1, 5, 2, 7, 6};
  table.log_weights = {std::log(1.0), 0, std::log(2.0), std::log(3.0), std::log(1.0)};
  const MergedTable merged(table.table(), all_rows(5), {}, 1);
  const RewardTable found = merged.table();
  ASSERT_EQ(found.rewards.size(), 3);
  EXPECT_NEAR(found.rewards[0], (1 + 2 * 2 + 6) / 4.0, 1e-14);
  EXPECT_EQ(found.rewards[1], 5);
  EXPECT_EQ(found.rewards[2], 7);
  EXPECT_NEAR(std::exp(found.log_weights[0]), 4, 1e-14);
  EXPECT_NEAR(std::exp(found.log_weights[2]), 3, 1e-14);
  const std::vector<double> gold = merged.merged(std::vector<double>{4, 1, 4, 2, 4});
  EXPECT_EQ(gold, (std::vector<double>{4, 1, 2}));
  EXPECT_TRUE(merged.merged({}).empty());

  ASSERT_TRUE(merged.replicates());
  EXPECT_EQ(merged.replicates()->designs, 3);
  EXPECT_EQ(merged.replicates()->most, 3);
  EXPECT_EQ(merged.replicates()->most_row, 1);
  EXPECT_NEAR(merged.replicates()->share, 0.5, 1e-14);
  // Of 1, 2 and 6 about 3: 14 / (5 - 3).
  EXPECT_NEAR(merged.replicates()->noise_sd, std::sqrt(7.0), 1e-14);
}

TEST(MergedTable, SaysWhereOneDesignWeighsMuch) {
  Replicates replicates{.rows = 80, .designs = 60, .most = 21, .share = 0.26};
  EXPECT_NE(replicates.text().find("has 26 % of all weight"), std::string::npos);
  replicates = {.rows = 120, .designs = 12, .most = 10, .share = 1.0 / 12};  // what is due
  EXPECT_EQ(replicates.text().find("of all weight"), std::string::npos);
  replicates = {.rows = 80, .designs = 60, .most = 21, .share = 0.04};
  EXPECT_EQ(replicates.text().find("of all weight"), std::string::npos);
}

// Copies, weights and a mixture of both give the same reward.
TEST(MergedTable, CopiesAndWeightsGiveTheSameReward) {
  const SingleIndexTable data(150, 3, 1, 2);
  const TrainedReward plain = train_reward(data.table(), all_rows(150), quick());

  std::vector<std::uint64_t> thrice;
  for (int copy = 0; copy < 3; ++copy) {
    for (std::uint64_t i = 0; i < 150; ++i) thrice.push_back(i);
  }
  const Repeated copies(data, thrice);
  const TrainedReward again = train_reward(copies.table(), all_rows(450), quick());
  ASSERT_TRUE(again.replicates);
  EXPECT_EQ(again.replicates->noise_sd, 0);
  EXPECT_NE(again.replicates->text().find("copies"), std::string::npos);
  const std::vector<double> before = predictions(plain, data);
  const std::vector<double> after = predictions(again, data);
  for (std::size_t i = 0; i < 150; ++i) EXPECT_NEAR(before[i], after[i], 1e-7) << i;

  // Every third row twice, by copies and by weights.
  std::vector<std::uint64_t> some = all_rows(150);
  std::vector<double> log_weights(150);
  for (std::uint64_t i = 0; i < 150; i += 3) {
    some.push_back(i);
    log_weights[i] = std::log(2.0);
  }
  const Repeated twice(data, some);
  RewardTable weighted = data.table();
  weighted.log_weights = log_weights;
  const std::vector<double> by_copies =
      predictions(train_reward(twice.table(), all_rows(200), quick()), data);
  const std::vector<double> by_weights =
      predictions(train_reward(weighted, all_rows(150), quick()), data);
  for (std::size_t i = 0; i < 150; ++i) EXPECT_NEAR(by_copies[i], by_weights[i], 1e-7) << i;
}

TEST(MergedTable, EvaluationDoesNotSeeCopies) {
  const SingleIndexTable data(200, 3, 1, 3);
  std::vector<std::uint64_t> twice;
  for (std::uint64_t i = 0; i < 400; ++i) twice.push_back(i % 200);
  const Repeated copies(data, twice);
  EvaluationOptions options;
  options.training = quick();
  options.bootstrap = 0;
  const TableEvaluation plain = evaluate_table(data.table(), options);
  const TableEvaluation again = evaluate_table(copies.table(), options);
  EXPECT_FALSE(plain.replicates);
  ASSERT_TRUE(again.replicates);
  const TablePolicyValue& before = plain.rewards[0].policies[0];
  const TablePolicyValue& after = again.rewards[0].policies[0];
  EXPECT_NEAR(before.gain.value, after.gain.value, 1e-6);
  EXPECT_NEAR(before.value.standard_error, after.value.standard_error, 1e-6);
}

// Noise that was measured four times a design tells nothing of other designs. By one-sided 2.5 %
// limits a run admits a temperature with probability 0.025 at most; two or more of 12 do with
// probability 0.04 at that rate. Seeds are fixed.
TEST(MergedTable, ReplicatedNoiseHasNoSafeTemperature) {
  int admitted = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const SingleIndexTable data(120, 4, 1, seed);
    std::vector<std::uint64_t> four;
    for (std::uint64_t i = 0; i < 480; ++i) four.push_back(i / 4);
    Repeated noise(data, four);
    // Of each design a level of its own, and noise about it.
    std::vector<double> level(120);
    RandomStream(seed, "test/level").fill_normal(0, level);
    RandomStream(seed, "test/label").fill_normal(0, noise.rewards);
    for (std::size_t i = 0; i < 480; ++i) noise.rewards[i] = level[i / 4] + 0.3 * noise.rewards[i];
    EvaluationOptions options;
    options.training = quick();
    options.training.deployment_temperatures = {4, 2, 1, 0.5};
    options.training.folds = 2;
    const TableEvaluation evaluation = evaluate_table(noise.table(), options);
    if (evaluation.rewards[0].advice.admissible) ++admitted;
    // The standard deviation of 0.3 is known to 0.3 / sqrt(2 * 360), three of which are allowed.
    EXPECT_NEAR(evaluation.replicates->noise_sd, 0.3, 0.034);
  }
  EXPECT_LE(admitted, 1);
}

// The same of plain copies and of little noise within designs, with and without groups: three or
// more of 24 runs admit with probability 0.02 at the rate of 0.025. bench/false_admissions runs
// more.
TEST(MergedTable, CopiedNoiseHasNoSafeTemperature) {
  int admitted = 0;
  for (const std::uint64_t copies : {2, 4, 10}) {
    for (const double within : {0.0, 0.1}) {
      for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        const SingleIndexTable data(96, 4, 1, seed + 100 * copies);
        std::vector<std::uint64_t> some;
        std::vector<std::uint32_t> groups;
        for (std::uint64_t i = 0; i < 96 * copies; ++i) {
          some.push_back(i % 96);
          groups.push_back(static_cast<std::uint32_t>(i % 96 / 6));
        }
        Repeated noise(data, some);
        std::vector<double> level(96);
        RandomStream(seed, "test/level").fill_normal(0, level);
        RandomStream(seed, "test/label").fill_normal(0, noise.rewards);
        for (std::size_t i = 0; i < some.size(); ++i) {
          noise.rewards[i] = level[i % 96] + within * noise.rewards[i];
        }
        EvaluationOptions options;
        options.training = quick();
        options.training.deployment_temperatures = {4, 1};
        options.training.folds = 2;
        RewardTable table = noise.table();
        if (seed % 2 == 0) table.groups = groups;
        if (evaluate_table(table, options).rewards[0].advice.admissible) ++admitted;
      }
    }
  }
  EXPECT_LE(admitted, 2);
}

// Families of four rows, each a design with a little of its own: errors are those of 60 families,
// and a fold holds whole ones.
TEST(MergedTable, ClustersStayTogether) {
  const SingleIndexTable families(60, 3, 1, 5);
  std::vector<std::uint64_t> four;
  std::vector<std::uint32_t> clusters;
  for (std::uint64_t i = 0; i < 240; ++i) {
    four.push_back(i / 4);
    clusters.push_back(static_cast<std::uint32_t>(i / 4));
  }
  Repeated copies(families, four);
  Matrix<double> x = copies.features.values();
  for (std::size_t i = 0; i < 240; ++i) x(i, 2) += 1e-3 * static_cast<double>(i % 4);
  const HeldFeatures features(std::move(x));
  RewardTable table{features, copies.rewards};
  EvaluationOptions options;
  options.training = quick();
  options.training.deployment_temperatures = {2};
  const TableEvaluation alone = evaluate_table(table, options);
  table.clusters = clusters;
  const TableEvaluation together = evaluate_table(table, options);
  EXPECT_FALSE(together.replicates);
  const auto error = [](const TableEvaluation& evaluation) {
    return evaluation.rewards.back().policies[0].reference.standard_error;
  };
  // Of means of four copies: twice that of four draws.
  EXPECT_NEAR(error(together) / error(alone), 2, 0.1);
  // A row alone sees its copies in other folds.
  EXPECT_LT(together.rewards[1].correlation, alone.rewards[1].correlation);
}

// Clusters that share a design are one, and groups stay whole.
TEST(MergedTable, JoinsClustersThatShareADesign) {
  const SingleIndexTable data(6, 2, 1, 1);
  const Repeated table(data, std::vector<std::uint64_t>{0, 1, 0, 2, 3, 4});
  const std::vector<std::uint32_t> clusters{7, 7, 3, 3, 1, 1};
  RewardTable clustered = table.table();
  clustered.clusters = clusters;
  const MergedTable merged(clustered, all_rows(6), {}, 1);
  const RewardTable found = merged.table();
  EXPECT_EQ(std::vector(found.clusters.begin(), found.clusters.end()),
            (std::vector<std::uint32_t>{0, 0, 0, 1, 1}));
  EXPECT_EQ(merged.units(), 2);
  EXPECT_EQ(merged.folds(0, 2), 2);
  EXPECT_EQ(merged.folds(4, 2), 4);
}

TEST(MergedTable, TakesFewDesigns) {
  // Six designs of one column, 50 rows each.
  Matrix<double> x(300, 1);
  std::vector<double> y(300);
  RandomStream(1, "test/y").fill_normal(0, y);
  for (std::size_t i = 0; i < 300; ++i) {
    x(i, 0) = static_cast<double>(i % 6);
    y[i] += x(i, 0);
  }
  const HeldFeatures features(std::move(x));
  const RewardTable table{features, y};
  EXPECT_NO_THROW(train_reward(table, all_rows(300), quick()));
  EvaluationOptions options;
  options.training = quick();
  const TableEvaluation evaluation = evaluate_table(table, options);
  EXPECT_EQ(evaluation.folds.size(), 3);
  EXPECT_NEAR(evaluation.replicates->noise_sd, 1, 0.15);  // 1 / sqrt(2 * 294), three and a half
}

TEST(MergedTable, RefusesOneDesign) {
  const HeldFeatures features(Matrix<double>(30, 2, 1.5));
  std::vector<double> y(30);
  RandomStream(1, "test/y").fill_normal(0, y);
  EXPECT_THROW(train_reward({features, y}, all_rows(30), quick()), DataError);
}

TEST(MergedTable, MeasuresReliabilityWithinGroups) {
  const SingleIndexTable data(20, 2, 1, 1);
  std::vector<std::uint64_t> twice;
  std::vector<std::uint32_t> groups;
  for (std::uint64_t i = 0; i < 40; ++i) {
    twice.push_back(i / 2);
    groups.push_back(static_cast<std::uint32_t>(i / 10));
  }
  Repeated table(data, twice);
  RandomStream(1, "test/noise").fill_normal(0, table.rewards);
  for (std::size_t i = 0; i < 40; ++i) table.rewards[i] += 100.0 * groups[i];
  RewardTable grouped = table.table();
  grouped.groups = groups;
  const MergedTable merged(grouped, all_rows(40), {}, 1);
  EXPECT_LT(merged.replicates()->reliability, 0.6);
}

TEST(MergedTable, LooksAtEachRewardThatIsTransformed) {
  const SingleIndexTable data(6, 2, 1, 1);
  Repeated table(data, std::vector<std::uint64_t>{0, 0, 1, 2, 3});
  table.rewards = {5, -2, 1, 2, 3};
  EXPECT_THROW(MergedTable(table.table(), all_rows(5), {.kind = RewardTransformKind::log1p}, 1),
               DataError);
}

TEST(MergedTable, RefusesARewardThatIsNotFiniteByItsOwnRow) {
  const SingleIndexTable data(6, 2, 1, 1);
  Repeated table(data, std::vector<std::uint64_t>{0, 0, 1, 2, 3});
  table.rewards[3] = std::nan("");
  try {
    const MergedTable merged(table.table(), all_rows(5), {}, 1);
    FAIL() << "took nan";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("row 4"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace esscher::internal
