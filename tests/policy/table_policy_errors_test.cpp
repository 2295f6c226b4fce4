// How sure the value of a tilted policy is: standard errors, remarks, and the coverage of
// intervals.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "../support/failure_text.h"
#include "esscher/base/random.h"
#include "esscher/policy/table_policy.h"
#include "tables.h"

namespace esscher {
namespace {

using namespace policy_tables;

TEST(TablePolicyErrors, InfluencesAddUpToTheErrorOfTheGain) {
  const Table table = normal_table(60, 3);
  const auto pieces = [&](const TableReference& reference) {
    TablePolicyOptions options = at(0.8);
    EXPECT_TRUE(table_policy_value(table.r, table.y, reference, options).gain_influence.empty());
    options.influence = true;
    const TablePolicyValue found = table_policy_value(table.r, table.y, reference, options);
    double sum = 0;
    double square = 0;
    for (const double d : found.gain_influence) {
      sum += d;
      square += d * d;
    }
    EXPECT_NEAR(sum, 0, 1e-12);
    const double above = error_above(table, reference, 0.8, internal::kGain);
    EXPECT_NEAR(std::hypot(std::sqrt(square), above), found.gain.standard_error, 1e-12);
    return found.gain_influence.size();
  };
  const std::vector<std::uint32_t> twelve = numbers(60, 5, 12);
  EXPECT_EQ(pieces({.rows = 60}), 60U);
  const std::vector<std::uint32_t> thirds = numbers(60, 20, 3);
  EXPECT_EQ(pieces({.rows = 60, .strata = thirds}), 60U);
  EXPECT_EQ(pieces({.rows = 60, .clusters = twelve}), 12U);
  EXPECT_EQ(pieces({.rows = 60, .groups = twelve}), 12U);
}

TEST(TablePolicyErrors, ValuesErrorIsThatOfTheJackknife) {
  const Table table = normal_table(50, 5);
  const TablePolicyValue found = table.value(at(0.6));
  std::vector<double> without;
  double mean = 0;
  for (std::size_t i = 0; i < 50; ++i) {
    Table less = table;
    less.r.erase(less.r.begin() + static_cast<std::ptrdiff_t>(i));
    less.y.erase(less.y.begin() + static_cast<std::ptrdiff_t>(i));
    without.push_back(less.value(at(0.6)).value.value);
    mean += without.back() / 50;
  }
  double square = 0;
  for (const double v : without) square += (v - mean) * (v - mean);
  const double above = error_above(table, table.reference(), 0.6, internal::kValue);
  EXPECT_GT(above, 0);
  EXPECT_NEAR(found.value.standard_error, std::hypot(std::sqrt(square * 49 / 50), above), 1e-12);
}

TEST(TablePolicyErrors, ReferencesErrorIsThatOfAMean) {
  const Table table = normal_table(64, 6);
  const TablePolicyValue found = table.value(at(0.6));
  double mean = 0;
  for (const double y : table.y) mean += y / 64;
  double square = 0;
  for (const double y : table.y) square += (y - mean) * (y - mean);
  EXPECT_NEAR(found.reference.standard_error, std::sqrt(square / 63 / 64), 1e-13);
}

TEST(TablePolicyErrors, HeavyTailsAndFewGroupsAreRemarked) {
  Table table = normal_table(2000, 10);
  EXPECT_TRUE(table.value(at(1.5)).reliable);
  // Pareto with shape 1 at beta = 1: k = 1.
  for (std::size_t i = 0; i < 2000; ++i) table.r[i] = -std::log((double(i) + 0.5) / 2000);
  const TablePolicyValue heavy = table.value(at(1));
  EXPECT_FALSE(heavy.reliable);
  expect_words(heavy.remark, "Pareto k is", "above its threshold of 0.697");
  table.groups = numbers(2000, 500, 4);
  const TablePolicyValue few = table.value(at(1));
  EXPECT_FALSE(few.reliable);
  expect_words(few.remark, "only 4 groups");
}

TEST(TablePolicyErrors, HasTheSameBitsForAnyNumberOfThreads) {
  for (const bool grouped : {false, true}) {
    Table table = normal_table(400, 11);
    (grouped ? table.groups : table.strata) = numbers(400, 1, grouped ? 40 : 3);
    TablePolicyOptions options = at(0.8, 150);
    const TablePolicyValue one = table.value(options);
    ASSERT_TRUE(one.gain.interval.has_value());
    EXPECT_LT(one.gain.interval->low, one.gain.value);
    EXPECT_GT(one.gain.interval->high, one.gain.value);
    options.threads = 3;
    const TablePolicyValue three = table.value(options);
    EXPECT_EQ(three.gain.interval->low, one.gain.interval->low);
    EXPECT_EQ(three.kl.interval->high, one.kl.interval->high);
    EXPECT_EQ(three.value.standard_error, one.value.standard_error);
    options.seed = 2;
    EXPECT_NE(table.value(options).kl.interval->high, one.kl.interval->high);
  }
}

TEST(TablePolicyErrors, AConstantGoldRewardIsCertain) {
  Table table = normal_table(60, 12);
  table.y.assign(60, 0.1);
  const TablePolicyValue found = table.value(at(1, 100));
  EXPECT_NEAR(found.value.value, 0.1, 1e-15);
  EXPECT_LE(found.value.standard_error, 1e-15);
  ASSERT_TRUE(found.value.interval.has_value());
  EXPECT_NEAR(found.value.interval->high, 0.1, 1e-14);
}

// Of 400 intervals that cover with probability 0.95, fewer than 0.9175 or more than 0.9825 do so
// with a probability of 0.4 %: the rate of false alarms of one comparison, of 12 in this file. The
// seeds are fixed. With z normal, r = z and y = 0.8 z + noise, the policy is N(1/beta, 1):
// V = 0.8/beta, KL = 1/(2 beta^2).
void expect_coverage(int covered, const char* name) {
  EXPECT_GE(covered / 400.0, 0.9175) << name;
  EXPECT_LE(covered / 400.0, 0.9825) << name;
}

bool covers(const TableEstimate& estimate, double truth) {
  return estimate.interval->low <= truth && truth <= estimate.interval->high;
}

void expect_coverage_without_groups(std::size_t folds, double beta) {
  int value = 0;
  int gain = 0;
  int over = 0;
  for (std::uint64_t i = 0; i < 400; ++i) {
    Table table = normal_table(500, 1000 + i);
    table.strata = numbers(500, 1, folds);
    const TablePolicyValue found = table.value(at(beta, 100));
    value += covers(found.value, 0.8 / beta);
    gain += covers(found.gain, 0.8 / beta - 0.5 / beta);
    over += covers(found.over_optimisation, 0.2 / beta);
  }
  expect_coverage(value, "value");
  expect_coverage(gain, "gain");
  expect_coverage(over, "over-optimisation");
}

TEST(TablePolicyErrors, IntervalsCoverWithoutGroups) { expect_coverage_without_groups(1, 1.2); }

TEST(TablePolicyErrors, IntervalsCoverWithCrossFittingFolds) {
  expect_coverage_without_groups(5, 1.5);
}

// Groups of 8: the truth is a mean over 40000 groups (standard error 0.005, a twentieth of the
// intervals' half width).
TEST(TablePolicyErrors, IntervalsCoverWithGroups) {
  const auto grouped = [](std::size_t groups, std::uint64_t index) {
    Table table = normal_table(8 * groups, index);
    table.groups = numbers(8 * groups, 8, groups);
    // Prompts differ in level and, by the sign, in whether the proxy serves.
    std::vector<double> prompt(2 * groups);
    RandomStream(12, "prompt", index).fill_normal(0, prompt);
    for (std::size_t i = 0; i < table.y.size(); ++i) {
      table.y[i] += prompt[2 * (i / 8)] + 0.5 * table.r[i] * prompt[2 * (i / 8) + 1];
    }
    return table;
  };
  for (const double beta : {1.0, 0.2}) {
    TablePolicyOptions exactly = at(beta);
    exactly.enumerated = true;
    const TablePolicyValue truth = grouped(40000, 0).value(exactly);
    int value = 0;
    int gain = 0;
    int kl = 0;
    for (std::uint64_t i = 0; i < 400; ++i) {
      const TablePolicyValue found = grouped(60, 5000 + i).value(at(beta, 200));
      EXPECT_TRUE(found.reliable);
      value += covers(found.value, truth.value.value);
      gain += covers(found.gain, truth.gain.value);
      kl += covers(found.kl, truth.kl.value);
    }
    expect_coverage(value, "value");
    expect_coverage(gain, "gain");
    expect_coverage(kl, "kl");
  }
}

}  // namespace
}  // namespace esscher
