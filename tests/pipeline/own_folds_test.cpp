// Folds that the user names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "../support/all_rows.h"
#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/pipeline/table_evaluation.h"
#include "pipeline/merged_table.h"
#include "single_index_table.h"

namespace esscher {
namespace {

using testing_support::SingleIndexTable;

const std::vector<std::string> kNames{"spring", "summer", "autumn"};

EvaluationOptions own_options() {
  EvaluationOptions options;
  options.training.deployment_temperatures = {1};
  options.training.most_rounds = 1;
  options.training.threads = 1;
  options.bootstrap = 0;
  return options;
}

/// Of sizes 90, 60 and 30 of 180.
std::vector<std::uint32_t> three_folds() {
  std::vector<std::uint32_t> folds;
  for (std::size_t i = 0; i < 180; ++i) folds.push_back(i % 6 < 3 ? 0 : i % 6 < 5 ? 1 : 2);
  return folds;
}

TEST(OwnFolds, AreHeldOutOneAfterTheOther) {
  const SingleIndexTable data(180, 3, 1, 1);
  const std::vector<std::uint32_t> folds = three_folds();
  RewardTable table = data.table();
  table.folds = folds;
  table.fold_names = kNames;
  const TableEvaluation evaluation = evaluate_table(table, own_options());
  ASSERT_EQ(evaluation.folds.size(), 3U);
  const std::array<std::uint64_t, 3> sizes{90, 60, 30};
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(evaluation.folds[k].name, kNames[k]);
    EXPECT_EQ(evaluation.folds[k].held_out, sizes[k]);
    EXPECT_EQ(evaluation.folds[k].rows, 180 - sizes[k]);
    EXPECT_GT(evaluation.folds[k].correlation, 0.5);
  }
}

// A column that tells the fold: no fit may learn its level from the fold that is held out, so that
// levels of folds do not help, neither in the evaluation nor inside.
TEST(OwnFolds, AreKeptWholeInsideAFit) {
  const SingleIndexTable data(180, 3, 1, 1);
  const std::vector<std::uint32_t> folds = three_folds();
  RewardTable table = data.table();
  table.folds = folds;
  const std::vector<std::uint64_t> rows = all_rows(180);
  EXPECT_EQ(internal::units_of_folds(table, rows).of_row, folds);
  EXPECT_EQ(internal::units_of_folds(table, rows).name, "fold");
  std::vector<std::uint64_t> one;
  for (std::uint64_t i = 0; i < 180; ++i) {
    if (folds[i] == 2) one.push_back(i);
  }
  EXPECT_TRUE(internal::units_of_folds(table, one).of_row.empty());
  // Three folds, though five are the default.
  EXPECT_NO_THROW(train_reward(table, rows, own_options().training));
  TrainingOptions four = own_options().training;
  four.folds = 4;
  EXPECT_THROW(train_reward(table, rows, four), UsageError);
}

// Rows of one fold are split by their clusters, and what is too few of them are no folds.
TEST(OwnFolds, RowsOfOneFoldAreSplitByClusters) {
  const SingleIndexTable data(180, 3, 1, 1);
  const std::vector<std::uint32_t> folds = three_folds();
  std::vector<std::uint32_t> clusters;
  std::vector<std::uint64_t> one;
  for (std::uint64_t i = 0; i < 180; ++i) {
    clusters.push_back(static_cast<std::uint32_t>(i % 3 + 3 * folds[i]));
    if (folds[i] == 0) one.push_back(i);
  }
  RewardTable table = data.table();
  table.folds = folds;
  table.clusters = clusters;
  EXPECT_EQ(internal::units_of_folds(table, one).name, "cluster");
  TrainingOptions four = own_options().training;
  four.folds = 4;
  EXPECT_EQ(failure_text<UsageError>([&] { train_reward(table, one, four); }),
            "--folds = 4: the table has only 3 clusters; take at most 3");
}

TEST(OwnFolds, TwoAreEnough) {
  const SingleIndexTable data(100, 3, 1, 2);
  std::vector<std::uint32_t> folds(100);
  for (std::size_t i = 0; i < 100; ++i) folds[i] = i % 2;
  RewardTable table = data.table();
  table.folds = folds;
  EXPECT_EQ(evaluate_table(table, own_options()).folds.size(), 2U);
  std::ranges::fill(folds, 0U);
  EXPECT_THROW(evaluate_table(table, own_options()), DataError);
  table.folds = std::span(folds).first(10);
  EXPECT_THROW(evaluate_table(table, own_options()), UsageError);
}

std::string refusal(const RewardTable& table) {
  try {
    evaluate_table(table, own_options());
  } catch (const DataError& error) {
    return error.what();
  }
  return "(done)";
}

TEST(OwnFolds, KeepDesignsGroupsAndClustersWhole) {
  SingleIndexTable data(120, 3, 4, 3);
  std::vector<std::uint32_t> folds(120);
  for (std::size_t i = 0; i < 120; ++i) folds[i] = i < 58 ? 0 : 1;
  RewardTable grouped = data.table(true);
  grouped.folds = folds;
  grouped.fold_names = kNames;
  EXPECT_EQ(refusal(grouped),
            "--fold: rows 57 and 59 are of one group, and lie in folds 'spring' and 'summer'; put "
            "them into one, or leave --fold out");
  RewardTable clustered = data.table();
  clustered.clusters = data.groups;
  clustered.folds = folds;
  EXPECT_THAT(refusal(clustered), testing::HasSubstr("rows 57 and 59 are of one cluster"));
  Matrix<double> x = data.features.values();
  for (std::size_t j = 0; j < 3; ++j) x(100, j) = x(3, j);
  const HeldFeatures features(std::move(x));
  EXPECT_THAT(refusal({.features = features, .rewards = data.rewards, .folds = folds}),
              testing::HasSubstr("rows 4 and 101 have equal features"));
}

}  // namespace
}  // namespace esscher
