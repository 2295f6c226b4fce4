#include "esscher/data/interactions.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"

namespace esscher {
namespace {

template <class Call>
std::string interactions_failure(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no failure";
}

std::shared_ptr<const FeatureRows> held(Matrix<double> values) {
  return std::make_shared<HeldFeatures>(std::move(values));
}

std::vector<std::string> numbered(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back("x" + std::to_string(i));
  return names;
}

TEST(PairInteractions, PairColumnsOfDifferentBlocksInOrder) {
  // Two one-hot positions with a numeric column between them, and one behind.
  const PairInteractions pairs(held(Matrix<double>(1, 6)), {0, 0, -1, 4, 4, -1},
                               {"A", "B", "u", "C", "D", "v"});
  EXPECT_EQ(pairs.names(),
            (std::vector<std::string>{"A", "B", "u", "C", "D", "v", "A * u", "A * C", "A * D",
                                      "A * v", "B * u", "B * C", "B * D", "B * v", "u * C", "u * D",
                                      "u * v", "C * v", "D * v"}));
  EXPECT_EQ(pairs.columns(), 19U);
  EXPECT_EQ(interaction_columns({0, 0, -1, 4, 4, -1}), 19U);
  EXPECT_EQ(pairs.rows(), 1U);
}

// Against a plain loop over all pairs, on rows with zeros, gathered out of order into a wider
// matrix.
TEST(PairInteractions, AreTheProductsOfTheirColumns) {
  const std::vector<int> blocks{-1, 0, 0, 0, -1, 1, 1};
  Matrix<double> x(40, 7);
  RandomStream(2, "test/interactions").fill_normal(0, x.values());
  for (std::size_t i = 0; i < x.values().size(); i += 3) x.values()[i] = 0;
  const PairInteractions pairs(held(x), blocks, numbered(7));
  const std::vector<std::uint64_t> rows{39, 3, 3, 17};
  const std::size_t width = pairs.columns();
  Matrix<double> out(4, width + 2, -7.0);
  pairs.gather(rows, {out.data(), 4, width, width + 2});
  for (std::size_t r = 0; r < 4; ++r) {
    std::size_t column = 7;
    const auto row = x.row(static_cast<std::size_t>(rows[r]));
    for (std::size_t i = 0; i < 7; ++i) {
      EXPECT_EQ(out(r, i), row[i]);
      for (std::size_t j = i + 1; j < 7; ++j) {
        if (blocks[i] >= 0 && blocks[i] == blocks[j]) continue;
        EXPECT_EQ(out(r, column++), row[i] * row[j]) << i << " " << j;
      }
    }
    EXPECT_EQ(column, width);
    EXPECT_EQ(out(r, width), -7);
  }
}

TEST(PairInteractions, RefuseTooManyColumns) {
  EXPECT_EQ(interactions_failure([] {
              PairInteractions(held(Matrix<double>(1, 200)), std::vector<int>(200, -1),
                               numbered(200));
            }),
            "--interactions = 2: 200 features make 20100 columns with their pairs, more than "
            "20000; choose fewer --features, or leave pairs out");
  // One block of many columns makes no pairs.
  EXPECT_EQ(PairInteractions(held(Matrix<double>(1, 200)), std::vector<int>(200, 0), numbered(200))
                .columns(),
            200U);
}

TEST(PairInteractions, RefuseProductsThatOverflow) {
  const PairInteractions pairs(held(Matrix<double>(2, 2, 1e200)), {-1, -1}, {"u", "v"});
  Matrix<double> out(1, 3);
  EXPECT_EQ(interactions_failure([&] { pairs.gather(std::vector<std::uint64_t>{1}, out.view()); }),
            "row 2, feature u * v: the product overflows; change the features' units");
}

TEST(PairInteractions, RefuseBlocksThatDoNotFit) {
  EXPECT_EQ(interactions_failure([] {
              PairInteractions(held(Matrix<double>(1, 3)), {0, 1, 0}, numbered(3));
            }),
            "the columns of one-hot block 0 do not lie side by side");
  EXPECT_EQ(interactions_failure([] {
              PairInteractions(held(Matrix<double>(1, 3)), {0, 1}, numbered(3));
            }),
            "2 blocks and 3 names for 3 columns");
}

}  // namespace
}  // namespace esscher
