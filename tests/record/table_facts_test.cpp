#include "esscher/record/table_facts.h"

#include <gtest/gtest.h>

namespace esscher {
namespace {

TEST(TableFacts, AreThoseOfTheDataset) {
  Dataset dataset;
  dataset.rewards = {1, 2, 3, 4};
  dataset.feature_names = {"a", "b"};
  dataset.cluster_count = 3;
  dataset.remarks = {"A remark."};
  TableFacts facts = table_facts(dataset);
  EXPECT_EQ(facts.rows, 4U);
  EXPECT_EQ(facts.groups, 0U);
  EXPECT_EQ(facts.clusters, 3U);
  EXPECT_EQ(facts.reference_rows, 0U);
  EXPECT_EQ(facts.features, dataset.feature_names);
  EXPECT_EQ(facts.remarks, dataset.remarks);
  EXPECT_FALSE(facts.preferences);

  dataset.groups = {0, 0, 1, 1};
  dataset.group_names = {"p", "q"};
  dataset.preferences = PreferenceCounts{.pairs = 2, .ties = 1, .contradictory = 0};
  facts = table_facts(dataset);
  EXPECT_EQ(facts.groups, 2U);
  EXPECT_EQ(facts.preferences->ties, 1U);
}

}  // namespace
}  // namespace esscher
