#include "esscher/policy/estimate.h"

#include <gtest/gtest.h>

#include "../support/failure_text.h"
#include "esscher/base/error.h"

namespace esscher {
namespace {

// Quantiles from tables of the normal and of Student's law, to their last printed digit.
TEST(Estimate, IntervalsAreStudents) {
  EXPECT_NEAR((Estimate{1, 2}.half_width(0.95)), 2 * 1.959964, 2e-6);
  EXPECT_NEAR((Estimate{1, 2, 15}.half_width(0.95)), 2 * 2.131450, 2e-6);
  EXPECT_NEAR((Estimate{1, 2, 1}.half_width(0.95)), 2 * 12.706205, 2e-6);
  EXPECT_NEAR((Estimate{1, 2, 15}.half_width(0.5)), 2 * 0.691197, 2e-6);
  const Estimate estimate{1, 2, 15};
  EXPECT_EQ(estimate.lower(), 1 - estimate.half_width());
  EXPECT_EQ(estimate.upper(0.9), 1 + estimate.half_width(0.9));
}

TEST(Estimate, ExactValuesHaveNoWidth) { EXPECT_EQ((Estimate{3}.half_width(0.999)), 0); }

TEST(Estimate, RefusesALevelThatIsNone) {
  for (const double level : {0.0, 1.0, -0.5, 95.0}) {
    expect_words(failure_text<UsageError>([&] {
                   (Estimate{1, 1}).half_width(level);
                 }),
                 "level", "between 0 and 1");
  }
}

}  // namespace
}  // namespace esscher
