// Rows that stand and fall together, in table_policy_value() and best_of_n_value().
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/policy/best_of_n.h"
#include "esscher/policy/table_policy.h"

namespace esscher {
namespace {

constexpr std::size_t kRows = 300;

/// Normal r, y = 0.8 r + noise, in three strata; and the same rows three times, each with its
/// copies a cluster.
struct Copied {
  Copied() : r(kRows), y(kRows) {
    RandomStream(1, "test/r").fill_normal(0, r);
    RandomStream(1, "test/y").fill_normal(0, y);
    for (std::size_t i = 0; i < kRows; ++i) {
      y[i] = 0.8 * r[i] + 0.6 * y[i];
      strata.push_back(static_cast<std::uint32_t>(i % 3));
      groups.push_back(static_cast<std::uint32_t>(i / 5));
    }
    for (std::size_t copy = 0; copy < 3; ++copy) {
      for (std::size_t i = 0; i < kRows; ++i) {
        r_copies.push_back(r[i]);
        y_copies.push_back(y[i]);
        strata_copies.push_back(strata[i]);
        clusters.push_back(static_cast<std::uint32_t>(i));
        groups_copies.push_back(static_cast<std::uint32_t>(copy * kRows / 5) + groups[i]);
        group_clusters.push_back(groups[i]);
      }
    }
  }
  TableReference once() const { return {kRows, {}, {}, strata}; }
  TableReference thrice(bool clustered) const {
    TableReference reference{3 * kRows, {}, {}, strata_copies};
    if (clustered) reference.clusters = clusters;
    return reference;
  }

  std::vector<double> r;
  std::vector<double> y;
  std::vector<std::uint32_t> strata;
  std::vector<std::uint32_t> groups;
  std::vector<double> r_copies;
  std::vector<double> y_copies;
  std::vector<std::uint32_t> strata_copies;
  std::vector<std::uint32_t> clusters;
  std::vector<std::uint32_t> groups_copies;
  std::vector<std::uint32_t> group_clusters;
};

void expect_equal(const TableEstimate& a, const TableEstimate& b) {
  EXPECT_NEAR(a.value, b.value, 1e-10);
  EXPECT_NEAR(a.standard_error, b.standard_error, 1e-10);
  EXPECT_NEAR(a.degrees_of_freedom, b.degrees_of_freedom, 1e-6);
  ASSERT_TRUE(a.interval && b.interval);
  EXPECT_NEAR(a.interval->low, b.interval->low, 1e-9);
  EXPECT_NEAR(a.interval->high, b.interval->high, 1e-9);
}

TEST(Clusters, OfCopiesHaveTheErrorsOfTheirRows) {
  const Copied data;
  for (const double beta : {0.7, 2.0, 50.0}) {
    const TablePolicyOptions options{.beta = beta, .bootstrap = 200};
    const TablePolicyValue once = table_policy_value(data.r, data.y, data.once(), options);
    const TablePolicyValue copies =
        table_policy_value(data.r_copies, data.y_copies, data.thrice(true), options);
    for (const auto estimate :
         {&TablePolicyValue::value, &TablePolicyValue::proxy, &TablePolicyValue::kl,
          &TablePolicyValue::objective, &TablePolicyValue::reference, &TablePolicyValue::rise,
          &TablePolicyValue::gain, &TablePolicyValue::over_optimisation}) {
      expect_equal(once.*estimate, copies.*estimate);
    }
    EXPECT_NEAR(once.least_ess, copies.least_ess, 1e-8);
    const TablePolicyValue alone =
        table_policy_value(data.r_copies, data.y_copies, data.thrice(false), options);
    EXPECT_LT(alone.value.standard_error, 0.65 * once.value.standard_error);
  }
}

TEST(Clusters, OfGroupsHaveTheErrorsOfTheirGroups) {
  const Copied data;
  const TablePolicyOptions options{.beta = 0.7, .bootstrap = 200};
  const TableReference once{kRows, data.groups, {}, {}};
  TableReference thrice{3 * kRows, data.groups_copies, {}, {}};
  thrice.clusters = data.group_clusters;
  const TablePolicyValue a = table_policy_value(data.r, data.y, once, options);
  const TablePolicyValue b = table_policy_value(data.r_copies, data.y_copies, thrice, options);
  expect_equal(a.gain, b.gain);
  expect_equal(a.kl, b.kl);
  const BestOfNValue c = best_of_n_value(data.r, data.y, once, {3, false});
  const BestOfNValue d = best_of_n_value(data.r_copies, data.y_copies, thrice, {3, false});
  EXPECT_NEAR(c.value.standard_error, d.value.standard_error, 1e-10);
}

TEST(Clusters, CountInBestOfN) {
  const Copied data;
  const BestOfNValue once = best_of_n_value(data.r, data.y, data.once(), {8, false});
  const BestOfNValue copies =
      best_of_n_value(data.r_copies, data.y_copies, data.thrice(true), {8, false});
  EXPECT_NEAR(once.value.value, copies.value.value, 1e-9);
  // Its pull is that of rows, so that errors agree but for a leverage of a few hundredths.
  EXPECT_NEAR(once.value.standard_error, copies.value.standard_error,
              0.1 * once.value.standard_error);
  EXPECT_NEAR(once.ess, copies.ess, 1e-6);
}

TEST(Clusters, MustLieWithinOneStratumAndHoldWholeGroups) {
  Copied data;
  data.clusters[0] = 1;  // of another stratum
  EXPECT_THROW(table_policy_value(data.r_copies, data.y_copies, data.thrice(true)), DataError);
  TableReference grouped{kRows, data.groups, {}, {}};
  std::vector<std::uint32_t> clusters = data.groups;
  clusters[3] = 50;
  grouped.clusters = clusters;
  EXPECT_THROW(table_policy_value(data.r, data.y, grouped), DataError);
  const std::vector<std::uint32_t> one(kRows);
  const TableReference single{kRows, {}, {}, {}, one};
  EXPECT_THROW(table_policy_value(data.r, data.y, single), DataError);
}

}  // namespace
}  // namespace esscher
