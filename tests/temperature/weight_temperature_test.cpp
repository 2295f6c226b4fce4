#include "esscher/temperature/weight_temperature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "temperature/held_out_objective.h"

namespace esscher {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Rewards z of n rows in two folds, and a prediction that orders them rightly, reversed or not.
struct Rows {
  explicit Rows(std::size_t n) : rewards(n), reversed(n), folds(n), groups(n), log_weights(n) {
    RandomStream(3, "test/z").fill_normal(0, rewards);
    RandomStream(3, "test/w").fill_normal(0, log_weights);
    for (std::size_t i = 0; i < n; ++i) {
      reversed[i] = -rewards[i];
      folds[i] = static_cast<std::uint32_t>(i % 2);
      groups[i] = static_cast<std::uint32_t>(i / 4);
    }
  }
  HeldOutRows held_out() const { return {rewards, folds}; }

  std::vector<double> rewards;
  std::vector<double> reversed;
  std::vector<std::uint32_t> folds;
  std::vector<std::uint32_t> groups;
  std::vector<double> log_weights;
};

WeightTemperatureChoice choose(const Rows& rows, double beta,
                               const std::vector<WeightCandidate>& candidates) {
  return choose_weight_temperature(beta, candidates, rows.held_out(), {.parameters = 100});
}

TEST(WeightTemperature, GridEndsWithEqualWeights) {
  EXPECT_THAT(weight_temperature_grid(2), testing::ElementsAre(2, 3, 4, 6, 8, 16, 32, kInfinity));
}

TEST(WeightTemperature, TakesTheLowestThatTheSampleCanBear) {
  const Rows rows(400);
  const auto choice = choose(rows, 0.5,
                             {{0.25, 300, rows.rewards},
                              {0.5, 50, rows.rewards},
                              {1, 120, rows.rewards},
                              {2, 200, rows.rewards},
                              {kInfinity, 400, rows.rewards}});
  // 0.25 lies below the deployment temperature, 0.5 has too few effective samples.
  EXPECT_EQ(choice.candidate, 2);
  EXPECT_FALSE(choice.objectives[0]);
  EXPECT_THAT(choice.reason,
              testing::HasSubstr("effective sample of 120 for 100 effective parameters"));
}

TEST(WeightTemperature, TakesEqualWeightsWhereNoOthersCanBeBorne) {
  const Rows rows(400);
  const auto choice = choose(
      rows, 1, {{1, 20, rows.rewards}, {2, 60, rows.rewards}, {kInfinity, 90, rows.rewards}});
  EXPECT_EQ(choice.candidate, 2);
  EXPECT_THAT(choice.reason, testing::HasSubstr("no lower temperature"));
}

TEST(WeightTemperature, LeavesACandidateThatDoesWorseOutOfSample) {
  const Rows rows(400);
  const auto choice = choose(
      rows, 1, {{1, 200, rows.reversed}, {2, 250, rows.rewards}, {kInfinity, 400, rows.reversed}});
  EXPECT_EQ(choice.candidate, 1);
  EXPECT_THAT(choice.reason, testing::HasSubstr("out of sample they serve better"));
}

TEST(WeightTemperature, StaysWhereAPlainerCandidateIsNotClearlyBetter) {
  const Rows rows(400);
  // Two predictions with independent errors of one size: at this seed the plainer one has the
  // higher J, by less than its paired standard error.
  std::vector<double> harder(400);
  std::vector<double> plainer(400);
  RandomStream(6, "test/errors").fill_normal(0, harder);
  RandomStream(6, "test/errors").fill_normal(400, plainer);
  for (std::size_t i = 0; i < 400; ++i) {
    harder[i] += rows.rewards[i];
    plainer[i] += rows.rewards[i];
  }
  const auto choice = choose(rows, 4, {{4, 200, harder}, {kInfinity, 400, plainer}});
  EXPECT_EQ(choice.candidate, 0);
  EXPECT_GT(*choice.objectives[1], *choice.objectives[0]);
}

TEST(WeightTemperature, RefusesCandidatesThatDoNotEndWithEqualWeights) {
  const Rows rows(8);
  const auto refusal = [&](const std::vector<WeightCandidate>& candidates, double beta) {
    try {
      choose(rows, beta, candidates);
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(refusal({}, 1), testing::HasSubstr("must end with equal weights"));
  EXPECT_THAT(refusal({{1, 5, rows.rewards}}, 1), testing::HasSubstr("equal weights"));
  EXPECT_THAT(
      refusal({{2, 5, rows.rewards}, {1, 5, rows.rewards}, {kInfinity, 8, rows.rewards}}, 1),
      testing::HasSubstr("must ascend"));
  EXPECT_THAT(refusal({{kInfinity, 8, std::span(rows.rewards).first(3)}}, 1),
              testing::HasSubstr("one a row"));
  EXPECT_THAT(refusal({{kInfinity, 8, rows.rewards}}, 0), testing::HasSubstr("beta = 0"));
}

TEST(HeldOutObjective, IsTheDonskerVaradhanBoundOfEachFold) {
  const Rows rows(30);
  const double beta = 0.7;
  const auto objective = internal::held_out_objective(rows.rewards, rows.held_out(), beta);
  // With r = y, J = beta log E_0 e^{y/beta}, in each fold by itself.
  double expected = 0;
  for (const std::uint32_t fold : {0U, 1U}) {
    double sum = 0;
    for (std::size_t i = fold; i < 30; i += 2) sum += std::exp(rows.rewards[i] / beta) / 15;
    expected += beta * std::log(sum) / 2;
  }
  EXPECT_NEAR(objective.value, expected, 1e-13);
}

TEST(HeldOutObjective, DoesNotSeeConstantsOfFoldsOrGroups) {
  const Rows rows(40);
  std::vector<double> shifted = rows.reversed;
  for (std::size_t i = 0; i < 40; ++i) shifted[i] += 5.0 * rows.folds[i];
  const auto plain = internal::held_out_objective(rows.reversed, rows.held_out(), 1);
  const auto by_fold = internal::held_out_objective(shifted, rows.held_out(), 1);
  EXPECT_NEAR(plain.value, by_fold.value, 1e-12);
  HeldOutRows grouped = rows.held_out();
  grouped.groups = rows.groups;
  for (std::size_t i = 0; i < 40; ++i) shifted[i] = rows.reversed[i] + 3.0 * rows.groups[i];
  EXPECT_NEAR(internal::held_out_objective(rows.reversed, grouped, 1).value,
              internal::held_out_objective(shifted, grouped, 1).value, 1e-12);
}

TEST(HeldOutObjective, LeavesOutWhatHasNoWeight) {
  const Rows rows(24);
  HeldOutRows part = rows.held_out();
  std::vector<double> log_weights(24);
  for (std::size_t i = 0; i < 24; ++i) {
    if (rows.folds[i] == 1) log_weights[i] = -kInfinity;
  }
  part.log_weights = log_weights;
  const auto objective = internal::held_out_objective(rows.rewards, part, 1);
  double sum = 0;
  for (std::size_t i = 0; i < 24; i += 2) sum += std::exp(rows.rewards[i]) / 12;
  EXPECT_NEAR(objective.value, std::log(sum), 1e-13);
  for (const double influence : objective.influence) EXPECT_TRUE(std::isfinite(influence));
}

TEST(HeldOutObjective, InfluenceIsTheDerivativeByTheRowsOwnWeight) {
  Rows rows(24);
  rows.folds.assign(24, 0);
  HeldOutRows weighted = rows.held_out();
  weighted.log_weights = rows.log_weights;
  const auto objective = internal::held_out_objective(rows.reversed, weighted, 0.8);
  constexpr double kStep = 1e-5;
  for (const std::size_t i : {0UL, 7UL, 23UL}) {
    // dJ / d log p_i: the row's own weight is a factor of its influence.
    std::vector<double> up = rows.log_weights;
    std::vector<double> down = rows.log_weights;
    up[i] += kStep;
    down[i] -= kStep;
    weighted.log_weights = up;
    const double above = internal::held_out_objective(rows.reversed, weighted, 0.8).value;
    weighted.log_weights = down;
    const double below = internal::held_out_objective(rows.reversed, weighted, 0.8).value;
    // Central differences err by about kStep^2; 24 rows.
    EXPECT_NEAR((above - below) / (2 * kStep), objective.influence[i] / 24, 1e-8);
  }
}

}  // namespace
}  // namespace esscher
