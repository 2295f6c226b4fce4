#include "esscher/theory/multi_tilted_law.h"

#include <gtest/gtest.h>

#include <cmath>

#include "../support/failure_text.h"
#include "esscher/base/error.h"

namespace esscher {
namespace {

// E e^{s z1 z2} = (1 - s^2)^{-1/2}; under the tilt Var z1 = 1 / (1 - s^2), E z1 z2 = s / (1 - s^2).
TEST(MultiTiltedLaw, HasTheClosedFormOfAProduct) {
  const MultiLink link = parse_multi_link("z1*z2");
  for (const double beta : {1.25, 2.0, 5.0}) {
    const double s = 1 / beta;
    const TiltedLaw law = tilted_law(link, beta);
    EXPECT_NEAR(law.log_partition, -0.5 * std::log1p(-s * s), 1e-9) << beta;
    EXPECT_NEAR(law.mean_reward, s / (1 - s * s), 1e-8 / (1 - s)) << beta;
    EXPECT_NEAR(law.direction_variance, 1 / (1 - s * s), 1e-8 / (1 - s)) << beta;
    EXPECT_NEAR(law.reference_value, 0, 1e-12);
    EXPECT_NEAR(law.gain, law.optimal_value, 1e-12);
    EXPECT_NEAR(law.kl, law.mean_reward / beta - law.log_partition, 1e-12);
    EXPECT_LT(law.relative_error, 1e-6);
  }
}

// Sums of links are products of laws; far from the origin and with narrow peaks, too.
TEST(MultiTiltedLaw, OfASumIsTheSumOfTheLaws) {
  for (const double beta : {1.0, 0.1, 0.05}) {
    const TiltedLaw two = tilted_law(parse_multi_link("tanh(z1)+0.5*z2"), beta);
    const TiltedLaw first = tilted_law(parse_link("tanh"), beta);
    // E e^{s z/2}: log_partition s^2/8.
    EXPECT_NEAR(two.log_partition, first.log_partition + 0.125 / (beta * beta),
                1e-9 * two.log_partition)
        << beta;
    EXPECT_NEAR(two.mean_reward, first.mean_reward + 0.25 / beta, 1e-8 * two.mean_reward) << beta;
    EXPECT_NEAR(two.mean_direction, first.mean_direction, 1e-8 * first.mean_direction) << beta;
  }
  for (const char* link : {"tanh(z1)+z2*z3/4", "tanh(z1)+z2*z3/4+0*z4"}) {
    const TiltedLaw law = tilted_law(parse_multi_link(link), 1);
    const double exact =
        tilted_law(parse_link("tanh"), 1).log_partition - 0.5 * std::log1p(-1.0 / 16);
    // 37 nodes along each of four axes, 97 along each of three.
    EXPECT_NEAR(law.log_partition, exact, 1e-7) << link;
  }
}

// A clip has kinks: the error goes like the square of the step, and the estimate says so.
TEST(MultiTiltedLaw, TellsItsErrorWhereTheLinkIsClipped) {
  const TiltedLaw law = tilted_law(parse_multi_link("0*z2+z1@clip:-1,1"), 0.25);
  const TiltedLaw exact = tilted_law(parse_link("identity@clip:-1,1"), 0.25);
  EXPECT_GT(law.relative_error, 0);
  EXPECT_LT(law.relative_error, 1e-2);
  EXPECT_NEAR(law.log_partition, exact.log_partition, law.relative_error + 1e-9);
}

TEST(MultiTiltedLaw, OfOneVariableIsTheExactOne) {
  EXPECT_EQ(tilted_law(parse_multi_link("tanh"), 0.5).log_partition,
            tilted_law(parse_link("tanh"), 0.5).log_partition);
}

TEST(MultiTiltedLaw, RefusesWhatIsInfiniteOrTooFarInWords) {
  const auto text = [](const char* link, double beta) {
    return failure_text<UsageError>([&] { tilted_law(parse_multi_link(link), beta); });
  };
  expect_words(text("z1*z2", 1), "beta = 1", "infinite", "clip", "beta > 1");
  expect_words(text("z1^3*z2", 5), "faster than |z|^2", "clip");
  expect_words(text("z1+z2", 1e-3), "standard deviations", "raise it");
  expect_words(text("z1*z2", 0), "beta = 0");
  expect_words(failure_text<UsageError>([] { tilt_lattice(parse_multi_link("tanh"), 1); }),
               "one variable");
}

}  // namespace
}  // namespace esscher
