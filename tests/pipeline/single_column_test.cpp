#include "pipeline/single_column.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "esscher/data/folds.h"
#include "single_index_table.h"

namespace esscher::internal {
namespace {

using testing_support::SingleIndexTable;

/// Columns "0", "1", ... of a table.
std::vector<ColumnBlock> columns_of(const FeatureRows& features) {
  std::vector<ColumnBlock> columns;
  for (std::size_t i = 0; i < features.columns(); ++i) columns.push_back({std::to_string(i), i});
  return columns;
}

std::optional<SingleColumn> found(const RewardTable& table, double fitted,
                                  const std::vector<ColumnBlock>& columns) {
  const std::vector<std::uint32_t> folds = assign_folds(table.rewards.size(), table.groups, 5, 1);
  return telling_column(table, table.rewards, folds, columns, fitted, 1, 1);
}

TEST(SingleColumn, IsFoundByWhatItPredicts) {
  // tanh(2 x_0) + noise of 0.3: a correlation of 0.93 could be had.
  const SingleIndexTable data(500, 4, 1, 1);
  const auto column = found(data.table(), 0.92, columns_of(data.features));
  ASSERT_TRUE(column);
  EXPECT_EQ(column->name, "0");
  // Bins of 32 lose little.
  EXPECT_NEAR(column->correlation, 0.92, 0.02);
  EXPECT_NEAR(column->share, column->correlation / 0.92, 1e-12);
}

TEST(SingleColumn, IsFoundWithinGroups) {
  SingleIndexTable data(500, 4, 5, 2);
  for (std::size_t i = 0; i < 500; ++i) data.rewards[i] += 10.0 * std::sin(data.groups[i]);
  const auto column = found(data.table(true), 0.92, columns_of(data.features));
  ASSERT_TRUE(column);
  EXPECT_EQ(column->name, "0");
}

TEST(SingleColumn, NeedNotBeMonotone) {
  SingleIndexTable data(600, 3, 1, 3);
  for (std::size_t i = 0; i < 600; ++i) {
    const double x = data.features.values()(i, 1);
    data.rewards[i] = x * x + 0.1 * data.rewards[i];
  }
  const auto column = found(data.table(), 0.98, columns_of(data.features));
  ASSERT_TRUE(column);
  EXPECT_EQ(column->name, "1");
}

TEST(SingleColumn, MayBeACategory) {
  Matrix<double> x(300, 5);
  std::vector<double> y(300);
  RandomStream(5, "test/y").fill_normal(0, y);
  for (std::size_t i = 0; i < 300; ++i) {
    x(i, i % 4) = 1;
    x(i, 4) = std::sin(static_cast<double>(i));
    y[i] = 0.2 * y[i] + (i % 4 == 1 || i % 4 == 2 ? 1 : 0);
  }
  const HeldFeatures features(std::move(x));
  const std::vector<ColumnBlock> columns{{"batch", 0, 4}, {"x", 4}};
  const auto column = found({features, y}, 0.95, columns);
  ASSERT_TRUE(column);
  EXPECT_EQ(column->name, "batch");
}

// By five standard errors of independence a column of noise passes with probability 6e-7.
TEST(SingleColumn, IsNoneWhereAllIsNoise) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SingleIndexTable data(200, 8, 4, seed);
    RandomStream(seed, "test/pure").fill_normal(0, data.rewards);
    EXPECT_FALSE(found(data.table(seed % 2 == 0), 0.05, columns_of(data.features))) << seed;
  }
}

TEST(SingleColumn, IsNoneWhereItIsAllThatVariesOrGivesLess) {
  SingleIndexTable data(300, 1, 1, 1);
  EXPECT_FALSE(found(data.table(), 0.92, columns_of(data.features)));
  Matrix<double> x(300, 2, 7.0);
  for (std::size_t i = 0; i < 300; ++i) x(i, 0) = data.features.values()(i, 0);
  const HeldFeatures constant(std::move(x));
  EXPECT_FALSE(found({constant, data.rewards}, 0.92, columns_of(constant)));
  // Two columns that share the reward evenly: 0.7 of the correlation each.
  SingleIndexTable two(500, 3, 1, 4);
  for (std::size_t i = 0; i < 500; ++i) {
    two.rewards[i] = two.features.values()(i, 0) + two.features.values()(i, 1);
  }
  EXPECT_FALSE(found(two.table(), 1, columns_of(two.features)));
  EXPECT_FALSE(found(two.table(), 0, columns_of(two.features)));
}

TEST(SingleColumn, IsNamedInTheVerdict) {
  const SingleIndexTable data(300, 3, 1, 1);
  EvaluationOptions options;
  options.training.deployment_temperatures = {1};
  options.training.most_rounds = 1;
  options.bootstrap = 0;
  EXPECT_FALSE(evaluate_table(data.table(), options).single_column);
  const std::vector<ColumnBlock> columns{{"length", 0}, {"b", 1}, {"c", 2}};
  options.columns = columns;
  const TableEvaluation evaluation = evaluate_table(data.table(), options);
  ASSERT_TRUE(evaluation.single_column);
  EXPECT_EQ(evaluation.single_column->name, "length");
  EXPECT_THAT(evaluation.rewards[0].advice.verdict, testing::HasSubstr("'length' alone gives"));
  EXPECT_THAT(evaluation.rewards[0].advice.verdict,
              testing::HasSubstr("is it known when a candidate is chosen?"));
}

}  // namespace
}  // namespace esscher::internal
