#include "esscher/theory/analysis.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "esscher/base/error.h"

namespace esscher {
namespace {

TheoryOptions options_for(const std::string& link) {
  TheoryOptions options{{parse_link(link), Noise()}, {}, 12, {}, 1};
  return options;
}

bool any_remark_holds(const TheoryReport& report, const std::string& part) {
  return std::any_of(report.remarks.begin(), report.remarks.end(), [&](const std::string& remark) {
    return remark.find(part) != std::string::npos;
  });
}

// Nothing is computed anew: each part is what its own function gives, to the last bit.
TEST(Analysis, GathersWhatEachPartGives) {
  TheoryOptions options = options_for("hermite:3@clip:-2,2");
  options.model.noise = Noise(NoiseKind::gaussian, 0.3);
  options.betas = {2, 0.5};
  options.max_order = 6;
  options.learned = parse_link("tanh");
  options.overlap = 0.8;
  const TheoryReport report = analyse(options);
  const SingleIndexModel& model = options.model;

  const Exponents facts = exponents(model, {.max_order = 6});
  EXPECT_EQ(report.exponents.hermite, facts.hermite);
  EXPECT_EQ(report.exponents.lambda_squared, facts.lambda_squared);
  EXPECT_EQ(report.exponents.generative, facts.generative);
  EXPECT_EQ(report.complexities.unweighted->text(), "d");  // the clip lends it order 1
  EXPECT_EQ(report.complexities.weighted->text(), "d");
  EXPECT_EQ(report.finiteness.limit, std::numeric_limits<double>::infinity());

  ASSERT_TRUE(report.feature_temperatures.has_value());
  const auto temperatures = feature_temperatures(model, 1, facts.lambda_squared[1]);
  for (std::size_t t = 0; t < 3; ++t) {
    EXPECT_EQ((*report.feature_temperatures)[t].threshold, temperatures[t].threshold);
    EXPECT_EQ((*report.feature_temperatures)[t].best_beta, temperatures[t].best_beta);
  }

  ASSERT_EQ(report.rows.size(), 2u);
  const auto learned = learned_policies(model.link, *options.learned, 0.8, options.betas);
  for (std::size_t i = 0; i < 2; ++i) {
    const TheoryRow& row = report.rows[i];
    const double beta = options.betas[i];
    EXPECT_EQ(row.law.beta, beta);
    EXPECT_EQ(row.law.optimal_value, tilted_law(model.link, beta).optimal_value);
    EXPECT_EQ(row.signal.inverse_temperature, 1 / beta);
    const TiltedSignal signal = tilted_signal(model, 1 / beta, 6);
    for (const LabelTransform t : kLabelTransforms) {
      EXPECT_EQ(row.signal[t].scaled, signal[t].scaled);
    }
    ASSERT_TRUE(row.learned.has_value());
    EXPECT_EQ(row.learned->value, learned[i].value);
    EXPECT_EQ(row.learned->beta, beta);
  }
  EXPECT_TRUE(report.remarks.empty());
}

TEST(Analysis, WithoutTemperaturesTabulatesEightToAnEighth) {
  const TheoryReport report = analyse(options_for("tanh"));
  ASSERT_EQ(report.options.betas.size(), 13u);
  ASSERT_EQ(report.rows.size(), 13u);
  EXPECT_EQ(report.options.betas.front(), 8);
  EXPECT_EQ(report.options.betas.back(), 0.125);
  for (std::size_t i = 0; i + 1 < 13; ++i) {
    EXPECT_NEAR(report.options.betas[i] / report.options.betas[i + 1], std::sqrt(2.0), 1e-15 * 4);
  }
  EXPECT_FALSE(report.rows[0].learned.has_value());
}

// h_2 needs beta > sqrt 2: of 8, 5.7, 4, 2.8, 2, 1.41 and so on five are left, as the sixth is
// sqrt 2 itself.
TEST(Analysis, LeavesOutDefaultTemperaturesAtWhichAMomentIsInfiniteAndSaysSo) {
  const TheoryReport report = analyse(options_for("hermite:2"));
  EXPECT_EQ(report.rows.size(), 5u);
  EXPECT_EQ(report.options.betas.back(), 2);
  EXPECT_TRUE(any_remark_holds(report, "8 of the 13"));
  // The same where only the learned reward diverges.
  TheoryOptions options = options_for("tanh");
  options.learned = parse_link("hermite:2");
  const TheoryReport learned = analyse(options);
  EXPECT_EQ(learned.rows.size(), 5u);
  EXPECT_TRUE(any_remark_holds(learned, "8 of the 13"));
  // An empty table does not go without a word either.
  options.learned = parse_link("hermite:3");
  EXPECT_TRUE(any_remark_holds(analyse(options), "13 of the 13"));
  const TheoryReport steep = analyse(options_for("hermite:2@scale:100"));
  EXPECT_TRUE(steep.rows.empty());
  EXPECT_TRUE(any_remark_holds(steep, "13 of the 13"));
}

TEST(Analysis, RefusesTemperaturesThatWereAskedForAndCannotBe) {
  for (const double beta : {0.0, -1.0, std::numeric_limits<double>::infinity(),
                            std::numeric_limits<double>::quiet_NaN()}) {
    TheoryOptions options = options_for("tanh");
    options.betas = {1, beta};
    EXPECT_THROW(analyse(options), UsageError) << beta;
  }
  TheoryOptions diverging = options_for("hermite:2");
  diverging.betas = {2, 1};
  EXPECT_THROW(analyse(diverging), UsageError);
  TheoryOptions learned = options_for("tanh");
  learned.betas = {2, 1};
  learned.learned = parse_link("hermite:2");
  EXPECT_THROW(analyse(learned), UsageError);
  learned.learned = parse_link("tanh");
  learned.overlap = 1.5;
  EXPECT_THROW(analyse(learned), UsageError);
}

TEST(Analysis, RefusesOrdersOutsideOneToSixtyFour) {
  for (const int order : {0, -1, 65}) {
    TheoryOptions options = options_for("tanh");
    options.max_order = order;
    EXPECT_THROW(analyse(options), UsageError) << order;
  }
}

TEST(Analysis, OfAConstantSaysThatThereIsNothingToLearn) {
  TheoryOptions options = options_for("3");
  options.learned = parse_link("tanh");
  const TheoryReport report = analyse(options);
  EXPECT_TRUE(report.exponents.constant);
  EXPECT_FALSE(report.complexities.unweighted.has_value());
  EXPECT_FALSE(report.complexities.efficient.has_value());
  EXPECT_FALSE(report.feature_temperatures.has_value());
  ASSERT_EQ(report.remarks.size(), 1u);
  EXPECT_TRUE(any_remark_holds(report, "constant to ten digits: there is nothing to learn"));
  // Not to optimise at all is best: whatever is learned only costs its divergence.
  for (const TheoryRow& row : report.rows) {
    EXPECT_DOUBLE_EQ(row.law.optimal_value, 3);
    EXPECT_LT(row.learned->value, 3);
  }
}

// No sample shows this bump, but cold policies sit on it.
TEST(Analysis, OfABumpThatNoSampleReachesSaysSo) {
  TheoryOptions options = options_for("exp(-(z-60)^2/2)");
  options.betas = {1, 1e-4};
  const TheoryReport report = analyse(options);
  EXPECT_TRUE(report.exponents.constant);
  EXPECT_TRUE(any_remark_holds(report, "though at low temperatures it tilts the policy"));
  EXPECT_NEAR(report.rows[1].law.mean_reward, 1, 1e-3);
  EXPECT_LT(report.rows[0].law.kl, 1e-12);
}

TEST(Analysis, OfCoefficientsBelowRoundingDoesNotSpeakOfAConstant) {
  const TheoryReport report = analyse(options_for("sin(50*z)"));
  EXPECT_FALSE(report.feature_temperatures.has_value());
  EXPECT_TRUE(any_remark_holds(report, "oscillates too fast for double precision"));
  EXPECT_FALSE(any_remark_holds(report, "constant"));
}

// A cubic link has exponents, but no temperature at all.
TEST(Analysis, OfALinkThatNoTemperatureTamesStillGivesItsExponents) {
  const TheoryReport report = analyse(options_for("hermite:3"));
  EXPECT_EQ(report.exponents.information, 3);
  EXPECT_EQ(report.exponents.generative, 1);
  EXPECT_FALSE(report.feature_temperatures.has_value());
  EXPECT_TRUE(report.rows.empty());
  EXPECT_TRUE(any_remark_holds(report, "hermite:3@clip:"));
  EXPECT_EQ(report.remarks.size(), 1u);
}

TEST(Analysis, GivesTheSameBitsTwice) {
  TheoryOptions options = options_for("sin:2");
  options.model.noise = Noise(NoiseKind::uniform, 0.2);
  options.betas = {1, 0.3};
  const TheoryReport once = analyse(options);
  const TheoryReport again = analyse(options);
  EXPECT_EQ(once.exponents.lambda_squared, again.exponents.lambda_squared);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(once.rows[i].law.kl, again.rows[i].law.kl);
    EXPECT_EQ(once.rows[i].signal[LabelTransform::centred].scaled,
              again.rows[i].signal[LabelTransform::centred].scaled);
  }
}

}  // namespace
}  // namespace esscher
