// Errors for what the rows whose reward is known do not show.

#include "policy/unseen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "esscher/base/random.h"
#include "esscher/policy/best_of_n.h"
#include "esscher/policy/table_policy.h"
#include "policy/above_rows.h"
#include "policy/tilted_table.h"

namespace esscher {
namespace {

using testing::HasSubstr;

struct PassFail {
  std::vector<double> r;
  std::vector<double> y;
  TableReference reference;
};

/// 200 rows in ascending order of r, of which the upper half pass.
PassFail pass_fail() {
  PassFail table;
  for (int i = 0; i < 200; ++i) {
    table.r.push_back(i / 40.0);
    table.y.push_back(i < 100 ? 0 : 1);
  }
  table.reference.rows = 200;
  return table;
}

// All rows that carry the policy pass, all but some e^-10 of its weight: V = 1, and pi_0's mean of
// (y - V)^2 is 1/2. Without more, the error would be 0, and a mean of 1 certain.
TEST(Unseen, RowsOfOneRewardTellNoCertainty) {
  const PassFail table = pass_fail();
  const auto rule = [](double ess) { return std::sqrt(3 * 0.5) / ess; };
  TablePolicyOptions options;
  options.beta = 0.25;
  options.bootstrap = 0;
  const TablePolicyValue tilt = table_policy_value(table.r, table.y, table.reference, options);
  EXPECT_NEAR(tilt.value.value, 1, 1e-3);
  EXPECT_NEAR(tilt.value.standard_error, rule(tilt.ess), 1e-3 * rule(tilt.ess));
  EXPECT_EQ(tilt.gain.standard_error, tilt.value.standard_error);
  EXPECT_EQ(tilt.steady_value.standard_error, tilt.value.standard_error);
  const BestOfNValue best = best_of_n_value(table.r, table.y, table.reference, {32});
  EXPECT_NEAR(best.value.value, 1, 1e-6);
  EXPECT_NEAR(best.value.standard_error, rule(best.ess), 1e-3 * rule(best.ess));
  // A whole library is no sample.
  options.enumerated = true;
  EXPECT_EQ(table_policy_value(table.r, table.y, table.reference, options).value.standard_error, 0);
}

// Five prompts of four candidates, of which the proxy likes the one that is right: 3/4 above the
// mean in each. Of five that agree three may be otherwise.
TEST(Unseen, AClusterOfEqualRowsTellsWhatOneOfThemDoes) {
  PassFail one;
  PassFail clustered;
  std::vector<double> one_y;
  std::vector<double> clustered_y;
  std::vector<std::uint32_t> clusters;
  for (std::uint32_t k = 0; k < 40; ++k) {
    const double y = k % 3 == 0 ? NAN : k < 20 ? 0 : 1;
    one.r.push_back(k / 8.0);
    one.y.push_back(k < 20 ? 0 : 1);
    one_y.push_back(y);
    for (int i = 0; i < 25; ++i) {
      clustered.r.push_back(one.r.back());
      clustered.y.push_back(one.y.back());
      clustered_y.push_back(y);
      clusters.push_back(k);
    }
  }
  one.reference.rows = 40;
  clustered.reference.rows = 1000;
  clustered.reference.clusters = clusters;
  const auto expect_alike = [](const auto& a, const auto& b) {
    EXPECT_NEAR(a.ess, b.ess, 1e-9);
    EXPECT_NEAR(a.least_ess, b.least_ess, 1e-9);
    EXPECT_NEAR(a.value.standard_error, b.value.standard_error, 1e-9);
    EXPECT_NEAR(a.gain.standard_error, b.gain.standard_error, 1e-9);
    EXPECT_EQ(a.clusters, 0U);
    EXPECT_EQ(b.clusters, 40U);
  };
  for (const bool partial : {false, true}) {
    TablePolicyOptions options;
    options.beta = 0.25;
    options.bootstrap = 0;
    const std::span<const double> y = partial ? one_y : one.y;
    const std::span<const double> clustered_rewards = partial ? clustered_y : clustered.y;
    if (partial) options.predicted = one.r;
    const TablePolicyValue tilt = table_policy_value(one.r, y, one.reference, options);
    const BestOfNValue best =
        best_of_n_value(one.r, y, one.reference, {.n = 32, .predicted = options.predicted});
    if (partial) options.predicted = clustered.r;
    expect_alike(tilt,
                 table_policy_value(clustered.r, clustered_rewards, clustered.reference, options));
    expect_alike(best, best_of_n_value(clustered.r, clustered_rewards, clustered.reference,
                                       {.n = 32, .predicted = options.predicted}));
  }
}

// Rewards in no order, of which neither the first nor the last is the one that has the weight.
TEST(Unseen, TheRewardThatHasTheWeightIsFoundInAnyOrder) {
  PassFail table;
  for (int i = 0; i < 300; ++i) {
    const bool usual = i % 3 != 0 || (i > 50 && i < 250);
    table.y.push_back(usual ? 1 : i % 2 == 0 ? 0 : 5);
    table.r.push_back(usual ? 6 : 0);
  }
  table.reference.rows = 300;
  const double usual = static_cast<double>(std::ranges::count(table.y, 1));
  const double unusual = static_cast<double>(std::ranges::count(table.y, 5));
  TablePolicyOptions options;
  options.bootstrap = 0;
  options.beta = 0.25;
  const TablePolicyValue tilt = table_policy_value(table.r, table.y, table.reference, options);
  const double square = (300 - usual - unusual + 16 * unusual) / 300;
  EXPECT_NEAR(tilt.value.standard_error, std::sqrt(3 * square) / usual, 1e-9);
}

TEST(Unseen, NorDoGroupsOfOneRise) {
  PassFail table;
  std::vector<std::uint32_t> groups;
  for (std::uint32_t i = 0; i < 20; ++i) {
    table.r.push_back(i % 4 == 0 ? 1 : 0);
    table.y.push_back(i % 4 == 0 ? 1 : 0);
    groups.push_back(i / 4);
  }
  table.reference.groups = groups;
  table.reference.rows = 20;
  const BestOfNValue best = best_of_n_value(table.r, table.y, table.reference, {1000});
  EXPECT_NEAR(best.gain.value, 0.75, 1e-9);
  EXPECT_NEAR(best.gain.standard_error, std::sqrt(3 * 0.75) / 5, 1e-9);
}

/// Prompts of four candidates, one of which is right, and liked best; each with a level of its own.
struct Prompts {
  std::vector<double> r;
  std::vector<double> y;
  std::vector<double> predicted;
  std::vector<std::uint32_t> groups;
  TableReference reference;

  /// \param unknown  the first so many have no gold reward
  explicit Prompts(std::uint32_t count, std::uint32_t unknown = 0, double level = 0) {
    for (std::uint32_t i = 0; i < 4 * count; ++i) {
      const std::uint32_t group = i / 4;
      const bool right = i % 4 == group % 4;
      r.push_back(right ? 1 : 0);
      y.push_back(group < unknown ? NAN : r.back() + level * group);
      predicted.push_back(0.9 * r.back());
      groups.push_back(group);
    }
    reference.groups = groups;
    reference.rows = r.size();
  }
};

// A mild tilt takes the right one with chance w, each other one with (1 - w)/3. In another order of
// the rewards that is what one of the four is taken with, any with like chance. Levels are
// nobody's.
TEST(Unseen, GroupsOfOneRiseTellNoCertaintyOfMildPoliciesEither) {
  for (const double level : {0.0, 7.0}) {
    const Prompts prompts(8, 0, level);
    const auto expected = [](double w) {
      const double rise = w - 0.25;
      const double other = (1 - w) / 3 - 0.25;
      const double square = (3 * (rise - other) * (rise - other)) / 4;
      return std::sqrt(3 * square) / 8;
    };
    TablePolicyOptions options;
    options.bootstrap = 0;
    for (const double beta : {0.25, 1.0, 100.0}) {
      options.beta = beta;
      const TablePolicyValue tilt =
          table_policy_value(prompts.r, prompts.y, prompts.reference, options);
      const double w = 1 / (1 + 3 * std::exp(-1 / beta));
      EXPECT_NEAR(tilt.rise.standard_error, expected(w), 1e-12);
      EXPECT_NEAR(tilt.gain.standard_error, expected(w), 1e-12);
    }
    const BestOfNValue best = best_of_n_value(prompts.r, prompts.y, prompts.reference, {.n = 2});
    EXPECT_NEAR(best.gain.standard_error, expected(1 - 0.75 * 0.75), 1e-12);
  }
}

TEST(Unseen, GroupsWithoutGoldDoNotHideThatTheOthersAgree) {
  for (const std::uint32_t unknown : {0U, 1U, 5U}) {
    const Prompts prompts(20, unknown);
    BestOfNOptions best{.n = 1000};
    TablePolicyOptions tilt;
    tilt.bootstrap = 0;
    tilt.beta = 0.05;
    if (unknown > 0) best.predicted = tilt.predicted = prompts.predicted;
    const double expected = std::sqrt(3 * 0.75) / (20 - unknown);
    EXPECT_NEAR(best_of_n_value(prompts.r, prompts.y, prompts.reference, best).gain.standard_error,
                expected, 1e-6);
    EXPECT_NEAR(
        table_policy_value(prompts.r, prompts.y, prompts.reference, tilt).rise.standard_error,
        expected, 1e-6);
  }
}

// Of half of the prompts one candidate is right, of the others three; each time one is taken that
// is. Rises of 3/4 and 1/4 err by what they differ by, and what is taken by what has not been
// shown.
TEST(Unseen, NorDoGroupsOfOneValue) {
  Prompts prompts(8);
  for (std::size_t i = 0; i < prompts.y.size(); ++i) {
    if (prompts.groups[i] % 2 == 1) prompts.y[i] = prompts.r[i] = 1 - prompts.r[i];
  }
  const BestOfNValue best = best_of_n_value(prompts.r, prompts.y, prompts.reference, {.n = 1000});
  EXPECT_NEAR(best.value.value, 1, 1e-9);
  EXPECT_NEAR(best.gain.value, 0.5, 1e-9);
  // In another order the one that is liked is right with chance 1/4, which moves by 1 else; of
  // three that tie one is wrong with chance 3/4, which moves by 1/3.
  EXPECT_NEAR(best.gain.standard_error, std::sqrt(3 * (0.75 + 0.75 / 9) / 2) / 8, 1e-9);
}

// Groups whose rises differ are their own measure.
TEST(Unseen, SpreadRisesKeepTheirErrors) {
  Prompts prompts(20);
  for (std::size_t i = 0; i < prompts.y.size(); ++i) {
    prompts.y[i] *= 1 + 1e-3 * static_cast<double>(prompts.groups[i]);
  }
  TablePolicyOptions options;
  options.bootstrap = 0;
  options.influence = true;
  const TablePolicyValue tilt =
      table_policy_value(prompts.r, prompts.y, prompts.reference, options);
  double squares = 0;
  for (const double moved : tilt.rise_influence) squares += moved * moved;
  EXPECT_GT(squares, 0);
  EXPECT_NEAR(tilt.rise.standard_error, std::sqrt(squares), 1e-15);
}

// Rewards that differ from row to row are their own measure.
TEST(Unseen, SpreadRewardsKeepTheirErrors) {
  PassFail table = pass_fail();
  std::vector<double> noise(200);
  RandomStream(5, "noise").fill_normal(0, noise);
  for (std::size_t i = 0; i < 200; ++i) table.y[i] = 1e-3 * noise[i];
  TablePolicyOptions options;
  options.beta = 0.25;
  options.bootstrap = 0;
  options.influence = true;
  const TablePolicyValue tilt = table_policy_value(table.r, table.y, table.reference, options);
  double squares = 0;
  for (const double moved : tilt.value_influence) squares += moved * moved;
  const internal::TableCells cells = internal::table_cells(table.reference);
  const internal::TiltedTable tilted(cells, table.r, {table.y, {}}, 0.25);
  const double above =
      internal::errors_above(cells, table.r, table.y, tilted.all_weights(), 0.25)[internal::kValue];
  EXPECT_NEAR(tilt.value.standard_error, std::hypot(std::sqrt(squares), above), 1e-15);
}

// 2000 rows, the tilt mean 2: a draw of 100 that holds none of the top leaves the rest of the known
// rows nearly alike, and many effective ones. It is not believed.
TEST(Unseen, ADrawWithoutTheTopIsNotBelieved) {
  std::vector<double> r(2000);
  RandomStream(6, "r").fill_normal(0, r);
  std::vector<double> y(2000, NAN);
  std::vector<double> predicted = r;
  std::size_t known = 0;
  for (std::size_t i = 0; i < 2000 && known < 100; ++i) {
    if (r[i] > 1.2) continue;
    y[i] = r[i];
    ++known;
  }
  TableReference reference;
  reference.rows = 2000;
  TablePolicyOptions options;
  options.beta = 0.5;
  options.bootstrap = 0;
  options.predicted = predicted;
  const TablePolicyValue tilt = table_policy_value(r, y, reference, options);
  double sum = 0;
  double squares = 0;
  double beyond = 0;
  double highest = -INFINITY;
  for (std::size_t i = 0; i < r.size(); ++i) {
    if (!std::isnan(y[i])) highest = std::max(highest, r[i]);
  }
  for (const double each : r) {
    const double w = std::exp(each / 0.5);
    sum += w;
    squares += w * w;
    if (each > highest) beyond += w;
  }
  EXPECT_NEAR(tilt.ess, 100.0 / 2000 * sum * sum / squares, 1e-9);
  EXPECT_NEAR(tilt.beyond, beyond / sum, 1e-12);
  EXPECT_FALSE(tilt.reliable);
  const BestOfNValue best = best_of_n_value(r, y, reference, {.n = 8, .predicted = predicted});
  EXPECT_GT(best.beyond, 0.1);
  EXPECT_FALSE(best.reliable);
  EXPECT_THAT(best.remark, testing::AnyOf(HasSubstr("score above all that have a gold reward"),
                                          HasSubstr("of the weight that is their due")));
  // Labels of the highest scores would be no random draw, which every estimate takes them for.
  EXPECT_THAT(best.remark, testing::EndsWith("label more rows, drawn at random"));
}

}  // namespace
}  // namespace esscher
