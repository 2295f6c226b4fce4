#include "pipeline/held_out_spread.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace esscher::internal {
namespace {

TEST(HeldOutSpread, ACorrelationIsSureByItsDraws) {
  EXPECT_TRUE(surely_positive(0.5, 50));   // atanh 0.5 sqrt(47) = 3.8 errors
  EXPECT_FALSE(surely_positive(0.3, 50));  // 2.1
  EXPECT_FALSE(surely_positive(-0.9, 1000));
  // Three draws tell no correlation, however high.
  EXPECT_FALSE(surely_positive(1, 3));
  EXPECT_TRUE(surely_positive(1, 4));
}

TEST(HeldOutSpread, DrawsAreWhatIsDrawnTogether) {
  EXPECT_EQ(draws({}, 5, {}), 5);
  EXPECT_EQ(draws(std::vector<std::uint32_t>{4, 4, 9, 4}, 4, {}), 2);
  const double none = -std::numeric_limits<double>::infinity();
  EXPECT_NEAR(draws({}, 4, std::vector<double>{1, 1, none, none}), 2, 1e-12);
}

}  // namespace
}  // namespace esscher::internal
