#include "esscher/data/designs.h"

#include <gtest/gtest.h>

#include "../support/all_rows.h"
#include "esscher/base/random.h"

namespace esscher {
namespace {

/// 700 normal designs of 3 columns, the last 200 rows being copies of the first.
HeldFeatures copies() {
  Matrix<double> x(900, 3);
  RandomStream(1, "test/x").fill_normal(0, x.values());
  for (std::size_t i = 700; i < 900; ++i) std::ranges::copy(x.row(i - 700), x.row(i).begin());
  return HeldFeatures(std::move(x));
}

TEST(Designs, AreRowsOfEqualBits) {
  const HeldFeatures features = copies();
  const Designs designs = find_designs(features, all_rows(900));
  ASSERT_EQ(designs.size(), 700);
  for (std::uint64_t i = 0; i < 900; ++i) {
    EXPECT_EQ(designs.of_row[i], i < 700 ? i : i - 700);
    if (i < 700) {
      EXPECT_EQ(designs.first[i], i);
      EXPECT_EQ(designs.count[i], i < 200 ? 2 : 1);
    }
  }
}

TEST(Designs, OfSomeRowsAreNumberedByTheirPlaces) {
  const HeldFeatures features = copies();
  const std::vector<std::uint64_t> some{5, 705, 3, 899};
  const Designs designs = find_designs(features, some);
  EXPECT_EQ(designs.of_row, (std::vector<std::uint32_t>{0, 0, 1, 2}));
  EXPECT_EQ(designs.first, (std::vector<std::uint64_t>{0, 2, 3}));
}

TEST(Designs, OfTwoGroupsAreTwo) {
  const HeldFeatures features = copies();
  std::vector<std::uint32_t> groups(900);
  for (std::size_t i = 700; i < 800; ++i) groups[i] = 1;
  EXPECT_EQ(find_designs(features, all_rows(900), groups).size(), 800);
}

TEST(Designs, HaveOneZero) {
  Matrix<double> x(2, 1);
  x(0, 0) = 0.0;
  x(1, 0) = -0.0;
  EXPECT_EQ(find_designs(HeldFeatures(x), all_rows(2)).size(), 1);
  // The same numbers in other columns are another design.
  Matrix<double> y(2, 2);
  y(0, 0) = 1;
  y(1, 1) = 1;
  EXPECT_EQ(find_designs(HeldFeatures(y), all_rows(2)).size(), 2);
}

TEST(Designs, AreTheSameForAnyNumberOfThreads) {
  Matrix<double> x(5000, 1);
  for (std::size_t i = 0; i < 5000; ++i) x(i, 0) = static_cast<double>(i * i % 997);
  const HeldFeatures features(std::move(x));
  const Designs one = find_designs(features, all_rows(5000), {}, 1);
  const Designs three = find_designs(features, all_rows(5000), {}, 3);
  EXPECT_EQ(one.of_row, three.of_row);
  EXPECT_EQ(one.size(), 499);  // squares modulo a prime
}

TEST(ChosenRows, AreRowsOfTheTable) {
  const HeldFeatures features = copies();
  const ChosenRows chosen(features, {7, 2, 800});
  EXPECT_EQ(chosen.rows(), 3);
  EXPECT_EQ(chosen.columns(), 3);
  Matrix<double> out(2, 3);
  const std::vector<std::uint64_t> rows{2, 0};
  chosen.gather(rows, out.view());
  EXPECT_EQ(out(0, 1), features.values()(800, 1));
  EXPECT_EQ(out(1, 2), features.values()(7, 2));
}

}  // namespace
}  // namespace esscher
