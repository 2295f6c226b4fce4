// Audits of given scores: exact laws, partly known gold, units, trained policies, bad input.
#include "esscher/pipeline/table_audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "../support/failure_text.h"
#include "audit_tables.h"
#include "esscher/base/error.h"
#include "esscher/base/random.h"

namespace esscher {
namespace {

using testing::HasSubstr;

/// gold = z + 0.5 noise; proxies z + 0.3 noise, in its own unit where `unit` is not 1, and noise.
AuditTable normal_audit(std::size_t rows, double unit = 1) {
  const std::vector<double> z = normals(rows, "z");
  const std::vector<double> e = normals(rows, "gold");
  const std::vector<double> f = normals(rows, "proxy");
  AuditTable table;
  NamedScores good{"good", {}};
  for (std::size_t i = 0; i < rows; ++i) {
    table.gold.push_back(z[i] + 0.5 * e[i]);
    good.values.push_back(unit * (z[i] + 0.3 * f[i]));
  }
  table.proxies = {good, {"noise", normals(rows, "noise")}};
  return table;
}

TEST(TableAudit, TellsAProxyFromNoise) {
  const TableAudit audit = audit_table(normal_audit(4000), audit_options());
  ASSERT_EQ(audit.proxies.size(), 3U);
  const ProxyAudit& good = audit.proxies[0];
  const ProxyAudit& noise = audit.proxies[1];
  EXPECT_EQ(audit.proxies[2].name, kMeanOfProxies);
  EXPECT_EQ(audit.known, 4000U);
  // cov / var = 1 / 1.09; correlation 1 / sqrt(1.25 1.09): standard errors of some 0.01.
  EXPECT_NEAR(good.calibration.slope.value, 1 / 1.09, 0.04);
  EXPECT_NEAR(good.calibration.correlation, 1 / std::sqrt(1.25 * 1.09), 0.02);
  EXPECT_NEAR(noise.calibration.slope.value, 0, 4 * noise.calibration.slope.standard_error);
  EXPECT_EQ(good.calibration.tied, 0);
  ASSERT_EQ(good.calibration.curve.size(), 20U);
  for (std::size_t k = 1; k < 20; ++k) {
    EXPECT_GE(good.calibration.curve[k].isotonic, good.calibration.curve[k - 1].isotonic);
    EXPECT_GT(good.calibration.curve[k].proxy, good.calibration.curve[k - 1].proxy);
  }
  // Tilted by r at beta, E y = 1 / beta; beta is in the gold's standard deviations, 1.118.
  const TablePolicyValue& policy = good.policies[1];
  EXPECT_NEAR(policy.beta, 2 * audit.gold_sd, 1e-12);
  EXPECT_NEAR(policy.value.value, 1 / policy.beta, 4 * policy.value.standard_error);
  ASSERT_TRUE(audit.recommended);
  EXPECT_EQ(*audit.recommended, 0U);
  EXPECT_TRUE(good.advice.recommended);
  EXPECT_FALSE(noise.advice.recommended);
  EXPECT_THAT(noise.advice.verdict, HasSubstr("costs more KL than it gains"));
  ASSERT_TRUE(audit.recommended_best_of_n);
  EXPECT_EQ(*audit.recommended_best_of_n, 0U);
  EXPECT_GE(*good.best_of_n_advice.largest, 64);
  EXPECT_FALSE(noise.best_of_n_advice.largest);
  EXPECT_TRUE(audit.remarks.empty());
}

TEST(TableAudit, LeavesTheMeanOfProxiesOut) {
  AuditTable table = normal_audit(1000);
  table.proxies[1].name = kMeanOfProxies;
  AuditOptions options = audit_options();
  EXPECT_THAT(failure_text<UsageError>([&] { audit_table(table, options); }),
              HasSubstr("is what the mean of several proxies is called"));
  options.mean_of_proxies = false;
  EXPECT_EQ(audit_table(table, options).proxies.size(), 2U);
  // A proxy and itself upside down have no mean.
  table.proxies[1].values = table.proxies[0].values;
  for (double& value : table.proxies[1].values) value = -value;
  const TableAudit both = audit_table(table, options);
  EXPECT_EQ(both.proxies[0].calibration.slope.value, -both.proxies[1].calibration.slope.value);
  table.proxies[1].name = "upside down";
  options.mean_of_proxies = true;
  const TableAudit undone = audit_table(table, options);
  EXPECT_EQ(undone.proxies.size(), 2U);
  EXPECT_THAT(undone.remarks, testing::Contains(HasSubstr("they undo one another")));
}

TEST(TableAudit, TwoGoldRewardsTellNoSlope) {
  AuditTable table = normal_audit(1000);
  for (std::size_t i = 2; i < 1000; ++i) table.gold[i] = kUnknown;
  for (const ProxyAudit& proxy : audit_table(table, audit_options()).proxies) {
    EXPECT_TRUE(std::isinf(proxy.calibration.slope.standard_error));
  }
}

TEST(TableAudit, AnotherUnitChangesNoPolicy) {
  const TableAudit plain = audit_table(normal_audit(1000), audit_options());
  const TableAudit scaled = audit_table(normal_audit(1000, 1000), audit_options());
  const ProxyAudit& a = plain.proxies[0];
  const ProxyAudit& b = scaled.proxies[0];
  EXPECT_EQ(a.unit, 1);
  EXPECT_NEAR(b.unit, a.calibration.slope.value / 1000, 1e-12);
  EXPECT_THAT(scaled.remarks, testing::Contains(HasSubstr("another unit")));
  // The temperatures of the scaled one are those of gold over its standard deviation.
  AuditOptions options = audit_options();
  for (double& beta : options.temperatures) beta *= plain.gold_sd / (b.unit * 1000);
  options.in_sd = false;
  const ProxyAudit same = audit_table(normal_audit(1000), options).proxies[0];
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_NEAR(b.policies[k].value.value, same.policies[k].value.value, 1e-10);
    EXPECT_NEAR(b.policies[k].kl.value, same.policies[k].kl.value, 1e-10);
    // Levels: claims of both begin at the gold reward's.
    EXPECT_NEAR(b.policies[k].over_optimisation.value,
                b.policies[k].proxy.value - b.policies[k].value.value, 1e-10);
  }
}

TEST(TableAudit, KnowsTheGoldOfSomeRows) {
  AuditTable table = normal_audit(20000);
  const TableAudit whole = audit_table(table, audit_options());
  for (std::size_t i = 0; i < 20000; ++i) {
    if (i % 10 != 0) table.gold[i] = kUnknown;
  }
  const TableAudit some = audit_table(table, audit_options());
  EXPECT_EQ(some.known, 2000U);
  EXPECT_THAT(some.remarks[0], HasSubstr("known in 2000 of 20000 rows"));
  const TablePolicyValue& all = whole.proxies[0].policies[2];
  const TablePolicyValue& few = some.proxies[0].policies[2];
  EXPECT_NEAR(few.kl.value, all.kl.value, 0.02);
  EXPECT_NEAR(few.rise.value, all.rise.value, 4 * few.rise.standard_error);
  EXPECT_GT(few.rise.standard_error, all.rise.standard_error);
  // Of the labelled rows alone.
  AuditTable labelled;
  labelled.proxies = {{"good", {}}};
  for (std::size_t i = 0; i < 20000; i += 10) {
    labelled.gold.push_back(table.gold[i]);
    labelled.proxies[0].values.push_back(table.proxies[0].values[i]);
  }
  const TablePolicyValue alone = audit_table(labelled, audit_options()).proxies[0].policies[2];
  EXPECT_LT(few.rise.standard_error, 0.8 * alone.rise.standard_error);
  EXPECT_EQ(*some.recommended, 0U);
}

// Scores that tie end what more draws can do: nothing tells of what lies beyond.
TEST(TableAudit, ForecastsNothingWhereScoresTie) {
  AuditTable table;
  table.proxies = {{"judge", normals(1000, "tie r")}, {"score", normals(1000, "tie r")}};
  const std::vector<double> noise = normals(1000, "tie noise");
  for (std::size_t i = 0; i < 1000; ++i) {
    table.gold.push_back(table.proxies[0].values[i] + noise[i]);
    table.proxies[0].values[i] = std::round(std::clamp(table.proxies[0].values[i], -2.0, 2.0));
  }
  const TableAudit audit = audit_table(table, audit_options({1}));
  EXPECT_FALSE(audit.proxies[0].best_of_n_forecast);
  EXPECT_TRUE(audit.proxies[1].best_of_n_forecast);
}

TEST(TableAudit, SaysWhereSmallGroupsAreToldByLargeOnes) {
  AuditTable table = normal_audit(1600);
  for (std::uint32_t i = 0; i < 1600; ++i) table.groups.push_back(i < 1500 ? i / 30 : i / 2 - 700);
  for (std::size_t i = 0; i < 1600; ++i) {
    if (i % 7 != 0) table.gold[i] = kUnknown;
  }
  EXPECT_THAT(audit_table(table, audit_options()).remarks,
              testing::Contains(HasSubstr("one size may be told by another")));
}

TEST(TableAudit, WithinGroupsLevelsAreNobodys) {
  AuditTable table = normal_audit(1200);
  for (std::uint32_t i = 0; i < 1200; ++i) table.groups.push_back(i / 8);
  const TableAudit plain = audit_table(table, audit_options());
  for (std::size_t i = 0; i < 1200; ++i) {
    table.gold[i] += 10 * std::sin(double(table.groups[i]));
    for (NamedScores& proxy : table.proxies) proxy.values[i] += 3 * double(table.groups[i]);
  }
  const TableAudit moved = audit_table(table, audit_options());
  for (std::size_t p = 0; p < 2; ++p) {
    for (std::size_t b = 0; b < 4; ++b) {
      EXPECT_NEAR(moved.proxies[p].policies[b].gain.value, plain.proxies[p].policies[b].gain.value,
                  1e-9);
    }
    EXPECT_NEAR(moved.proxies[p].calibration.slope.value, plain.proxies[p].calibration.slope.value,
                1e-9);
  }
  EXPECT_EQ(moved.proxies[0].best_of_n.back().n, 8);
  EXPECT_EQ(moved.proxies[0].policies[0].groups, 150U);
}

TEST(TableAudit, TrainedPoliciesCountByTheirRatios) {
  // pi = N(1/2, 1) along z: log pi/pi_0 = z/2 - 1/8, KL 1/8, rise 1/2.
  AuditTable table;
  const std::vector<double> z = normals(20000, "z");
  table.log_ratios = {{"trained", {}}, {"wrong base", {}}};
  for (const double value : z) {
    table.gold.push_back(value);
    table.log_ratios[0].values.push_back(value / 2 - 0.125);
    table.log_ratios[1].values.push_back((value / 2 - 0.125) / std::log(2.0));
  }
  const TableAudit audit = audit_table(table, audit_options());
  ASSERT_EQ(audit.policies.size(), 2U);
  const PolicyAudit& policy = audit.policies[0];
  EXPECT_NEAR(policy.value.rise.value, 0.5, 4 * policy.value.rise.standard_error);
  EXPECT_NEAR(policy.value.kl.value, 0.125, 4 * policy.value.kl.standard_error);
  EXPECT_NEAR(policy.mean_ratio.value, 1, 4 * policy.mean_ratio.standard_error);
  EXPECT_GT(policy.rise.low, 0.45);
  EXPECT_NEAR(*policy.worth, policy.value.rise.value / policy.value.kl.value, 1e-12);
  ASSERT_EQ(audit.remarks.size(), 1U);
  EXPECT_THAT(audit.remarks[0], HasSubstr("log-ratio 'wrong base': pi/pi_0 averages to 1.0"));
  EXPECT_FALSE(audit.recommended);
}

TEST(TableAudit, SaysWhereAProxyIsUpsideDown) {
  AuditTable table = normal_audit(500);
  for (double& value : table.proxies[0].values) value = -value;
  const TableAudit audit = audit_table(table, audit_options());
  EXPECT_FALSE(audit.proxies[0].advice.recommended);
  EXPECT_THAT(audit.remarks, testing::Contains(HasSubstr("the wrong way round")));
}

TEST(TableAudit, ThreadsChangeNoBit) {
  AuditOptions options = audit_options();
  options.bootstrap = 100;
  const TableAudit one = audit_table(normal_audit(300), options);
  options.threads = 3;
  const TableAudit three = audit_table(normal_audit(300), options);
  for (std::size_t p = 0; p < 3; ++p) {
    EXPECT_EQ(one.proxies[p].advice.verdict, three.proxies[p].advice.verdict);
    EXPECT_EQ(one.proxies[p].policies[3].gain.interval->low,
              three.proxies[p].policies[3].gain.interval->low);
  }
}

TEST(TableAudit, RefusesWhatCannotBeMeasured) {
  const auto failure = [](const AuditTable& table, AuditOptions options = audit_options()) {
    return failure_text<Error>([&] { audit_table(table, options); });
  };
  const auto by_unit = [](double beta) {
    AuditOptions options = audit_options({beta});
    options.in_sd = false;
    return options;
  };
  AuditTable constant = normal_audit(50);
  constant.proxies[1].values.assign(50, 3.0);
  EXPECT_EQ(failure(constant),
            "proxy 'noise' = 3: is the same in all rows; nobody can choose by it; leave it out");
  AuditTable unknown = normal_audit(50);
  unknown.gold.assign(50, kUnknown);
  EXPECT_EQ(failure(unknown),
            "gold reward = 0 rows with one: at least two must have one; label more rows, "
            "drawn at random");
  AuditTable level = normal_audit(50);
  level.gold.assign(50, 2.0);
  EXPECT_THAT(failure(level), HasSubstr("gold reward = 2: is the same in all rows"));
  AuditTable infinite = normal_audit(50);
  infinite.proxies[0].values[6] = kUnknown;
  EXPECT_EQ(failure(infinite), "proxy 'good' of row 7 = nan: must be finite");
  AuditTable longer = normal_audit(50);
  longer.proxies[0].values.push_back(1);
  EXPECT_EQ(failure(longer), "proxy 'good' = 51 values: there are 50 rows");
  EXPECT_THAT(failure({}), HasSubstr("name a score to audit"));
  AuditTable some = normal_audit(50);
  some.gold[3] = kUnknown;
  AuditOptions enumerated = audit_options();
  enumerated.enumerated = true;
  EXPECT_EQ(failure(some, enumerated),
            "--enumerated = 49 gold rewards: values are exact only where all 50 rows have one; "
            "leave it out");
  AuditOptions numbers = audit_options();
  numbers.best_of = {4, 2};
  EXPECT_THAT(failure(normal_audit(50), numbers), HasSubstr("ascending"));
  EXPECT_THAT(failure(normal_audit(50), audit_options({0})), HasSubstr("beta = 0"));
  AuditOptions alpha = audit_options();
  alpha.alpha = 3;
  EXPECT_THAT(failure(normal_audit(50), alpha), HasSubstr("alpha = 3"));
  AuditTable mean = normal_audit(50);
  mean.proxies[1].name = "mean";
  EXPECT_THAT(failure(mean), HasSubstr("is what the mean of several proxies is called"));
  AuditTable huge = normal_audit(50);
  for (double& value : huge.proxies[0].values) value *= 1e200;
  EXPECT_THAT(failure(huge),
              testing::ContainsRegex("^proxy 'good' of row 1 = -?[0-9.]+e\\+(199|200): "
                                     "must lie in \\[-1e100, 1e100\\]; measure it in"));
  AuditTable far = normal_audit(50, 1e20);
  EXPECT_THAT(failure(far, by_unit(1)),
              HasSubstr("standard deviation 9.83e+19: --beta = 1 of it is "));
  EXPECT_THAT(failure(far, by_unit(1)),
              HasSubstr("out of 1e-9 to 1e9; change the unit of the proxy"));
  for (double& value : far.gold) value *= 1e20;
  EXPECT_THAT(failure(far), HasSubstr("change the unit of the gold reward"));
  EXPECT_THAT(failure(normal_audit(50), audit_options({1, 1e9})),
              testing::ContainsRegex("^--beta = 1e\\+09: of the gold reward's standard deviation, "
                                     "1.[0-9]+, it is 1.[0-9]+e\\+09, out of 1e-9 to 1e9"));
  AuditTable alone = normal_audit(50);
  for (std::uint32_t i = 0; i < 50; ++i) {
    alone.groups.push_back(i / 5);
    if (i % 5 != 0) alone.gold[i] = kUnknown;
  }
  EXPECT_THAT(failure(alone), HasSubstr("one in each group that has any"));
  EXPECT_EQ(failure(normal_audit(50), audit_options({2, 1, 2})),
            "--beta = 2: is there twice; name it once");
  EXPECT_EQ(failure(normal_audit(50), audit_options({})),
            "--beta = '': names no temperature; name one");
}

/// Each row \p times times over, one whole table behind another.
AuditTable copied(const AuditTable& table, int times) {
  AuditTable result = table;
  for (int copy = 1; copy < times; ++copy) {
    for (std::size_t k = 0; k < table.proxies.size(); ++k) {
      std::ranges::copy(table.proxies[k].values, std::back_inserter(result.proxies[k].values));
    }
    std::ranges::copy(table.gold, std::back_inserter(result.gold));
    std::ranges::copy(table.clusters, std::back_inserter(result.clusters));
  }
  return result;
}

TEST(TableAudit, CopiesOfRowsAreNoFurtherDraws) {
  const AuditTable once = normal_audit(300);
  const TableAudit one = audit_table(once, audit_options());
  const TableAudit many = audit_table(copied(once, 3), audit_options());
  for (std::size_t p = 0; p < one.proxies.size(); ++p) {
    for (std::size_t b = 0; b < one.proxies[p].policies.size(); ++b) {
      const TablePolicyValue& a = one.proxies[p].policies[b];
      const TablePolicyValue& c = many.proxies[p].policies[b];
      EXPECT_NEAR(a.value.value, c.value.value, 1e-9);
      EXPECT_NEAR(a.value.standard_error, c.value.standard_error, 1e-6 * a.value.standard_error);
      EXPECT_NEAR(a.ess, c.ess, 1e-6 * a.ess);
    }
  }
  EXPECT_EQ(one.recommended, many.recommended);
  EXPECT_EQ(many.remarks.at(0),
            "900 rows have 300 distinct scores and gold rewards (row 1 is there 3 times): errors "
            "take copies for one draw.");
  // With clusters of their own, which copies join: here the first with the last.
  AuditTable clustered = once;
  for (std::uint32_t i = 0; i < 300; ++i) clustered.clusters.push_back(i / 3);
  const TableAudit fewer = audit_table(clustered, audit_options());
  EXPECT_EQ(audit_table(copied(clustered, 2), audit_options()).proxies[0].policies[0].clusters,
            fewer.proxies[0].policies[0].clusters);
}

TEST(TableAudit, CopiesWithoutGoldAreNoFurtherDraws) {
  AuditTable once = normal_audit(600);
  for (std::size_t i = 0; i < 600; ++i) {
    if (i % 4 != 0) once.gold[i] = std::numeric_limits<double>::quiet_NaN();
  }
  AuditTable thrice = copied(once, 3);
  // The third of the copies lost what was known.
  std::fill(thrice.gold.begin() + 1200, thrice.gold.end(),
            std::numeric_limits<double>::quiet_NaN());
  const auto error = [](const AuditTable& table) {
    return audit_table(table, audit_options()).proxies[0].policies[1].value.standard_error;
  };
  // The first two alone have the same draws, and the same share of known ones.
  EXPECT_NEAR(error(copied(once, 2)), error(once), 0.005 * error(once));
  EXPECT_GT(error(thrice), 0.97 * error(once));
}

TEST(TableAudit, AllThereIsHasNoErrorsOverCopies) {
  AuditOptions options = audit_options();
  options.enumerated = true;
  for (const std::string& remark : audit_table(copied(normal_audit(100), 2), options).remarks) {
    EXPECT_EQ(remark.find("one draw"), remark.npos);
  }
}

TEST(TableAudit, EqualGradesAreNoCopies) {
  AuditTable grades = normal_audit(300);
  for (NamedScores& proxy : grades.proxies) {
    for (double& value : proxy.values) value = std::round(value);
  }
  for (double& value : grades.gold) value = std::round(value);
  const TableAudit audit = audit_table(grades, audit_options());
  for (const std::string& remark : audit.remarks) EXPECT_EQ(remark.find("copies"), remark.npos);
  EXPECT_EQ(audit.proxies[0].policies[0].clusters, 0U);
}

}  // namespace
}  // namespace esscher
