#include "pipeline/valued_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <set>

#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/data/designs.h"
#include "esscher/data/folds.h"
#include "fold_truth.h"
#include "single_index_table.h"

namespace esscher {
namespace {

using internal::ValuedRows;

using testing_support::quick_options;
using testing_support::SingleIndexTable;

std::vector<std::uint64_t> first_rows(std::uint64_t n) {
  std::vector<std::uint64_t> rows(n);
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  return rows;
}

TEST(ValuedRows, CopiesAreLeftToTheFoldOfTheirOriginal) {
  // A library of which each fifth row is labelled.
  const SingleIndexTable library(500, 3, 1, 1);
  std::vector<std::uint64_t> labelled;
  for (std::uint64_t i = 0; i < 500; i += 5) labelled.push_back(i);
  const ChosenRows features(library.features, labelled);
  const std::vector<double> y(100, 1.5);
  std::vector<double> gold = y;
  gold[0] = 0;
  const std::vector<std::uint32_t> folds = assign_folds(100, {}, 4, 7);
  const ValuedRows rows({features, gold}, gold, ReferenceRows{library.features}, folds, 7, 1);
  EXPECT_EQ(rows.rows(), 600U);
  EXPECT_EQ(rows.copies(), 100U);
  std::set<std::uint64_t> seen;
  for (std::uint32_t fold = 0; fold < 4; ++fold) {
    const std::vector<std::uint64_t> own = rows.reference_in_fold(fold).rows;
    // 100 of its own and a quarter of 400, whose standard deviation is 8.7.
    EXPECT_NEAR(static_cast<double>(own.size()), 125, 40);
    for (const std::uint64_t row : own) {
      EXPECT_TRUE(seen.insert(row).second);
      if (row % 5 == 0) {
        EXPECT_EQ(folds[row / 5], fold);
      }
    }
  }
  EXPECT_EQ(seen.size(), 500U);
  // A copy and its original are one candidate, and err as one.
  const std::span<const std::uint32_t> clusters = rows.reference().clusters;
  ASSERT_EQ(clusters.size(), 600U);
  EXPECT_EQ(clusters[3], clusters[100 + 15]);
  EXPECT_EQ(std::set<std::uint32_t>(clusters.begin(), clusters.end()).size(), 500U);
  EXPECT_EQ(rows.gold()[7], 1.5);
  EXPECT_TRUE(std::isnan(rows.gold()[100]));
}

TEST(ValuedRows, GroupsGoWithTheirFoldAndNewOnesToOne) {
  const SingleIndexTable table(40, 3, 4, 1);  // groups 0 to 9
  const SingleIndexTable pool(60, 3, 1, 2);
  std::vector<std::uint32_t> groups;
  for (std::uint32_t i = 0; i < 60; ++i) groups.push_back(i % 20);
  const std::vector<std::uint32_t> folds = assign_folds(40, table.groups, 3, 5);
  const ValuedRows rows(table.table(true), table.rewards, ReferenceRows{pool.features, groups},
                        folds, 5, 1);
  EXPECT_EQ(rows.copies(), 0U);
  std::vector<std::set<std::uint32_t>> seen(20);
  for (std::uint32_t fold = 0; fold < 3; ++fold) {
    for (const std::uint64_t row : rows.reference_in_fold(fold).rows) {
      seen[groups[row]].insert(fold);
      if (groups[row] < 10) {
        EXPECT_EQ(folds[std::size_t{groups[row]} * 4], fold);
      }
    }
  }
  for (const std::set<std::uint32_t>& each : seen) EXPECT_EQ(each.size(), 1U);
}

TEST(ValuedRows, NewRowsAreDealtAsTheTablesAre) {
  const SingleIndexTable table(100, 3, 1, 1);
  const SingleIndexTable pool(4000, 3, 1, 2);
  std::vector<std::uint32_t> folds(100, 1);
  std::fill_n(folds.begin(), 10, 0U);
  const ValuedRows rows(table.table(), table.rewards, ReferenceRows{pool.features}, folds, 5, 1);
  // Of 4000 draws with chance 0.1; the standard deviation is 19.
  EXPECT_NEAR(static_cast<double>(rows.reference_in_fold(0).rows.size()), 400, 95);
}

TEST(ValuedRows, ACopyWithinItsGroupIsNoCandidateOfItsOwn) {
  const SingleIndexTable table(40, 3, 4, 1);
  const std::vector<std::uint32_t> folds = assign_folds(40, table.groups, 3, 5);
  const ReferenceRows same{table.features, table.groups};
  const ValuedRows rows(table.table(true), table.rewards, same, folds, 5, 1);
  EXPECT_EQ(rows.rows(), 40U);
  EXPECT_EQ(rows.copies(), 40U);
  EXPECT_EQ(rows.new_groups(), 0U);
}

TEST(ValuedRows, AGroupOfCopiesUnderAnotherNameGoesWithTheirFold) {
  const SingleIndexTable table(40, 3, 4, 1);
  const std::vector<std::uint32_t> folds = assign_folds(40, table.groups, 3, 5);
  std::vector<std::uint32_t> others = table.groups;
  for (std::uint32_t& group : others) group += 10;
  const ValuedRows rows(table.table(true), table.rewards, ReferenceRows{table.features, others},
                        folds, 5, 1);
  EXPECT_EQ(rows.rows(), 80U);
  EXPECT_EQ(rows.copies(), 40U);
  EXPECT_EQ(rows.new_groups(), 10U);
  for (std::uint32_t fold = 0; fold < 3; ++fold) {
    for (const std::uint64_t row : rows.reference_in_fold(fold).rows) EXPECT_EQ(folds[row], fold);
  }
  const std::span<const std::uint32_t> clusters = rows.reference().clusters;
  ASSERT_EQ(clusters.size(), 80U);
  for (std::size_t i = 0; i < 40; ++i) EXPECT_EQ(clusters[i], clusters[40 + i]);
}

TEST(ValuedRows, ClustersAreThoseOfBothParts) {
  SingleIndexTable table(40, 3, 4, 1);
  const SingleIndexTable pool(30, 3, 1, 2);
  RewardTable clustered = table.table();
  clustered.clusters = table.groups;  // 0 to 9
  const std::vector<std::uint32_t> folds = assign_folds(40, table.groups, 3, 5);
  std::vector<std::uint32_t> clusters;
  for (std::uint32_t i = 0; i < 30; ++i) clusters.push_back(i % 15);
  const ValuedRows rows(clustered, table.rewards, ReferenceRows{pool.features, {}, {}, clusters},
                        folds, 5, 1);
  const std::span<const std::uint32_t> all = rows.reference().clusters;
  EXPECT_EQ(std::set<std::uint32_t>(all.begin(), all.end()).size(), 15U);
  EXPECT_EQ(all[4], all[40 + 1]);
  for (std::uint32_t fold = 0; fold < 3; ++fold) {
    for (const std::uint64_t row : rows.reference_in_fold(fold).rows) {
      if (clusters[row] < 10) {
        EXPECT_EQ(folds[std::size_t{clusters[row]} * 4], fold);
      }
    }
  }
  EXPECT_THROW(ValuedRows(clustered, table.rewards, ReferenceRows{pool.features}, folds, 5, 1),
               UsageError);
}

TEST(ValuedRows, WithoutAReferenceAreThoseOfTheTable) {
  const SingleIndexTable table(40, 3, 4, 1);
  const std::vector<std::uint32_t> folds = assign_folds(40, {}, 3, 5);
  const ValuedRows rows(table.table(true), table.rewards, {}, folds, 5, 1);
  EXPECT_EQ(rows.rows(), 40U);
  EXPECT_TRUE(rows.expected(table.rewards, 1).empty());
  EXPECT_TRUE(rows.reference_in_fold(0).rows.empty());
  EXPECT_EQ(rows.reference().groups.size(), 40U);
}

TEST(ValuedRows, RefuseAReferenceThatIsNoneOfTheTable) {
  const SingleIndexTable table(40, 3, 4, 1);
  const SingleIndexTable pool(10, 3, 4, 2);
  const SingleIndexTable wide(10, 4, 4, 2);
  const std::vector<std::uint32_t> folds = assign_folds(40, {}, 3, 5);
  const auto failure = [&](bool grouped, const ReferenceRows& more) {
    return failure_text<UsageError>(
        [&] { ValuedRows(table.table(grouped), table.rewards, more, folds, 5, 1); });
  };
  EXPECT_EQ(failure(false, {wide.features}), "reference = 4 columns: the table has 3 features");
  EXPECT_EQ(failure(true, {pool.features}),
            "reference = no groups: the table has groups; say of which groups its rows are");
  EXPECT_EQ(failure(false, {pool.features, pool.groups}),
            "reference = groups: the table has none; leave them out");
  EXPECT_EQ(failure(true, {pool.features, std::span(pool.groups).first(3)}),
            "reference = 3 groups: there are 10 rows");
  EXPECT_EQ(failure(false, {pool.features, {}, std::span(table.rewards).first(2)}),
            "reference = 2 log-weights: there are 10 rows");
}

TEST(EvaluationBesideAReference, TellsWhatTheTableAloneCannot) {
  const SingleIndexTable data(200, 3, 1, 3);
  const SingleIndexTable pool(4000, 3, 1, 4);
  // So mild that what a row is worth still varies more than its label errs.
  EvaluationOptions options = quick_options(1.5);
  const TableEvaluation alone = evaluate_table(data.table(), options);
  options.reference.emplace(ReferenceRows{pool.features});
  const TableEvaluation beside = evaluate_table(data.table(), options);
  EXPECT_EQ(beside.reference_rows, 4000U);
  EXPECT_EQ(beside.reference_copies, 0U);
  const TablePolicyValue& one = alone.rewards[0].policies[0];
  const TablePolicyValue& both = beside.rewards[0].policies[0];
  EXPECT_LT(both.value.standard_error, 0.8 * one.value.standard_error);
  EXPECT_LT(both.kl.standard_error, 0.5 * one.kl.standard_error);
  EXPECT_EQ(beside.rewards[0].correlation, alone.rewards[0].correlation);
  EXPECT_EQ(beside.held_out.predicted, alone.held_out.predicted);
  EXPECT_TRUE(std::isnan(beside.attainable_gain[0]));
  EXPECT_FALSE(both.gain.interval);
  options.training.threads = 3;
  const TableEvaluation three = evaluate_table(data.table(), options);
  EXPECT_EQ(three.rewards[0].policies[0].gain.value, both.gain.value);
  options.enumerated = true;
  EXPECT_THROW(evaluate_table(data.table(), options), UsageError);
}

// More rows than influences are kept of: those of tilts and of best-of-n are folded alike.
TEST(EvaluationBesideAReference, AnswersATargetOverManyRows) {
  const SingleIndexTable data(100, 3, 1, 3);
  const SingleIndexTable pool(17000, 3, 1, 4);
  EvaluationOptions options = quick_options(1.5);
  options.reference.emplace(ReferenceRows{pool.features});
  options.best_of = {2};
  options.target = -5;
  const TableEvaluation evaluation = evaluate_table(data.table(), options);
  ASSERT_TRUE(evaluation.target);
  EXPECT_FALSE(evaluation.target->reached.empty());
}

TEST(EvaluationBesideAReference, SaysWhereTheTableIsNoDrawFromIt) {
  const SingleIndexTable all(2000, 3, 1, 5);
  std::vector<std::uint64_t> high;
  std::vector<double> rewards;
  for (std::uint64_t i = 0; i < 2000 && high.size() < 200; ++i) {
    if (all.features.values()(i, 0) < 0) continue;
    high.push_back(i);
    rewards.push_back(all.rewards[i]);
  }
  const ChosenRows features(all.features, high);
  EvaluationOptions options = quick_options(1);
  options.reference.emplace(ReferenceRows{all.features});
  EXPECT_THAT(evaluate_table({features, rewards}, options).remarks,
              testing::Contains(testing::HasSubstr("no random draw from the reference")));
  const SingleIndexTable fair(200, 3, 1, 6);
  EXPECT_THAT(evaluate_table(fair.table(), options).remarks,
              testing::Not(testing::Contains(testing::HasSubstr("no random draw"))));
  // A gold reward that does not vary is no reason to fail.
  const std::vector<double> same(200, 3.0);
  options.gold = same;
  EXPECT_FALSE(evaluate_table(fair.table(), options).recommended);
}

// Predictions go with tanh, which lies within two standard deviations of its mean: one row of a
// draw cannot lie four off, and 40 tables raise no alarm.
TEST(EvaluationBesideAReference, RaisesNoAlarmForAFewRows) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const SingleIndexTable data(60, 3, 1, seed);
    for (const std::size_t rows : {1U, 3U}) {
      const SingleIndexTable pool(rows, 3, 1, 100 + seed);
      EvaluationOptions options = quick_options(1);
      options.reference.emplace(ReferenceRows{pool.features});
      EXPECT_THAT(evaluate_table(data.table(), options).remarks,
                  testing::Not(testing::Contains(testing::HasSubstr("no random draw"))))
          << rows << " rows, seed " << seed;
    }
  }
}

// 200 tables of 100 rows beside a pool of 1000, of which these are 50 more than once: intervals
// mean -+ 1.96 standard errors. At a coverage of 0.95 the share observed leaves [0.91, 0.99] with
// probability below 0.02. Fold models' policies are valued by 5000 fresh rows.
// Own folds of 20 and 80 rows, too, by whose fits the rows of the pool are predicted in proportion.
class ReferenceErrors : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Folds, ReferenceErrors, testing::Bool());

TEST_P(ReferenceErrors, Hold) {
  const SingleIndexTable fresh(5000, 3, 1, 100000, 0);
  double covered = 0;
  constexpr int kTables = 200;
  for (std::uint64_t seed = 1; seed <= kTables; ++seed) {
    const SingleIndexTable pool(1050, 3, 1, seed);
    const std::vector<double> rewards(pool.rewards.begin(), pool.rewards.begin() + 100);
    const ChosenRows features(pool.features, first_rows(100));
    std::vector<std::uint64_t> others(1000);
    std::iota(others.begin(), others.end(), std::uint64_t{50});
    const ChosenRows reference(pool.features, std::move(others));
    EvaluationOptions options = quick_options(0.7);
    options.reference.emplace(ReferenceRows{reference});
    RewardTable table{features, rewards};
    std::vector<std::uint32_t> folds(100, 1);
    std::fill_n(folds.begin(), 20, 0U);
    if (GetParam()) table.folds = folds;
    const TableEvaluation evaluation = evaluate_table(table, options);
    EXPECT_EQ(evaluation.reference_copies, 50U);
    const TableEstimate& value = evaluation.rewards[0].policies[0].value;
    const double truth = testing_support::fold_truth(table, options, fresh, false);
    if (std::abs(value.value - truth) < 1.96 * value.standard_error) covered += 1.0 / kTables;
  }
  EXPECT_GE(covered, 0.91);
  EXPECT_LE(covered, 0.99);
}

// So strong a tilt that more than a tenth of the policy is on rows above all that are labelled.
TEST(EvaluationBesideAReference, LabelledRowsSpeakForThemselves) {
  const SingleIndexTable pool(1000, 3, 1, 3);
  const std::vector<double> rewards(pool.rewards.begin(), pool.rewards.begin() + 100);
  const ChosenRows features(pool.features, first_rows(100));
  EvaluationOptions options = quick_options(0.25);
  const TableEvaluation alone = evaluate_table({features, rewards}, options);
  EXPECT_TRUE(alone.rewards[0].of_labelled.policies.empty());
  options.reference.emplace(ReferenceRows{pool.features});
  const TableEvaluation beside = evaluate_table({features, rewards}, options);
  const RewardEvaluation& one = alone.rewards[0];
  const RewardEvaluation& both = beside.rewards[0];
  ASSERT_EQ(both.of_labelled.policies.size(), 1U);
  const TablePolicyValue& told = both.of_labelled.policies[0];
  EXPECT_EQ(told.value.value, one.policies[0].value.value);
  EXPECT_EQ(told.gain.standard_error, one.policies[0].gain.standard_error);
  // All rows tell what it costs.
  EXPECT_GT(both.policies[0].kl.value, one.policies[0].kl.value);
  EXPECT_NEAR(told.gain.value, told.rise.value - 0.25 * both.policies[0].kl.value, 1e-12);
  ASSERT_EQ(both.of_labelled.best_of_n.size(), one.best_of_n.size());
  ASSERT_EQ(both.best_of_n.size(), one.best_of_n.size());
  EXPECT_EQ(both.of_labelled.best_of_n.back().gain.value, one.best_of_n.back().gain.value);
  // At half of the level each time intervals are wider.
  EXPECT_LT(both.of_labelled.gains[0].low, one.gains[0].low);
  EXPECT_GT(both.policies[0].beyond, 0.1);
  EXPECT_TRUE(both.advice.of_labelled);
  ASSERT_TRUE(both.advice.gain);
  EXPECT_EQ(both.advice.gain->interval->low, both.of_labelled.gains[0].low);

  std::vector<std::uint32_t> groups(1000);
  for (std::uint32_t i = 0; i < 1000; ++i) groups[i] = i / 4;
  RewardTable table{features, rewards};
  options.reference->clusters = groups;
  table.clusters = std::span(groups).first(100);
  EXPECT_TRUE(evaluate_table(table, options).rewards[0].of_labelled.policies.empty());
  table.groups = table.clusters;
  table.clusters = {};
  options.reference->groups = groups;
  options.reference->clusters = {};
  EXPECT_TRUE(evaluate_table(table, options).rewards[0].of_labelled.policies.empty());

  // Copies of the labelled rows are no others.
  const ChosenRows few(pool.features, first_rows(190));
  options.reference.emplace(ReferenceRows{few});
  table.groups = {};
  EXPECT_TRUE(evaluate_table(table, options).rewards[0].of_labelled.policies.empty());
  const ChosenRows more(pool.features, first_rows(201));
  options.reference.emplace(ReferenceRows{more});
  EXPECT_FALSE(evaluate_table(table, options).rewards[0].of_labelled.policies.empty());
}

// The better half of a library was labelled more often: parts differ by two standard errors.
TEST(EvaluationBesideAReference, LabelledRowsOfAnotherLawDoNotSpeakForThemselves) {
  const SingleIndexTable pool(4000, 3, 1, 4);
  std::vector<std::uint64_t> chosen;
  std::vector<double> rewards;
  for (std::uint64_t i = 0; i < 4000 && chosen.size() < 200; ++i) {
    if (pool.features.values()(i, 0) < 0 && i % 3 == 0) continue;
    chosen.push_back(i);
    rewards.push_back(pool.rewards[i]);
  }
  const ChosenRows features(pool.features, chosen);
  EvaluationOptions options = quick_options(0.15);
  options.reference.emplace(ReferenceRows{pool.features});
  EXPECT_TRUE(evaluate_table({features, rewards}, options).rewards[0].of_labelled.policies.empty());
}

// 200 tables of 100 rows beside a pool of 1000, four temperatures, told twice: some
// lower end above zero is too high in 5 % of the tables at most. At 5 % more than 19 of 200 have a
// chance of 0.3 %. Fold models' policies are valued by 5000 fresh rows.
TEST(EvaluationBesideAReference, PromisesOfEitherKindHold) {
  const SingleIndexTable fresh(5000, 3, 1, 100000, 0);
  int broken = 0;
  int from_labelled = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const SingleIndexTable pool(1000, 3, 1, seed);
    const std::vector<double> rewards(pool.rewards.begin(), pool.rewards.begin() + 100);
    const ChosenRows features(pool.features, first_rows(100));
    EvaluationOptions options = quick_options(1);
    options.training.deployment_temperatures = {1, 0.5, 0.25, 0.125};
    options.reference.emplace(ReferenceRows{pool.features});
    const RewardTable table{features, rewards};
    const TableEvaluation evaluation = evaluate_table(table, options);
    const std::vector<double> truth = testing_support::fold_gains(table, options, fresh);
    // Equal weights; of the linear baseline no truth is known here.
    const RewardEvaluation& reward = evaluation.rewards[0];
    bool wrong = false;
    for (std::size_t b = 0; b < truth.size(); ++b) {
      const auto too_high = [&](const std::vector<Interval>& gains) {
        return !gains.empty() && gains[b].low > std::max(0.0, truth[b]);
      };
      wrong |= too_high(reward.gains) || too_high(reward.of_labelled.gains);
    }
    if (wrong) ++broken;
    if (reward.advice.of_labelled) ++from_labelled;
  }
  EXPECT_LE(broken, 19);
  // Else this test would be of one kind alone.
  EXPECT_GE(from_labelled, 20);
}

}  // namespace
}  // namespace esscher
