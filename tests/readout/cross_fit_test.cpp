#include "esscher/readout/cross_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/readout/readout_weights.h"

namespace esscher {
namespace {

struct FoldedProblem {
  Matrix<double> x;
  std::vector<double> y;
  std::vector<double> log_weights;
  std::vector<std::uint32_t> folds;
};

/// Rows of unequal weight in three folds of unequal size, in no order.
FoldedProblem make_problem(std::size_t rows, std::size_t columns) {
  FoldedProblem problem{Matrix<double>(rows, columns), std::vector<double>(rows),
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

void expect_held_out_is_by_the_other_folds(const FoldedProblem& problem,
                                           const RidgeOptions& options) {
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

/// So many columns that threads share the sums strip by strip, block by block.
TEST(CrossFit, PredictsEachRowByTheFitToTheOtherFoldsInStrips) {
  RidgeOptions options;
  options.rule = PenaltyRule::fixed;
  options.penalty = 0.03;
  expect_held_out_is_by_the_other_folds(make_problem(700, 300), options);
}

/// Weights of whole folds that are nothing beside those of others, and rows likewise within folds.
TEST(CrossFit, RowsFarBelowTheHeaviestOfAllKeepTheirWeights) {
  RidgeOptions fixed;
  fixed.rule = PenaltyRule::fixed;
  fixed.penalty = 0.03;
  for (const double steep : {1.0, 500.0}) {
    for (const auto& [rows, columns] : {std::pair(80U, 6U), {30U, 50U}, {700U, 300U}}) {
      FoldedProblem problem = make_problem(rows, columns);
      for (std::size_t i = 0; i < rows; ++i) {
        problem.log_weights[i] = steep * problem.log_weights[i] - 2000.0 * problem.folds[i];
      }
      expect_held_out_is_by_the_other_folds(problem, fixed);
      if (columns == 6) expect_held_out_is_by_the_other_folds(problem, {});
    }
  }
}

TEST(CrossFit, FitsOfSeveralWeightsHaveTheBitsOfEach) {
  for (const std::size_t columns : {6U, 250U}) {
    const FoldedProblem problem = make_problem(600, columns);
    const HeldRows rows(problem.x.view());
    std::vector<double> other = problem.log_weights;
    std::ranges::reverse(other);
    const std::vector<double> penalties{0.03, 0.2};
    RidgeOptions options;
    options.rule = PenaltyRule::fixed;
    const std::vector<CrossFit> both = cross_fit_ridges(
        rows, problem.y, {problem.log_weights, other}, penalties, problem.folds, options);
    const std::vector<CrossFit> path = cross_fit_ridge_path(rows, problem.y, problem.log_weights,
                                                            penalties, problem.folds, options);
    ASSERT_EQ(both.size(), 2U);
    ASSERT_EQ(path.size(), 2U);
    options.penalty = penalties[0];
    const CrossFit first =
        cross_fit_ridge(rows, problem.y, problem.log_weights, problem.folds, options);
    options.penalty = penalties[1];
    const CrossFit second = cross_fit_ridge(rows, problem.y, other, problem.folds, options);
    const CrossFit further =
        cross_fit_ridge(rows, problem.y, problem.log_weights, problem.folds, options);
    EXPECT_EQ(both[0].held_out, first.held_out);
    EXPECT_EQ(both[0].fit.coefficients, first.fit.coefficients);
    EXPECT_EQ(both[1].held_out, second.held_out);
    EXPECT_EQ(both[1].fit.coefficients, second.fit.coefficients);
    EXPECT_EQ(path[0].held_out, first.held_out);
    EXPECT_EQ(path[1].held_out, further.held_out);
    EXPECT_EQ(path[1].fit.degrees_of_freedom, further.fit.degrees_of_freedom);
  }
}

TEST(CrossFit, WantsAPenaltyForEachWeights) {
  const FoldedProblem problem = make_problem(60, 4);
  const std::vector<double> penalties{0.1, 0.2};
  EXPECT_THROW(cross_fit_ridges(HeldRows(problem.x.view()), problem.y, {problem.log_weights},
                                penalties, problem.folds),
               UsageError);
}

TEST(CrossFit, FitsAllRowsAsRidgeDoes) {
  const FoldedProblem problem = make_problem(90, 5);
  const CrossFit cross =
      cross_fit_ridge(HeldRows(problem.x.view()), problem.y, problem.log_weights, problem.folds);
  const RidgeFit fit = fit_ridge(HeldRows(problem.x.view()), problem.y, problem.log_weights);
  EXPECT_EQ(cross.fit.path.size(), fit.path.size());
  EXPECT_NEAR(cross.fit.penalty / fit.penalty, 1, 1e-9);
  for (std::size_t j = 0; j < fit.coefficients.size(); ++j) {
    EXPECT_NEAR(cross.fit.coefficients[j], fit.coefficients[j], 1e-10);
  }
}

/// Three rows a group, each group within one fold; features and labels have a level of their own in
/// each group.
struct Grouped {
  FoldedProblem problem = make_problem(60, 4);
  std::vector<std::uint32_t> groups = std::vector<std::uint32_t>(60);

  explicit Grouped(double level) {
    for (std::size_t i = 0; i < groups.size(); ++i) {
      groups[i] = static_cast<std::uint32_t>(i % 20);
      problem.folds[i] = groups[i] % 3;
      problem.y[i] += level * groups[i];
      for (std::size_t j = 0; j < 4; ++j)
        problem.x(i, j) += level * std::cos(static_cast<double>(j) + 2.0 * groups[i]);
    }
  }
  /// The same rows less their group's weighted mean.
  FoldedProblem centred() const {
    FoldedProblem result = problem;
    for (std::uint32_t group = 0; group < 20; ++group) {
      double mass = 0;
      std::vector<double> mean(5);
      for (std::size_t i = group; i < groups.size(); i += 20) {
        const double w = std::exp(problem.log_weights[i]);
        mass += w;
        for (std::size_t j = 0; j < 4; ++j) mean[j] += w * problem.x(i, j);
        mean[4] += w * problem.y[i];
      }
      for (std::size_t i = group; i < groups.size(); i += 20) {
        for (std::size_t j = 0; j < 4; ++j) result.x(i, j) -= mean[j] / mass;
        result.y[i] -= mean[4] / mass;
      }
    }
    return result;
  }
};

TEST(CrossFit, GroupsAreTakenAboutTheirMeans) {
  const Grouped grouped(5);
  const FoldedProblem by_hand = grouped.centred();
  RidgeOptions options;
  options.rule = PenaltyRule::fixed;
  options.penalty = 0.1;
  const HeldRows rows(grouped.problem.x.view());
  const CrossFit fit = cross_fit_ridge(rows, grouped.problem.y, grouped.problem.log_weights,
                                       grouped.problem.folds, options, grouped.groups);
  const CrossFit expected = cross_fit_ridge(HeldRows(by_hand.x.view()), by_hand.y,
                                            by_hand.log_weights, by_hand.folds, options);
  const RidgeFit alone =
      fit_ridge(rows, grouped.problem.y, grouped.problem.log_weights, options, grouped.groups);
  for (std::size_t j = 0; j < 4; ++j) {
    EXPECT_NEAR(fit.fit.coefficients[j], expected.fit.coefficients[j], 1e-12);
    EXPECT_NEAR(alone.coefficients[j], fit.fit.coefficients[j], 1e-12);
  }
  // Within a group held-out predictions differ by the same amounts.
  for (std::size_t i = 20; i < 60; ++i) {
    EXPECT_NEAR(
        fit.held_out[i] - fit.held_out[i - 20],
        [&] {
          double difference = 0;
          std::vector<double> log_weights = by_hand.log_weights;
          for (std::size_t k = 0; k < 60; ++k) {
            if (by_hand.folds[k] == by_hand.folds[i]) log_weights[k] = -INFINITY;
          }
          const RidgeFit others =
              fit_ridge(HeldRows(by_hand.x.view()), by_hand.y, log_weights, options);
          for (std::size_t j = 0; j < 4; ++j) {
            difference += others.coefficients[j] * (by_hand.x(i, j) - by_hand.x(i - 20, j));
          }
          return difference;
        }(),
        1e-11);
  }
}

TEST(CrossFit, GroupsFarBelowTheHeaviestOfAllKeepTheirWeights) {
  Grouped grouped(5);
  auto& [x, y, log_weights, folds] = grouped.problem;
  for (std::size_t i = 0; i < y.size(); ++i) log_weights[i] -= 2000.0 * folds[i];
  RidgeOptions options;
  options.rule = PenaltyRule::fixed;
  options.penalty = 0.1;
  const HeldRows rows(x.view());
  const CrossFit cross = cross_fit_ridge(rows, y, log_weights, folds, options, grouped.groups);
  const RidgeFit all = fit_ridge(rows, y, log_weights, options, grouped.groups);
  EXPECT_NEAR(cross.fit.intercept, all.intercept, 1e-9);
  for (std::uint32_t fold = 0; fold < 3; ++fold) {
    std::vector<double> others = log_weights;
    for (std::size_t i = 0; i < others.size(); ++i) {
      if (folds[i] == fold) others[i] = -INFINITY;
    }
    const RidgeFit fit = fit_ridge(rows, y, others, options, grouped.groups);
    for (std::size_t i = 20; i < y.size(); ++i) {
      if (folds[i] != fold) continue;
      double difference = 0;
      for (std::size_t j = 0; j < 4; ++j) {
        difference += fit.coefficients[j] * (x(i, j) - x(i - 20, j));
      }
      EXPECT_NEAR(cross.held_out[i] - cross.held_out[i - 20], difference, 1e-9);
    }
  }
}

TEST(CrossFit, LevelsOfGroupsChangeNothing) {
  const Grouped plain(0);
  const Grouped shifted(100);
  const auto coefficients = [](const Grouped& grouped) {
    return fit_ridge(HeldRows(grouped.problem.x.view()), grouped.problem.y,
                     grouped.problem.log_weights, {}, grouped.groups)
        .coefficients;
  };
  const std::vector<double> a = coefficients(plain);
  const std::vector<double> b = coefficients(shifted);
  for (std::size_t j = 0; j < a.size(); ++j) EXPECT_NEAR(a[j], b[j], 1e-11);
}

TEST(CrossFit, EachGroupTakesOneOfTheEffectiveSamples) {
  Grouped grouped(5);
  std::ranges::fill(grouped.problem.log_weights, 0.0);
  const HeldRows rows(grouped.problem.x.view());
  const auto& [x, y, log_weights, folds] = grouped.problem;
  const RidgeFit fit = fit_ridge(rows, y, log_weights, {}, grouped.groups);
  for (const RidgePathPoint& point : fit.path) {
    RidgeOptions fixed;
    fixed.rule = PenaltyRule::fixed;
    fixed.penalty = point.penalty;
    const double error = fit_ridge(rows, y, log_weights, fixed, grouped.groups).weighted_error;
    const double left = 1 - point.degrees_of_freedom / (60 - 20);
    EXPECT_NEAR(point.score, error / (left * left), 1e-10 * point.score);
  }
}

TEST(CrossFit, RefusesGroupsOfAnotherLengthAndFoldsThatSplitThem) {
  const Grouped grouped(1);
  const HeldRows rows(grouped.problem.x.view());
  const auto& [x, y, log_weights, folds] = grouped.problem;
  const std::vector<std::uint32_t> few(59);
  EXPECT_THROW(fit_ridge(rows, y, log_weights, {}, few), UsageError);
  RidgeOptions kfold;
  kfold.rule = PenaltyRule::kfold;
  EXPECT_THROW(fit_ridge(rows, y, log_weights, kfold, grouped.groups), UsageError);
}

TEST(CrossFit, HasTheSameBitsForAnyNumberOfThreads) {
  const FoldedProblem problem = make_problem(3000, 4);
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

std::string refusal(const FoldedProblem& problem, const RidgeOptions& options = {}) {
  try {
    cross_fit_ridge(HeldRows(problem.x.view()), problem.y, problem.log_weights, problem.folds,
                    options);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(CrossFit, RefusesFoldsThatDoNotCoverTheRows) {
  FoldedProblem problem = make_problem(20, 2);
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
  FoldedProblem problem = make_problem(20, 2);
  for (std::size_t i = 0; i < 20; ++i) {
    if (problem.folds[i] != 1) problem.log_weights[i] = -INFINITY;
  }
  EXPECT_THAT(refusal(problem), testing::HasSubstr("fold = 1: holds all the weight"));
}

}  // namespace
}  // namespace esscher
