// Errors for what the rows whose reward is known do not show.

#include "policy/unseen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "esscher/base/random.h"
#include "esscher/policy/best_of_n.h"
#include "esscher/policy/table_policy.h"

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
  EXPECT_NEAR(tilt.value.standard_error, std::sqrt(squares), 1e-15);
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
}

}  // namespace
}  // namespace esscher
