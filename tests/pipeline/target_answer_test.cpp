// Policies named against a target, by audits and evaluations.

#include "esscher/pipeline/target_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/pipeline/table_audit.h"

namespace esscher {
namespace {

using testing::HasSubstr;

/// gold = z + 0.5 noise, proxy z: tilted at beta, the gold's mean is 1 / beta.
AuditTable normal_table(std::size_t rows, std::size_t every, std::uint64_t index = 0) {
  AuditTable table;
  table.proxies = {{"z", std::vector<double>(rows)}};
  std::vector<double> noise(rows);
  RandomStream(31, "z", index).fill_normal(0, table.proxies[0].values);
  RandomStream(31, "noise", index).fill_normal(0, noise);
  for (std::size_t i = 0; i < rows; ++i) {
    const double gold = table.proxies[0].values[i] + 0.5 * noise[i];
    table.gold.push_back(i % every == 0 ? gold : std::numeric_limits<double>::quiet_NaN());
  }
  return table;
}

AuditOptions against(double target) {
  AuditOptions options;
  options.temperatures = {4, 2, 1, 0.8};
  options.in_sd = false;
  options.best_of = {2, 8};
  options.bootstrap = 0;
  options.threads = 1;
  options.target = target;
  return options;
}

TEST(TargetAnswer, NamesTheTemperaturesThatReachIt) {
  for (const std::size_t every : {std::size_t{1}, std::size_t{10}}) {
    const TableAudit audit = audit_table(normal_table(20000, every), against(0.4));
    ASSERT_TRUE(audit.target);
    EXPECT_EQ(audit.target->policies, 6U);
    // 0.5, 1 and 1.25 are far above; 0.25 is not; the best of 2 has 0.56, of 8 1.42.
    ASSERT_EQ(audit.target->reached.size(), 5U) << audit.target->verdict;
    EXPECT_EQ(audit.target->reached[0].beta, 2);
    EXPECT_EQ(audit.target->reached[2].beta, 0.8);
    EXPECT_EQ(audit.target->reached[3].n, 2);
    for (const ReachingPolicy& policy : audit.target->reached) {
      EXPECT_GE(policy.low, 0.4);
      EXPECT_LT(policy.low, policy.value);
    }
    EXPECT_THAT(audit.target->verdict,
                HasSubstr("'z' at beta 2, 1, 0.8; 'z', best of 2, 8 (5 of 6 policies"));
    EXPECT_TRUE(audit.proxies[0].policies[0].value_influence.empty());
  }
  const TableAudit none = audit_table(normal_table(20000, 10), against(9));
  EXPECT_TRUE(none.target->reached.empty());
  EXPECT_THAT(none.target->verdict, HasSubstr("Target 9: of none of the 6 policies"));
}

/// Scores in ascending order, of which the upper half pass, each in \p copies equal rows.
AuditTable passing(std::size_t copies) {
  AuditTable table;
  table.proxies = {{"z", {}}};
  for (std::uint32_t k = 0; k < 40; ++k) {
    for (std::size_t i = 0; i < copies; ++i) {
      table.proxies[0].values.push_back(k / 20.0);
      table.gold.push_back(k < 20 ? 0 : 1);
      if (copies > 1) table.clusters.push_back(k);
    }
  }
  return table;
}

TEST(TargetAnswer, ClustersOfEqualRowsTellWhatOneOfEachTells) {
  AuditOptions options = against(0.8);
  options.temperatures = {1, 0.5, 0.25, 0.125, 0.0625};
  options.best_of = {2, 4, 8, 16, 32};
  const TableAudit one = audit_table(passing(1), options);
  const TableAudit copied = audit_table(passing(25), options);
  ASSERT_EQ(copied.target->reached.size(), one.target->reached.size());
  for (std::size_t k = 0; k < one.target->reached.size(); ++k) {
    EXPECT_EQ(copied.target->reached[k].beta, one.target->reached[k].beta);
    EXPECT_EQ(copied.target->reached[k].n, one.target->reached[k].n);
  }
  EXPECT_GT(one.target->untold, 0U);
  EXPECT_EQ(copied.target->untold, one.target->untold);
}

TEST(TargetAnswer, OfAnEnumeratedTableIsExact) {
  AuditTable table = normal_table(200, 1);
  AuditOptions options = against(0);
  options.enumerated = true;
  const double value = audit_table(table, options).proxies[0].policies[2].value.value;
  options.target = value;
  const TableAudit at = audit_table(table, options);
  options.target = std::nextafter(value, 9);
  const TableAudit above = audit_table(table, options);
  EXPECT_EQ(at.target->reached.size(), above.target->reached.size() + 1);
}

TEST(TargetAnswer, NamesTrainedPolicies) {
  AuditTable table = normal_table(20000, 1);
  NamedScores ratio{"trained", {}};
  for (const double z : table.proxies[0].values) ratio.values.push_back(z - 0.5);
  table.log_ratios = {ratio};
  table.proxies.clear();
  const TableAudit audit = audit_table(table, against(0.9));
  ASSERT_EQ(audit.target->reached.size(), 1U);
  EXPECT_EQ(audit.target->reached[0].name, "trained");
  EXPECT_FALSE(audit.target->reached[0].beta);
  EXPECT_GT(audit.policies[0].rise.low, 0.9);
}

/// At a target of 1 the policy at beta = 1 lies on it, and those at 4 and 2 below: any of the three
/// is named in at most some 5 % of 200 tables of 600 rows, 200 of them labelled; more than 21 have
/// a chance of 1e-3.
TEST(TargetAnswer, NamesFewWrongly) {
  int wrong = 0;
  for (std::uint64_t index = 0; index < 200; ++index) {
    AuditOptions options = against(1.0 + 1e-9);
    options.temperatures = {4, 2, 1};
    options.best_of = {2};
    wrong += audit_table(normal_table(600, 3, index), options).target->reached.empty() ? 0 : 1;
  }
  EXPECT_LE(wrong, 21);
}

TEST(TargetAnswer, HasNoMeaningWithinGroups) {
  AuditTable table = normal_table(40, 1);
  for (std::uint32_t i = 0; i < 40; ++i) table.groups.push_back(i / 4);
  EXPECT_THAT(failure_text<UsageError>([&] { audit_table(table, against(1)); }),
              HasSubstr("--target = 1: within groups the level of the gold reward is nobody's"));
  EXPECT_THROW(audit_table(normal_table(40, 1), against(std::nan(""))), UsageError);
}

}  // namespace
}  // namespace esscher
