#include "esscher/data/preference_counts.h"

#include <gtest/gtest.h>

#include <vector>

namespace esscher {
namespace {

TEST(PreferenceCounts, CountsPairsAndTiesWithinGroups) {
  const std::vector<double> y = {1, 5, 3, 3, 3, 1, 2, 2};
  const std::vector<std::uint32_t> groups = {0, 2, 0, 0, 0, 1, 1, 1};
  // Of four rows three are equal, of three two, and one is alone.
  const PreferenceCounts counts = count_preferences(y, groups);
  EXPECT_EQ(counts.pairs, 6U + 3U);
  EXPECT_EQ(counts.ties, 3U + 1U);
  EXPECT_EQ(counts.contradictory, 0U);
  EXPECT_EQ(counts.text(), "9 pairs, 4 of them ties");
  EXPECT_EQ((PreferenceCounts{1, 0, 0}.text()), "1 pair");
  EXPECT_EQ((PreferenceCounts{5, 1, 2}.text()), "5 pairs, 1 of them ties, 2 stated both ways");
}

}  // namespace
}  // namespace esscher
