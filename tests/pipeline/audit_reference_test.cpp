// Rows of the reference behind those of an audited table, and whether the latter are a draw of all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
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

/// A proxy that is the gold reward but for noise, and noise; z has this mean.
AuditTable drawn_audit(std::size_t rows, double mean = 0, std::uint64_t seed = 1) {
  const auto normals = [&](const char* name) {
    std::vector<double> values(rows);
    RandomStream(seed, name).fill_normal(0, values);
    return values;
  };
  AuditTable table;
  table.proxies = {{"good", normals("z")}, {"noise", normals("noise")}};
  table.gold = normals("gold");
  for (std::size_t i = 0; i < rows; ++i) {
    double& z = table.proxies[0].values[i];
    z += mean;
    table.gold[i] = z + 0.5 * table.gold[i];
  }
  return table;
}

std::vector<std::string> remarks_beside(AuditTable table, const AuditTable& pool) {
  append_reference(table, pool);
  AuditOptions options;
  options.temperatures = {1};
  options.threads = 1;
  return audit_table(table, options).remarks;
}

TEST(AuditReference, SaysWhereTheTableIsNoDrawFromIt) {
  const AuditTable pool = drawn_audit(500, 0, 2);
  const auto told = testing::Contains(HasSubstr("are no random draw from all"));
  const std::vector<std::string> shifted = remarks_beside(drawn_audit(40, 2), pool);
  EXPECT_THAT(shifted, told);
  EXPECT_THAT(shifted[1], testing::StartsWith("'good' averages "));
  EXPECT_THAT(shifted[1], HasSubstr("or leave --reference out."));
  EXPECT_THAT(remarks_beside(drawn_audit(40), pool), testing::Not(told));
  // Under their prior importance they are one, and so are draws of clusters that happen to lie
  // high.
  AuditTable weighted = drawn_audit(400, 1);
  for (const double z : weighted.proxies[0].values) weighted.log_weights.push_back(0.5 - z);
  EXPECT_THAT(remarks_beside(weighted, pool), testing::Not(told));
  AuditTable clustered = drawn_audit(40, 2);
  for (std::uint32_t i = 0; i < 40; ++i) clustered.clusters.push_back(i / 20);
  EXPECT_THAT(remarks_beside(clustered, pool), testing::Not(told));
}

TEST(AuditReference, SaysWhereLabelledRowsOfOneTableAreNoDrawFromIt) {
  AuditTable table = drawn_audit(300);
  for (std::size_t i = 0; i < 300; ++i) {
    if (table.proxies[0].values[i] < 0) table.gold[i] = std::numeric_limits<double>::quiet_NaN();
  }
  AuditOptions options;
  options.temperatures = {1};
  EXPECT_THAT(audit_table(table, options).remarks,
              testing::Contains(HasSubstr("label rows drawn at random, or leave the others out.")));
}

TEST(AuditReference, MayBeOneRow) {
  AuditTable table = drawn_audit(40);
  append_reference(table, drawn_audit(1, 0, 2));
  AuditOptions options;
  options.temperatures = {1};
  const TableAudit audit = audit_table(table, options);
  EXPECT_EQ(audit.rows, 41U);
  EXPECT_EQ(audit.remarks.size(), 1U);
  EXPECT_GT(audit.proxies[0].policies[0].gain.standard_error, 0);
}

TEST(AuditReference, ItsRowsAreCountedByThemselvesInMessages) {
  AuditTable table = drawn_audit(40);
  AuditTable pool = drawn_audit(9);
  pool.proxies[1].values[4] = 1e150;
  append_reference(table, pool);
  AuditOptions options;
  options.temperatures = {1};
  EXPECT_EQ(
      failure_text<DataError>([&] { audit_table(table, options); }),
      "proxy 'noise' of row 5 of --reference = 1e+150: must lie in [-1e100, 1e100]; measure it "
      "in another unit");
}

// Those of a file may have been dropped before.
TEST(AuditReference, MessagesNameTheRowsOfFiles) {
  AuditTable table = drawn_audit(40);
  AuditTable pool = drawn_audit(9);
  for (std::uint64_t i = 0; i < 9; ++i) pool.source_rows.push_back(2 * i);
  pool.proxies[1].values[4] = 1e150;
  AuditOptions options;
  options.temperatures = {1};
  AuditTable both = table;
  append_reference(both, pool);
  EXPECT_THAT(failure_text<DataError>([&] { audit_table(both, options); }),
              testing::StartsWith("proxy 'noise' of row 9 of --reference = 1e+150"));
  table.gold[3] = INFINITY;
  pool = drawn_audit(9);
  for (std::uint64_t i = 0; i < 40; ++i) table.source_rows.push_back(i + 100);
  append_reference(table, pool);
  EXPECT_THAT(failure_text<DataError>([&] { audit_table(table, options); }),
              testing::StartsWith("gold reward of row 104 = inf"));
}

TEST(AppendReference, GroupsKeepTheirClustersAndPartsTheirWeights) {
  AuditTable table{.proxies = {{"p", {1, 2, 3}}},
                   .log_ratios = {{"l", {0.1, 0.2, 0.3}}},
                   .gold = {5, 6, 7},
                   .groups = {0, 0, 1},
                   .log_weights = {},
                   .clusters = {4, 4, 2}};
  AuditTable rows;
  rows.proxies = {{"p", {8, 9, 10, 11}}};
  rows.log_ratios = {{"l", {-1, -2, -3, -4}}};
  rows.groups = {1, 2, 0, 3};
  rows.log_weights = {0, std::log(3.0), 0, std::log(3.0)};
  append_reference(table, rows);
  EXPECT_THAT(table.proxies[0].values, testing::ElementsAre(1, 2, 3, 8, 9, 10, 11));
  EXPECT_THAT(table.log_ratios[0].values, testing::ElementsAre(0.1, 0.2, 0.3, -1, -2, -3, -4));
  EXPECT_THAT(table.groups, testing::ElementsAre(0, 0, 1, 1, 2, 0, 3));
  EXPECT_THAT(table.clusters, testing::ElementsAre(4, 4, 2, 2, 5, 4, 6));
  ASSERT_EQ(table.gold.size(), 7U);
  EXPECT_EQ(table.gold[2], 7);
  const double expected[] = {1, 1, 1, 0.5, 1.5, 0.5, 1.5};
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_NEAR(std::exp(table.log_weights[i]), expected[i], 1e-14) << i;
    EXPECT_EQ(std::isnan(table.gold[i]), i >= 3) << i;
  }
}

TEST(AppendReference, ClustersThatAreGivenAreJoined) {
  AuditTable table = drawn_audit(4);
  table.clusters = {0, 1, 1, 0};
  AuditTable rows = drawn_audit(2);
  rows.clusters = {1, 2};
  append_reference(table, rows);
  EXPECT_THAT(table.clusters, testing::ElementsAre(0, 1, 1, 0, 1, 2));
  AuditTable grouped = drawn_audit(4);
  grouped.groups = grouped.clusters = {0, 0, 1, 1};
  AuditTable more = drawn_audit(3);
  more.groups = {1, 2, 2};
  more.clusters = {0, 5, 6};  // of a group one
  append_reference(grouped, more);
  EXPECT_THAT(grouped.clusters, testing::ElementsAre(0, 0, 1, 1, 1, 5, 5));
}

TEST(AppendReference, WithoutGroupsEachRowIsAClusterOfItsOwn) {
  AuditTable table = drawn_audit(4);
  table.clusters = {0, 1, 1, 0};
  AuditTable rows = drawn_audit(2);
  append_reference(table, rows);
  EXPECT_THAT(table.clusters, testing::ElementsAre(0, 1, 1, 0, 2, 3));
  EXPECT_TRUE(table.groups.empty());
  EXPECT_TRUE(table.log_weights.empty());
  EXPECT_TRUE(std::isnan(table.gold[5]));
}

TEST(AppendReference, RefusesOtherScoresAndLengths) {
  const auto failure = [](const AuditTable& rows) {
    AuditTable table = drawn_audit(4);
    return failure_text<UsageError>([&] { append_reference(table, rows); });
  };
  AuditTable other = drawn_audit(3);
  other.proxies[1].name = "other";
  EXPECT_EQ(failure(other),
            "reference = 'noise': is missing; its scores must be those of the table");
  AuditTable longer = drawn_audit(3);
  longer.proxies[1].values.push_back(0);
  EXPECT_EQ(failure(longer), "reference 'noise' = 4 values: there are 3 rows");
  AuditTable grouped = drawn_audit(3);
  grouped.groups = {0, 0, 1};
  EXPECT_EQ(failure(grouped), "reference = 3 groups: the table has none");
  AuditTable weighted = drawn_audit(3);
  weighted.log_weights = {0};
  EXPECT_EQ(failure(weighted), "reference = 1 log-weights: there are 3 rows");
}

}  // namespace
}  // namespace esscher
