// The tilted policy on a table: exact sums, and what must not change them. Its errors and
// intervals: table_policy_errors_test.cpp.

#include "esscher/policy/table_policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/policy/best_of_n.h"
#include "tables.h"

namespace esscher {
namespace {

using namespace policy_tables;

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
  EXPECT_NEAR(found.rise.value, s.value - s.reference, 1e-12);
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

TEST(TablePolicy, WithinGroupsLevelsAreNobodys) {
  Table table = normal_table(120, 1);
  table.groups = numbers(120, 1, 17);
  TablePolicyOptions options = at(0.5);
  options.bootstrap = 100;
  const TablePolicyValue plain = table.value(options);
  EXPECT_NEAR(plain.proxy.value - plain.value.value, plain.over_optimisation.value, 1e-12);
  for (std::size_t i = 0; i < table.r.size(); ++i) table.r[i] += 10.0 * table.groups[i];
  const TablePolicyValue moved = table.value(options);
  // Rewards of 170 lose three digits.
  EXPECT_NEAR(moved.proxy.value, plain.proxy.value, 1e-11);
  EXPECT_NEAR(moved.proxy.standard_error, plain.proxy.standard_error, 1e-11);
  ASSERT_TRUE(moved.proxy.interval && plain.proxy.interval);
  EXPECT_NEAR(moved.proxy.interval->low, plain.proxy.interval->low, 1e-10);
  for (std::size_t i = 0; i < table.y.size(); ++i) table.y[i] += 10.0 * table.groups[i];
  const TablePolicyValue raised = table.value(options);
  EXPECT_NEAR(raised.rise.value, plain.rise.value, 1e-11);
  EXPECT_NEAR(raised.rise.standard_error, plain.rise.standard_error, 1e-11);
  EXPECT_GT(raised.value.standard_error, 5 * plain.value.standard_error);
  const BestOfNValue best =
      best_of_n_value(table.r, table.y, {120, table.groups, {}, {}}, {.n = 3});
  const BestOfNValue reference =
      best_of_n_value(table.r, table.y, {120, table.groups, {}, {}}, {.n = 1});
  EXPECT_NEAR(reference.proxy.value, reference.value.value, 1e-11);
  EXPECT_GT(best.proxy.value, reference.proxy.value);
  EXPECT_LT(best.proxy.value, reference.proxy.value + 4);
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
      mean.proxy += (s.reference + s.proxy - s.reference_proxy) / 17;
      mean.kl += s.kl / 17;
      mean.reference += s.reference / 17;
      mean.reference_proxy += s.reference / 17;
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
  expect_words(table.value(at(1e-6)).remark, "in stratum", "of 100");
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

TEST(TablePolicy, ARequestToStopLeavesOutTheReplicates) {
  const std::vector<double> y{0, 1, 2, 3, 4, 5, 6, 7};
  TableReference reference;
  reference.rows = y.size();
  CancellationToken token;
  TablePolicyOptions options = at(1, 200);
  options.cancellation = &token;
  EXPECT_TRUE(table_policy_value(y, y, reference, options).gain.interval);
  token.request();
  EXPECT_FALSE(table_policy_value(y, y, reference, options).gain.interval);
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

// The variance of sum (w - p) e, whatever gave the weights; the same for a choice that takes the
// rows as the tilt does.
TEST(TablePolicy, AnEnumeratedTableHasTheErrorsOfItsLabels) {
  const Table table = normal_table(50, 9);
  std::vector<double> noise(50, 0.3);
  noise[7] = 0;
  noise[8] = 2;
  TablePolicyOptions options = at(0.5);
  options.enumerated = options.influence = true;
  options.label_noise = noise;
  const TablePolicyValue found = table.value(options);
  double total = 0;
  for (const double r : table.r) total += std::exp(r / 0.5);
  double value = 0;
  double rise = 0;
  for (std::size_t i = 0; i < 50; ++i) {
    const double w = std::exp(table.r[i] / 0.5) / total;
    value += w * noise[i] * w * noise[i];
    rise += (w - 0.02) * noise[i] * (w - 0.02) * noise[i];
  }
  EXPECT_NEAR(found.value.standard_error, std::sqrt(value), 1e-14);
  EXPECT_NEAR(found.objective.standard_error, std::sqrt(value), 1e-14);
  EXPECT_NEAR(found.gain.standard_error, std::sqrt(rise), 1e-14);
  EXPECT_NEAR(found.over_optimisation.standard_error, std::sqrt(rise), 1e-14);
  EXPECT_NEAR(found.reference.standard_error, 0.02 * std::sqrt(48 * 0.09 + 4), 1e-14);
  EXPECT_EQ(found.kl.standard_error, 0);
  double squares = 0;
  for (const double part : found.gain_influence) squares += part * part;
  EXPECT_NEAR(squares, rise, 1e-14);

  // Of the largest n the choice is the best row, whose noise is that of the value.
  const auto best = std::max_element(table.r.begin(), table.r.end()) - table.r.begin();
  TableReference reference;
  reference.rows = 50;
  const BestOfNValue choice =
      best_of_n_value(table.r, table.y, reference, {1e9, true, true, {}, noise});
  EXPECT_NEAR(choice.value.standard_error, noise[static_cast<std::size_t>(best)], 1e-12);
  noise.pop_back();
  options.label_noise = noise;
  expect_words(failure_text<UsageError>([&] { table.value(options); }),
               "label noise = 49 values: there are 50 rows");
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
