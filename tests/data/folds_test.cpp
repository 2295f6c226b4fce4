#include "esscher/data/folds.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "esscher/base/error.h"

namespace esscher {
namespace {

template <class Call>
std::string folds_failure(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no failure";
}

std::vector<std::uint64_t> fold_sizes(const std::vector<std::uint32_t>& fold, int folds) {
  std::vector<std::uint64_t> sizes(static_cast<std::size_t>(folds));
  for (const std::uint32_t k : fold) ++sizes.at(k);
  return sizes;
}

RC_GTEST_PROP(Folds, SizesOfRowsDifferByAtMostOne, ()) {
  const int folds = *rc::gen::inRange(2, 12);
  const auto rows = static_cast<std::uint64_t>(*rc::gen::inRange(folds, 400));
  const auto sizes =
      fold_sizes(assign_folds(rows, {}, folds, *rc::gen::arbitrary<unsigned>()), folds);
  const auto [least, greatest] = std::ranges::minmax(sizes);
  RC_ASSERT(greatest - least <= 1U);
}

RC_GTEST_PROP(Folds, GroupsStayWholeAndFoldsBalanced, ()) {
  const int folds = *rc::gen::inRange(2, 6);
  auto groups =
      *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(0, 50));
  for (int k = 0; k < folds; ++k) groups.push_back(1000 + static_cast<std::uint32_t>(k));
  const auto fold = assign_folds(groups.size(), groups, folds, 3);
  std::map<std::uint32_t, std::uint32_t> of_group;
  std::map<std::uint32_t, std::uint64_t> group_size;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    RC_ASSERT(of_group.try_emplace(groups[i], fold[i]).first->second == fold[i]);
    ++group_size[groups[i]];
  }
  std::uint64_t largest = 0;
  for (const auto& entry : group_size) largest = std::max(largest, entry.second);
  const auto [least, greatest] = std::ranges::minmax(fold_sizes(fold, folds));
  RC_ASSERT(least >= 1U);
  RC_ASSERT(greatest - least <= largest);
}

TEST(Folds, DependOnTheSeedAndNotOnTheNamesOfGroups) {
  EXPECT_EQ(assign_folds(1000, {}, 5, 1), assign_folds(1000, {}, 5, 1));
  EXPECT_NE(assign_folds(1000, {}, 5, 1), assign_folds(1000, {}, 5, 2));
  std::vector<std::uint32_t> groups;
  std::vector<std::uint32_t> renamed;
  for (std::uint32_t i = 0; i < 300; ++i) {
    groups.push_back(i / 3);
    renamed.push_back(4'000'000'000U - 7 * (i / 3));
  }
  EXPECT_EQ(assign_folds(300, groups, 5, 1), assign_folds(300, renamed, 5, 1));
  EXPECT_NE(assign_folds(300, groups, 5, 1), assign_folds(300, groups, 5, 2));
}

// Each of 20 rows falls into fold 0 of 4 with probability 1/4; over 4000 seeds the count has
// deviation 27.4, and 5 of them bound all 20 rows with a false alarm in 1e5.
TEST(Folds, PutEachRowIntoEachFoldEquallyOften) {
  std::vector<int> count(20);
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    const auto fold = assign_folds(20, {}, 4, seed);
    for (std::size_t i = 0; i < 20; ++i) count[i] += fold[i] == 0 ? 1 : 0;
  }
  for (const int times : count) EXPECT_NEAR(times, 1000, 5 * 27.4);
}

TEST(Folds, RefuseTablesThatAreTooSmall) {
  EXPECT_EQ(folds_failure([] { assign_folds(7, {}, 10, 1); }),
            "--folds = 10: the table has only 7 rows; take at most 7");
  EXPECT_EQ(folds_failure([] { assign_folds(1, {}, 2, 1); }),
            "--folds = 2: the table has only 1 row; nothing can be cross-fitted");
  EXPECT_EQ(folds_failure([] { assign_folds(7, {}, 1, 1); }), "--folds = 1: must be at least 2");
  EXPECT_EQ(folds_failure([] { assign_folds(7, {}, 1, 1, "--evaluation-folds"); }),
            "--evaluation-folds = 1: must be at least 2");
  const std::vector<std::uint32_t> three{5, 5, 5, 6, 6, 7};
  EXPECT_EQ(folds_failure([&] { assign_folds(6, three, 5, 1); }),
            "--folds = 5: the table has only 3 groups; take at most 3");
  const std::vector<std::uint32_t> one(6, 5);
  EXPECT_EQ(folds_failure([&] { assign_folds(6, one, 5, 1); }),
            "--group: all 6 rows are in one group, which cannot be split; give a column that tells "
            "two of them apart, or none");
  EXPECT_EQ(folds_failure([&] { assign_folds(6, one, 5, 1, "--folds", "cluster"); }),
            "--cluster: all 6 rows are in one cluster, which cannot be split; give a column that "
            "tells two of them apart, or none");
  EXPECT_EQ(folds_failure([&] { assign_folds(6, three, 5, 1, "--folds", "cluster"); }),
            "--folds = 5: the table has only 3 clusters; take at most 3");
  EXPECT_THROW(assign_folds(7, three, 2, 1), InternalError);
}

TEST(Folds, RowsInsideAndOutsideAFoldMakeAll) {
  const std::vector<std::uint32_t> fold{0, 1, 1, 0, 2};
  EXPECT_EQ(rows_in_fold(fold, 1), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(rows_not_in_fold(fold, 1), (std::vector<std::uint64_t>{0, 3, 4}));
  EXPECT_TRUE(rows_in_fold(fold, 9).empty());
}

TEST(RandomSubset, IsSortedWithoutRepetitionAndNested) {
  const auto small = random_subset(1000, 50, 4);
  const auto large = random_subset(1000, 400, 4);
  EXPECT_EQ(small.size(), 50U);
  EXPECT_TRUE(std::ranges::is_sorted(large));
  EXPECT_EQ(std::set<std::uint64_t>(large.begin(), large.end()).size(), 400U);
  EXPECT_TRUE(std::ranges::includes(large, small));
  EXPECT_NE(small, random_subset(1000, 50, 5));
  EXPECT_EQ(random_subset(1000, 1000, 5).back(), 999U);
}

TEST(RandomSubset, ChoosesAmongTheNumbersGiven) {
  const std::vector<std::uint64_t> rows{3, 14, 15, 92, 65};
  EXPECT_TRUE(random_subset(rows, 0, 1).empty());
  EXPECT_EQ(random_subset(rows, 5, 1), (std::vector<std::uint64_t>{3, 14, 15, 65, 92}));
  EXPECT_EQ(folds_failure([&] { random_subset(rows, 6, 1); }),
            "rows to choose = 6: there are only 5");
}

TEST(Folds, JoinedGroupsKeepWholeWhatEitherDoes) {
  const std::vector<std::uint32_t> a{5, 5, 1, 1, 2, 3};
  const std::vector<std::uint32_t> b{0, 9, 9, 4, 7, 7};
  EXPECT_EQ(joined_groups(a, b), (std::vector<std::uint32_t>{0, 0, 0, 0, 1, 1}));
  EXPECT_EQ(joined_groups(a, a), (std::vector<std::uint32_t>{0, 0, 1, 1, 2, 3}));
  EXPECT_THROW(joined_groups(a, std::vector<std::uint32_t>{1}), InternalError);
}

}  // namespace
}  // namespace esscher
