#include "esscher/readout/cross_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/readout/readout_weights.h"

namespace esscher {
namespace {

struct Problem {
  Matrix<double> x;
  std::vector<double> y;
  std::vector<double> log_weights;
  std::vector<std::uint32_t> folds;
};

/// Rows of unequal weight in three folds of unequal size, in no order.
Problem make_problem(std::size_t rows, std::size_t columns) {
  Problem problem{Matrix<double>(rows, columns), std::vector<double>(rows),
                  std::vector<double>(rows), std::vector<std::uint32_t>(rows)};
  RandomStream(7, "test/x").fill_normal(0, problem.x.values());
  RandomStream(7, "test/y").fill_normal(0, problem.y);
  RandomStream(7, "test/w").fill_normal(0, problem.log_weights);
  for (std::size_t i = 0; i < rows; ++i) {
    problem.y[i] += 2 * problem.x(i, 0);
    problem.folds[i] = static_cast<std::uint32_t>(std::min<std::size_t>((i * i + i / 3) % 5, 2));
  }
  return problem;
}

void expect_held_out_is_by_the_other_folds(const Problem& problem, const RidgeOptions& options) {
  const std::size_t columns = problem.x.columns();
  const CrossFit cross = cross_fit_ridge(HeldRows(problem.x.view()), problem.y, problem.log_weights,
                                         problem.folds, options);
  for (std::uint32_t fold = 0; fold < 3; ++fold) {
    std::vector<double> log_weights = problem.log_weights;
    for (std::size_t i = 0; i < log_weights.size(); ++i) {
      if (problem.folds[i] == fold) log_weights[i] = -INFINITY;
    }
    const RidgeFit fit = fit_ridge(HeldRows(problem.x.view()), problem.y, log_weights, options);
    for (std::size_t i = 0; i < problem.y.size(); ++i) {
      if (problem.folds[i] != fold) continue;
      double expected = fit.intercept;
      for (std::size_t j = 0; j < columns; ++j) {
        expected += fit.coefficients[j] * problem.x(i, j);
      }
      // The two sum in different orders; the systems have condition numbers below 1e4.
      EXPECT_NEAR(cross.held_out[i], expected, 1e-9);
    }
  }
}

TEST(CrossFit, PredictsEachRowByTheFitToTheOtherFolds) {
  RidgeOptions options;
  options.rule = PenaltyRule::fixed;
  options.penalty = 0.03;
  expect_held_out_is_by_the_other_folds(make_problem(80, 6), options);
}

TEST(CrossFit, PredictsInTheDualFormToo) {
  RidgeOptions options;
  options.rule = PenaltyRule::fixed;
  options.penalty = 0.3;
  expect_held_out_is_by_the_other_folds(make_problem(30, 50), options);
}

TEST(CrossFit, FitsAllRowsAsRidgeDoes) {
  const Problem problem = make_problem(90, 5);
  const CrossFit cross =
      cross_fit_ridge(HeldRows(problem.x.view()), problem.y, problem.log_weights, problem.folds);
  const RidgeFit fit = fit_ridge(HeldRows(problem.x.view()), problem.y, problem.log_weights);
  EXPECT_EQ(cross.fit.path.size(), fit.path.size());
  EXPECT_NEAR(cross.fit.penalty / fit.penalty, 1, 1e-9);
  for (std::size_t j = 0; j < fit.coefficients.size(); ++j) {
    EXPECT_NEAR(cross.fit.coefficients[j], fit.coefficients[j], 1e-10);
  }
}

TEST(CrossFit, HasTheSameBitsForAnyNumberOfThreads) {
  const Problem problem = make_problem(3000, 4);
  RidgeOptions one;
  one.threads = 1;
  RidgeOptions three;
  three.threads = 3;
  const HeldRows rows(problem.x.view());
  const CrossFit a = cross_fit_ridge(rows, problem.y, problem.log_weights, problem.folds, one);
  const CrossFit b = cross_fit_ridge(rows, problem.y, problem.log_weights, problem.folds, three);
  EXPECT_EQ(a.held_out, b.held_out);
  EXPECT_EQ(a.fit.coefficients, b.fit.coefficients);
}

std::string refusal(const Problem& problem, const RidgeOptions& options = {}) {
  try {
    cross_fit_ridge(HeldRows(problem.x.view()), problem.y, problem.log_weights, problem.folds,
                    options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(CrossFit, RefusesFoldsThatDoNotCoverTheRows) {
  Problem problem = make_problem(20, 2);
  problem.folds.pop_back();
  EXPECT_THAT(refusal(problem), testing::HasSubstr("folds = 19 values: there are 20 rows"));
  problem.folds.assign(20, 0);
  EXPECT_THAT(refusal(problem), testing::HasSubstr("each of which occurs"));
  problem.folds[3] = 2;
  EXPECT_THAT(refusal(problem), testing::HasSubstr("each of which occurs"));
  problem.folds[3] = 4000000000U;
  EXPECT_THAT(refusal(problem), testing::HasSubstr("from 2 to 64"));
}

TEST(CrossFit, RefusesFoldsOfFolds) {
  RidgeOptions options;
  options.rule = PenaltyRule::kfold;
  EXPECT_THAT(refusal(make_problem(20, 2), options), testing::HasSubstr("rule = kfold"));
}

TEST(CrossFit, RefusesAFoldWithAllTheWeight) {
  Problem problem = make_problem(20, 2);
  for (std::size_t i = 0; i < 20; ++i) {
    if (problem.folds[i] != 1) problem.log_weights[i] = -INFINITY;
  }
  EXPECT_THAT(refusal(problem), testing::HasSubstr("fold = 1: holds all the weight"));
}

}  // namespace
}  // namespace esscher
