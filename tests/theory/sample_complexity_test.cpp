#include "esscher/theory/sample_complexity.h"

#include <gtest/gtest.h>

#include "esscher/base/error.h"

namespace esscher {
namespace {

TEST(SampleComplexity, OfOnePassIsDToTheOrderLessOneAndNeverBelowD) {
  EXPECT_EQ(one_pass_complexity(1).text(), "d");
  EXPECT_EQ(one_pass_complexity(2).text(), "d log d");
  EXPECT_EQ(one_pass_complexity(3).text(), "d^2");
  EXPECT_EQ(one_pass_complexity(4).text(), "d^3");
  for (int k = 3; k <= 64; ++k) {
    EXPECT_EQ(one_pass_complexity(k).exponent, k - 1);
    EXPECT_FALSE(one_pass_complexity(k).log_factor);
  }
}

TEST(SampleComplexity, OfEfficientAlgorithmsIsDToHalfTheOrderAndNeverBelowD) {
  EXPECT_EQ(efficient_complexity(1).text(), "d");
  EXPECT_EQ(efficient_complexity(2).text(), "d");
  EXPECT_EQ(efficient_complexity(3).text(), "d^1.5");
  EXPECT_EQ(efficient_complexity(4).text(), "d^2");
  EXPECT_EQ(efficient_complexity(5).text(), "d^2.5");
}

TEST(SampleComplexity, NoOnePassAlgorithmBeatsTheEfficientLimit) {
  for (int k = 1; k <= 64; ++k) {
    EXPECT_GE(one_pass_complexity(k).exponent, efficient_complexity(k).exponent) << k;
  }
}

// damped_hermite:5 has information exponent 5 and generative exponent 1; z2exp has 2 and 4.
TEST(SampleComplexity, IsPredictedFromEachAlgorithmsOwnExponent) {
  const auto predicted = [](const char* link) {
    return predicted_complexities(exponents({parse_link(link), Noise()}));
  };
  const PredictedComplexities damped = predicted("damped_hermite:5");
  EXPECT_EQ(damped.unweighted->text(), "d^4");
  EXPECT_EQ(damped.weighted->text(), "d");
  EXPECT_EQ(damped.efficient->text(), "d");
  const PredictedComplexities even = predicted("damped_hermite:4");
  EXPECT_EQ(even.unweighted->text(), "d^3");
  EXPECT_EQ(even.weighted->text(), "d log d");
  EXPECT_EQ(even.efficient->text(), "d");
}

TEST(SampleComplexity, IsNotPredictedWhereNoExponentWasFound) {
  const PredictedComplexities none = predicted_complexities(Exponents{});
  EXPECT_FALSE(none.unweighted.has_value());
  EXPECT_FALSE(none.weighted.has_value());
  EXPECT_FALSE(none.efficient.has_value());
  // An information exponent beyond the orders that were looked at.
  Exponents high;
  high.generative = 2;
  EXPECT_FALSE(predicted_complexities(high).unweighted.has_value());
  EXPECT_EQ(predicted_complexities(high).weighted->text(), "d log d");
}

TEST(SampleComplexity, RefusesOrdersBelowOne) {
  for (const int order : {0, -1}) {
    EXPECT_THROW(one_pass_complexity(order), UsageError);
    EXPECT_THROW(efficient_complexity(order), UsageError);
  }
}

}  // namespace
}  // namespace esscher
