#include "refinement/few_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <vector>

namespace esscher::internal {
namespace {

struct NumberedRows {
  explicit NumberedRows(std::size_t n) : x(n, 1), labels(n), weights(n, 1.0), groups(n), folds(n) {
    for (std::size_t i = 0; i < n; ++i) {
      x(i, 0) = labels[i] = static_cast<double>(i);
      groups[i] = static_cast<std::uint32_t>(i / 4);
      folds[i] = static_cast<std::uint32_t>(i / 4 % 3);
    }
  }
  Matrix<double> x;
  std::vector<double> labels;
  std::vector<double> weights;
  std::vector<std::uint32_t> groups;
  std::vector<std::uint32_t> folds;
};

TEST(FewRows, AreAboutSoManyEachWithAllOfItsOwn) {
  const NumberedRows all(4000);
  const FewRows few({all.x.view(), all.labels, {}, {}, all.folds}, 1000);
  const MetricSample some = few.sample();
  // Four standard deviations of a binomial: the draw is fixed.
  EXPECT_NEAR(static_cast<double>(some.labels.size()), 1000, 4 * std::sqrt(1000 * 0.75));
  EXPECT_EQ(some.x.rows, some.labels.size());
  EXPECT_TRUE(some.groups.empty());
  EXPECT_TRUE(some.weights.empty());
  for (std::size_t i = 0; i < some.labels.size(); ++i) {
    EXPECT_EQ(some.x(i, 0), some.labels[i]);
    EXPECT_EQ(some.folds[i], all.folds[static_cast<std::size_t>(some.labels[i])]);
  }
  EXPECT_TRUE(few.serve());
}

TEST(FewRows, KeepGroupsWhole) {
  const NumberedRows all(4000);
  const FewRows few({all.x.view(), all.labels, all.weights, all.groups, all.folds}, 1000);
  std::map<std::uint32_t, int> rows;
  for (const std::uint32_t group : few.sample().groups) ++rows[group];
  EXPECT_GT(rows.size(), 150);
  for (const auto& [group, count] : rows) EXPECT_EQ(count, 4) << group;
}

TEST(FewRows, DoNotServeWhereAFoldHasNoWeight) {
  NumberedRows all(4000);
  for (std::size_t i = 0; i < 4000; ++i) all.weights[i] = all.folds[i] == 2 ? 0 : 1;
  EXPECT_FALSE(FewRows({all.x.view(), all.labels, all.weights, {}, all.folds}, 1000).serve());
}

}  // namespace
}  // namespace esscher::internal
