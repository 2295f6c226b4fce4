#include "esscher/readout/readout_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "ridge_reference.h"

namespace esscher {
namespace {

using reference::Problem;
using reference::problem;

constexpr double kEqualTemperature = std::numeric_limits<double>::infinity();

template <class Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const UsageError& failure) {
    return failure.what();
  }
  return "not refused";
}

TEST(ReadoutWeights, NamesAreReadBack) {
  for (const ReadoutWeights weights :
       {ReadoutWeights::automatic, ReadoutWeights::uniform, ReadoutWeights::label,
        ReadoutWeights::surrogate, ReadoutWeights::oracle}) {
    EXPECT_EQ(parse_readout_weights(readout_weights_name(weights)), weights);
  }
  EXPECT_EQ(
      refusal([] { parse_readout_weights("labels", "--weights"); }),
      "--weights = labels: must be auto, uniform, label, surrogate or oracle; did you mean label?");
  EXPECT_EQ(refusal([] { parse_readout_weights("", "weights"); }),
            "weights = : must be auto, uniform, label, surrogate or oracle");
}

// Each row's prediction is that of a fit in which its fold has no weight: rows 1 to 1500 are two
// chunks, and 12 columns on 9 rows are solved in the rows' span.
TEST(CrossFittedPredictions, AreThoseOfFitsThatHaveNotSeenTheFold) {
  for (const PenaltyRule rule : {PenaltyRule::fixed, PenaltyRule::gcv}) {
    for (const std::size_t n : {9, 100, 1500}) {
      const Problem given = problem(n, 12, 0.0);
      RidgeOptions options;
      options.rule = rule;
      options.penalty = 1e-3;
      const std::vector<double> predicted =
          cross_fitted_predictions(given.rows(), given.y, 4, options);
      ASSERT_EQ(predicted.size(), n);
      for (std::size_t fold = 0; fold < 4; ++fold) {
        std::vector<double> others(n, 0.0);
        for (std::size_t i = fold; i < n; i += 4) others[i] = -kEqualTemperature;
        const RidgeFit unseen = fit_ridge(given.rows(), given.y, others, options);
        const std::vector<double> expected =
            predict(given.rows(), unseen.coefficients, unseen.intercept);
        // Moments are summed in another order; coefficients of size 10 keep 9 digits at least.
        for (std::size_t i = fold; i < n; i += 4) EXPECT_NEAR(predicted[i], expected[i], 1e-8);
      }
    }
  }
}

TEST(CrossFittedPredictions, DoNotDependOnTheFoldsOwnLabels) {
  Problem given = problem(200, 8, 0.0);
  for (const PenaltyRule rule : {PenaltyRule::gcv, PenaltyRule::kfold}) {
    RidgeOptions options;
    options.rule = rule;
    const std::vector<double> before = cross_fitted_predictions(given.rows(), given.y, 5, options);
    std::vector<double> other = given.y;
    for (std::size_t i = 2; i < other.size(); i += 5) other[i] = -100;
    const std::vector<double> after = cross_fitted_predictions(given.rows(), other, 5, options);
    for (std::size_t i = 0; i < other.size(); ++i) {
      EXPECT_EQ(after[i] == before[i], i % 5 == 2) << i;
    }
  }
}

TEST(CrossFittedPredictions, HaveTheSameBitsForAnyNumberOfThreads) {
  const Problem given = problem(3000, 10, 0.0);
  RidgeOptions options;
  options.threads = 1;
  const std::vector<double> one = cross_fitted_predictions(given.rows(), given.y, 5, options);
  for (const int threads : {2, 3}) {
    options.threads = threads;
    EXPECT_EQ(cross_fitted_predictions(given.rows(), given.y, 5, options), one);
  }
}

TEST(CrossFittedPredictions, RefuseFoldsThatCannotBe) {
  const Problem given = problem(4, 2, 0.0);
  RidgeOptions options;
  EXPECT_EQ(refusal([&] { cross_fitted_predictions(given.rows(), given.y, 1, options); }),
            "folds = 1: must lie from 2 to 20, and not exceed the 4 rows");
  EXPECT_EQ(refusal([&] { cross_fitted_predictions(given.rows(), given.y, 5, options); }),
            "folds = 5: must lie from 2 to 20, and not exceed the 4 rows");
  options.rule = PenaltyRule::kfold;
  EXPECT_EQ(refusal([&] { cross_fitted_predictions(given.rows(), given.y, 2, options); }),
            "folds = 2: must lie from 3 to 20, and not exceed the 4 rows");
}

TEST(CrossFittedPredictions, CanBeCancelled) {
  CancellationToken token;
  token.request();
  RidgeOptions options;
  options.callbacks.cancellation = &token;
  const Problem given = problem(40, 3, 0.0);
  EXPECT_TRUE(cross_fitted_predictions(given.rows(), given.y, 4, options).empty());
}

TEST(TiltedLogWeights, AreDifferencesToTheLargestOverBeta) {
  EXPECT_EQ(tilted_log_weights(std::vector<double>{1, 3, 2}, 0.5),
            (std::vector<double>{-4, 0, -2}));
  EXPECT_TRUE(tilted_log_weights({}, 1).empty());
  // The difference comes first: 1e308 / 1e-9 would overflow.
  EXPECT_EQ(tilted_log_weights(std::vector<double>{1e300, 1e300}, 1e-9),
            (std::vector<double>{0, 0}));
  EXPECT_NE(refusal([] { tilted_log_weights(std::vector<double>{1}, 0); }).find("beta = 0"),
            std::string::npos);
}

}  // namespace
}  // namespace esscher
