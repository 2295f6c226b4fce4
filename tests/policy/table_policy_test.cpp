// The tilted policy on a table: exact sums, what must not change them, and the coverage of its
// intervals.

#include "esscher/policy/table_policy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "../model/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/base/random.h"

namespace esscher {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Table {
  std::vector<double> r;
  std::vector<double> y;
  std::vector<std::uint32_t> groups;
  std::vector<double> log_weights;
  std::vector<std::uint32_t> strata;

  TableReference reference() const { return {r.size(), groups, log_weights, strata}; }
  TablePolicyValue value(const TablePolicyOptions& options) const {
    return table_policy_value(r, y, reference(), options);
  }
};

/// r = z standard normal, y = 0.8 z + 0.5 noise.
Table normal_table(std::size_t rows, std::uint64_t index) {
  Table table;
  table.r.resize(rows);
  RandomStream(11, "z", index).fill_normal(0, table.r);
  table.y.resize(rows);
  RandomStream(11, "noise", index).fill_normal(0, table.y);
  for (std::size_t i = 0; i < rows; ++i) table.y[i] = 0.8 * table.r[i] + 0.5 * table.y[i];
  return table;
}

std::vector<std::uint32_t> numbers(std::size_t rows, std::size_t block, std::size_t modulus) {
  std::vector<std::uint32_t> result;
  for (std::size_t i = 0; i < rows; ++i) {
    result.push_back(static_cast<std::uint32_t>(i / block % modulus));
  }
  return result;
}

TablePolicyOptions at(double beta, int bootstrap = 0) {
  TablePolicyOptions options;
  options.beta = beta;
  options.bootstrap = bootstrap;
  options.threads = 1;
  return options;
}

struct Sums {
  double value = 0, proxy = 0, kl = 0, reference = 0, reference_proxy = 0;
};

/// By definition, without any care for overflow, over rows whose cell number is `cell`.
Sums cell_sums(const Table& t, const std::vector<std::uint32_t>& cells, std::uint32_t cell,
               double beta) {
  Sums s;
  double prior = 0;
  double total = 0;
  for (std::size_t i = 0; i < t.r.size(); ++i) {
    if (cells[i] != cell) continue;
    const double p = t.log_weights.empty() ? 1 : std::exp(t.log_weights[i]);
    const double w = p * std::exp(t.r[i] / beta);
    prior += p;
    total += w;
    s.value += w * t.y[i];
    s.proxy += w * t.r[i];
    s.reference += p * t.y[i];
    s.reference_proxy += p * t.r[i];
  }
  s.value /= total;
  s.proxy /= total;
  s.reference /= prior;
  s.reference_proxy /= prior;
  s.kl = s.proxy / beta - std::log(total / prior);
  return s;
}

/// Sums of a few hundred terms of size 1: some 1e-13.
void expect_figures(const TablePolicyValue& found, const Sums& s, double beta) {
  EXPECT_NEAR(found.value.value, s.value, 1e-12);
  EXPECT_NEAR(found.proxy.value, s.proxy, 1e-12);
  EXPECT_NEAR(found.kl.value, s.kl, 1e-12);
  EXPECT_NEAR(found.objective.value, s.value - beta * s.kl, 1e-12);
  EXPECT_NEAR(found.reference.value, s.reference, 1e-12);
  EXPECT_NEAR(found.gain.value, s.value - beta * s.kl - s.reference, 1e-12);
  EXPECT_NEAR(found.over_optimisation.value, s.proxy - s.reference_proxy - (s.value - s.reference),
              1e-12);
}

TEST(TablePolicy, IsTheShareWeightedMeanOverStrata) {
  Table table = normal_table(203, 0);
  table.strata = numbers(203, 1, 3);
  for (const bool weighted : {false, true}) {
    if (weighted) {
      for (std::size_t i = 0; i < 203; ++i) table.log_weights.push_back(0.01 * double(i % 37) + 5);
    }
    for (const double beta : {5.0, 0.7, 0.2}) {
      Sums mean;
      double all = 0;
      for (std::uint32_t k = 0; k < 3; ++k) {
        double share = 0;
        for (std::size_t i = k; i < 203; i += 3) {
          share += weighted ? std::exp(table.log_weights[i]) : 1;
        }
        const Sums s = cell_sums(table, table.strata, k, beta);
        mean.value += share * s.value;
        mean.proxy += share * s.proxy;
        mean.kl += share * s.kl;
        mean.reference += share * s.reference;
        mean.reference_proxy += share * s.reference_proxy;
        all += share;
      }
      for (double* m :
           {&mean.value, &mean.proxy, &mean.kl, &mean.reference, &mean.reference_proxy}) {
        *m /= all;
      }
      const TablePolicyValue found = table.value(at(beta));
      expect_figures(found, mean, beta);
      EXPECT_EQ(found.strata, 3U);
      EXPECT_EQ(found.groups, 0U);
      EXPECT_EQ(found.ess, found.weights.ess);
      EXPECT_LT(found.least_ess, found.ess);
    }
  }
}

TEST(TablePolicy, IsTheMeanOverGroups) {
  Table table = normal_table(120, 1);
  table.groups = numbers(120, 1, 17);  // groups of 7 and of 8
  for (const double beta : {1.0, 0.1}) {
    Sums mean;
    std::vector<double> values;
    for (std::uint32_t g = 0; g < 17; ++g) {
      const Sums s = cell_sums(table, table.groups, g, beta);
      values.push_back(s.value);
      mean.value += s.value / 17;
      mean.proxy += s.proxy / 17;
      mean.kl += s.kl / 17;
      mean.reference += s.reference / 17;
      mean.reference_proxy += s.reference_proxy / 17;
    }
    double square = 0;
    for (const double v : values) square += (v - mean.value) * (v - mean.value);
    const TablePolicyValue found = table.value(at(beta));
    expect_figures(found, mean, beta);
    EXPECT_NEAR(found.value.standard_error, std::sqrt(square / 16 / 17), 1e-12);
    EXPECT_EQ(found.value.degrees_of_freedom, 16);
    EXPECT_EQ(found.groups, 17U);
    EXPECT_GE(found.ess, 17);
    EXPECT_LE(found.ess, 120);
  }
}

TEST(TablePolicy, WholeWeightsAreDuplicates) {
  Table table = normal_table(40, 2);
  Table repeated;
  for (std::size_t i = 0; i < 40; ++i) {
    const std::size_t copies = 1 + i % 3;
    table.log_weights.push_back(std::log(double(copies)) - 3);
    for (std::size_t c = 0; c < copies; ++c) {
      repeated.r.push_back(table.r[i]);
      repeated.y.push_back(table.y[i]);
    }
  }
  const TablePolicyValue a = table.value(at(0.5));
  const TablePolicyValue b = repeated.value(at(0.5));
  EXPECT_NEAR(a.objective.value, b.objective.value, 1e-12);
  EXPECT_NEAR(a.kl.value, b.kl.value, 1e-12);
  EXPECT_NEAR(a.over_optimisation.value, b.over_optimisation.value, 1e-12);
}

TEST(TablePolicy, RowsWithoutPriorWeightChangeNoEstimate) {
  Table table = normal_table(30, 3);
  const TablePolicyValue plain = table.value(at(0.4));
  table.log_weights.assign(30, 0.0);
  table.r.push_back(1e9);
  table.y.push_back(-7);
  table.log_weights.push_back(-kInfinity);
  const TablePolicyValue more = table.value(at(0.4));
  EXPECT_NEAR(more.objective.value, plain.objective.value, 1e-12);
  EXPECT_NEAR(more.proxy.value, plain.proxy.value, 1e-12);
  EXPECT_EQ(more.greedy_kl, plain.greedy_kl);
}

TEST(TablePolicy, ConstantsInAStratumsProxyAreNotSeenByThePolicy) {
  Table table = normal_table(100, 4);
  table.strata = numbers(100, 1, 4);
  const TablePolicyValue plain = table.value(at(0.5));
  for (std::size_t i = 0; i < 100; ++i) table.r[i] += 50.0 * table.strata[i];
  const TablePolicyValue moved = table.value(at(0.5));
  // r of size 150 is rounded at 3e-14.
  EXPECT_NEAR(moved.gain.value, plain.gain.value, 1e-11);
  EXPECT_NEAR(moved.gain.standard_error, plain.gain.standard_error, 1e-11);
  EXPECT_NEAR(moved.over_optimisation.value, plain.over_optimisation.value, 1e-11);
  EXPECT_NEAR(moved.proxy.value, plain.proxy.value + 75, 1e-11);
}

TEST(TablePolicy, ValuesErrorIsThatOfTheJackknife) {
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
  EXPECT_NEAR(found.value.standard_error, std::sqrt(square * 49 / 50), 1e-12);
}

TEST(TablePolicy, ReferencesErrorIsThatOfAMean) {
  const Table table = normal_table(64, 6);
  const TablePolicyValue found = table.value(at(0.6));
  double mean = 0;
  for (const double y : table.y) mean += y / 64;
  double square = 0;
  for (const double y : table.y) square += (y - mean) * (y - mean);
  EXPECT_NEAR(found.reference.standard_error, std::sqrt(square / 63 / 64), 1e-13);
}

// KL -> Var(r) / (2 beta^2) and gain -> Cov(r, y) / beta, with relative errors of 1/beta; 1e-4
// leaves room for the skewness of the sample.
TEST(TablePolicy, WeakTiltsKeepTheirDigits) {
  const Table table = normal_table(1000, 7);
  double r = 0, y = 0, rr = 0, ry = 0;
  for (std::size_t i = 0; i < 1000; ++i) {
    r += table.r[i] / 1000;
    y += table.y[i] / 1000;
  }
  for (std::size_t i = 0; i < 1000; ++i) {
    rr += (table.r[i] - r) * (table.r[i] - r) / 1000;
    ry += (table.r[i] - r) * (table.y[i] - y) / 1000;
  }
  for (const double beta : {1e5, 1e6}) {
    const TablePolicyValue found = table.value(at(beta));
    EXPECT_NEAR(found.kl.value * 2 * beta * beta, rr, 1e-3 * rr);
    EXPECT_NEAR(found.gain.value * beta, ry - rr / 2, 1e-3);
    EXPECT_NEAR(found.value.value, y, 1e-4);
    EXPECT_TRUE(found.reliable) << found.remark;
    EXPECT_NEAR(found.ess, 1000, 1e-3);
  }
}

TEST(TablePolicy, ColdTiltsTakeTheBestRow) {
  Table table = normal_table(300, 8);
  table.r[17] = 9;
  const TablePolicyValue found = table.value(at(1e-6, 100));
  EXPECT_NEAR(found.value.value, table.y[17], 1e-15);
  EXPECT_NEAR(found.kl.value, std::log(300), 1e-12);
  EXPECT_NEAR(found.greedy_kl, std::log(300), 1e-12);
  EXPECT_NEAR(found.ess, 1, 1e-12);
  EXPECT_FALSE(found.reliable);
  expect_words(found.remark, "leaves 1 effective rows of 300", "raise beta");
  EXPECT_EQ(found.value.standard_error, kInfinity);
  EXPECT_FALSE(found.value.interval.has_value());
  table.strata = numbers(300, 1, 3);
  expect_words(table.value(at(1e-6)).remark, "in fold", "of 100");
}

TEST(TablePolicy, TiesShareTheGreedyPolicy) {
  Table table;
  table.r = {1, 3, 3, 0, 2, 2, 2, 2};
  table.y = {0, 1, 2, 3, 4, 5, 6, 7};
  table.groups = {0, 0, 0, 0, 1, 1, 1, 1};
  TablePolicyOptions options = at(1e-3);
  options.enumerated = true;
  const TablePolicyValue found = table.value(options);
  EXPECT_NEAR(found.value.value, (1.5 + 5.5) / 2, 1e-12);
  EXPECT_NEAR(found.greedy_kl, std::log(2) / 2, 1e-12);
  EXPECT_NEAR(found.kl.value, std::log(2) / 2, 1e-12);
}

TEST(TablePolicy, AnEnumeratedTableHasNoErrors) {
  Table table = normal_table(50, 9);
  TablePolicyOptions options = at(0.05, 200);
  options.enumerated = true;
  const TablePolicyValue found = table.value(options);
  EXPECT_EQ(found.gain.standard_error, 0);
  EXPECT_EQ(found.gain.lower(), found.gain.value);
  EXPECT_FALSE(found.gain.interval.has_value());
  EXPECT_TRUE(found.reliable);
  EXPECT_EQ(found.remark, "");
  options.enumerated = false;
  EXPECT_EQ(table.value(options).gain.value, found.gain.value);
  table.groups.assign(50, 0);
  options.enumerated = true;
  EXPECT_NEAR(table.value(options).gain.value, found.gain.value, 1e-13);
}

TEST(TablePolicy, HeavyTailsAndFewGroupsAreRemarked) {
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

TEST(TablePolicy, HasTheSameBitsForAnyNumberOfThreads) {
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

TEST(TablePolicy, AConstantGoldRewardIsCertain) {
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

TEST(TablePolicy, IntervalsCoverWithoutGroups) { expect_coverage_without_groups(1, 1.2); }

TEST(TablePolicy, IntervalsCoverWithCrossFittingFolds) { expect_coverage_without_groups(5, 1.5); }

// Groups of 8: the truth is a mean over 40000 groups (standard error 0.005, a twentieth of the
// intervals' half width).
TEST(TablePolicy, IntervalsCoverWithGroups) {
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

TEST(TablePolicy, RefusesOptionsOutsideTheirRange) {
  const Table table = normal_table(10, 13);
  const auto text = [&](auto change) {
    TablePolicyOptions options = at(1);
    change(options);
    return failure_text<UsageError>([&] { table.value(options); });
  };
  expect_words(text([](auto& o) { o.beta = 0; }), "beta = 0");
  expect_words(text([](auto& o) { o.level = 1; }), "level = 1: must be between 0 and 1");
  expect_words(text([](auto& o) { o.bootstrap = 5; }), "bootstrap = 5: must be 0 or from 100");
  expect_words(text([](auto& o) { o.bootstrap = -1; }), "bootstrap = -1");
  const std::vector<double> short_column(9);
  expect_words(failure_text<UsageError>(
                   [&] { table_policy_value(table.r, short_column, table.reference(), at(1)); }),
               "gold reward = 9 values: there are 10 rows");
  TableReference wrong = table.reference();
  wrong.log_weights = short_column;
  expect_words(
      failure_text<UsageError>([&] { table_policy_value(table.r, table.y, wrong, at(1)); }),
      "log_weights = 9 values: there are 10 rows");
  expect_words(failure_text<UsageError>([&] { table_policy_value({}, {}, {}, at(1)); }),
               "rows = 0: a table needs at least one row");
}

TEST(TablePolicy, RefusesTablesThatAreNone) {
  const auto text = [](auto change) {
    Table table = normal_table(6, 14);
    change(table);
    return failure_text<DataError>([&] { table.value(at(1)); });
  };
  expect_words(text([](Table& t) { t.r[2] = std::nan(""); }),
               "proxy reward of row 3 = nan: must be finite");
  expect_words(text([](Table& t) { t.y[0] = kInfinity; }), "gold reward of row 1 = inf");
  expect_words(text([](Table& t) { t.groups = {0, 0, 0, 2, 2, 2}; }),
               "group 1 = 0 rows: groups must be numbered 0, 1, 2, ... without gaps");
  expect_words(text([](Table& t) { t.groups = {0, 0, 0, 9, 9, 9}; }), "group of row 4 = 9");
  expect_words(text([](Table& t) { t.groups = {0, 1, 2, 3, 4, 5}; }),
               "groups = 6 of one row each: there is nothing to choose among within a group");
  expect_words(text([](Table& t) { t.groups.assign(6, 0); }),
               "groups = 1: an error can be told from two groups or more");
  expect_words(text([](Table& t) { t.strata = {0, 0, 0, 0, 0, 1}; }), "stratum 1 = 1 row");
  expect_words(text([](Table& t) { t.strata = {0, 0, 0, 0, 0, 1 << 20}; }),
               "stratum of row 6 = 1048576: must be below 65536");
  expect_words(text([](Table& t) {
                 t.groups = {0, 0, 0, 1, 1, 1};
                 t.strata = {0, 0, 1, 1, 1, 1};
               }),
               "group 0 = strata 0 and 1: a group must lie within one stratum");
  expect_words(text([](Table& t) {
                 t.groups = {0, 0, 0, 1, 1, 1};
                 t.log_weights = {0, 0, 0, -kInfinity, -kInfinity, -kInfinity};
               }),
               "group 1 = 3 rows: has no row with a positive weight");
  expect_words(text([](Table& t) { t.log_weights = {0, 0, 0, 0, std::nan(""), 0}; }),
               "log weight of row 5 = nan");
}

}  // namespace
}  // namespace esscher
