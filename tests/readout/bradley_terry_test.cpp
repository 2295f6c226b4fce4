// Preferences: the minimum is one, by its gradient; what must not change it; and what is refused.

#include "esscher/readout/bradley_terry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/base/random.h"

namespace esscher {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

struct Contest {
  Matrix<double> x;
  std::vector<Preference> pairs;
  std::vector<double> log_weights;

  BradleyTerryFit fit(const BradleyTerryOptions& options = {}) const {
    return fit_bradley_terry(HeldRows(x.view()), pairs, log_weights, {}, options);
  }
  double margin(std::span<const double> a, std::size_t p) const {
    double sum = 0;
    for (std::size_t j = 0; j < x.columns(); ++j) {
      sum += a[j] * (x(pairs[p].winner, j) - x(pairs[p].loser, j));
    }
    return sum;
  }
};

/// Pairs of rows of normal features, preferred by the model with coefficients 1, -1/2, 0, 1, ...
Contest contest(std::size_t pairs, std::size_t features, std::uint64_t index = 0) {
  Contest result{Matrix<double>(3 * pairs / 2, features), {}, {}};
  RandomStream(21, "x", index).fill_normal(0, result.x.values());
  const RandomStream stream(21, "pair", index);
  const double a[] = {1, -0.5, 0};
  for (std::size_t p = 0; p < pairs; ++p) {
    const std::uint64_t i = p;
    const std::uint64_t j = pairs + p / 2;  // each loser of two contests
    double margin = 0;
    for (std::size_t k = 0; k < features; ++k) {
      margin += a[k % 3] * (result.x(i, k) - result.x(j, k));
    }
    const bool wins = stream.uniform(p) < 1 / (1 + std::exp(-margin));
    result.pairs.push_back(wins ? Preference{i, j} : Preference{j, i});
  }
  return result;
}

BradleyTerryOptions fixed_penalty(double penalty) {
  BradleyTerryOptions options;
  options.rule = PenaltyRule::fixed;
  options.penalty = penalty;
  options.threads = 1;
  return options;
}

// At the minimum the gradient is 0: with a decrement below 1e-14 of the objective it is some 1e-7
// at most, in curvatures of size 0.1 to 1.
TEST(BradleyTerry, GradientVanishesAtTheFit) {
  Contest given = contest(300, 5);
  for (const bool weighted : {false, true}) {
    if (weighted) {
      for (std::size_t p = 0; p < 300; ++p) given.log_weights.push_back(0.02 * double(p % 71) + 40);
    }
    for (const double penalty : {1e-6, 1e-2, 1.0}) {
      const BradleyTerryFit found = given.fit(fixed_penalty(penalty));
      ASSERT_TRUE(found.converged);
      EXPECT_EQ(found.status, BradleyTerryStatus::converged);
      EXPECT_EQ(found.remark, "");
      EXPECT_EQ(found.penalty, penalty);
      double total = 0;
      double loss = 0;
      double right = 0;
      std::vector<double> gradient(5);
      for (std::size_t p = 0; p < 300; ++p) {
        const double w = weighted ? std::exp(given.log_weights[p] - 40) : 1;
        const double margin = given.margin(found.coefficients, p);
        total += w;
        loss += w * std::log1p(std::exp(-margin));
        right += margin > 0 ? w : 0;
        for (std::size_t j = 0; j < 5; ++j) {
          gradient[j] -= w / (1 + std::exp(margin)) *
                         (given.x(given.pairs[p].winner, j) - given.x(given.pairs[p].loser, j));
        }
      }
      for (std::size_t j = 0; j < 5; ++j) {
        EXPECT_NEAR(gradient[j] / total + 2 * penalty * found.coefficients[j], 0, 2e-7);
      }
      EXPECT_NEAR(found.loss, loss / total, 1e-12);
      EXPECT_NEAR(found.deviance, 2 * loss / total, 1e-12);
      EXPECT_NEAR(found.accuracy, right / total, 1e-12);
      EXPECT_LE(found.iterations, 12);
    }
  }
}

// Standard errors: the information is sum_p s (1 - s) d d' with s (1 - s) about 0.16 and d of
// variance 2: 1 / sqrt(4000 * 0.32) = 0.028. Five of them, in three comparisons: below 2e-6; and
// the seed is fixed.
TEST(BradleyTerry, RecoversTheCoefficients) {
  const Contest given = contest(4000, 3);
  BradleyTerryOptions options;
  options.threads = 1;
  const BradleyTerryFit found = given.fit(options);
  EXPECT_NEAR(found.coefficients[0], 1, 0.14);
  EXPECT_NEAR(found.coefficients[1], -0.5, 0.14);
  EXPECT_NEAR(found.coefficients[2], 0, 0.14);
  EXPECT_EQ(found.path.size(), 15U);
  EXPECT_EQ(found.weights.ess, 4000);
  EXPECT_GT(found.accuracy, 0.7);
}

TEST(BradleyTerry, TakesThePenaltyOfTheLeastHeldOutLoss) {
  Contest given = contest(60, 6);
  BradleyTerryOptions options;
  options.folds = 3;
  options.path_points = 4;
  options.threads = 1;
  const BradleyTerryFit found = given.fit(options);
  ASSERT_EQ(found.path.size(), 4U);
  double least = kNever;
  double chosen = 0;
  for (const BradleyTerryPathPoint& point : found.path) {
    double score = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      given.log_weights.assign(60, 0.0);
      for (std::size_t p = k; p < 60; p += 3) given.log_weights[p] = -kNever;
      const BradleyTerryFit unseen = given.fit(fixed_penalty(point.penalty));
      for (std::size_t p = k; p < 60; p += 3) {
        score += std::log1p(std::exp(-given.margin(unseen.coefficients, p))) / 60;
      }
    }
    // Coefficients are right to 1e-7 relative to the curvature, and 1e-5 of it is the least
    // penalty.
    EXPECT_NEAR(point.score, score, 1e-5 * (1 + score));
    if (score < least) {
      least = score;
      chosen = point.penalty;
    }
  }
  EXPECT_EQ(found.penalty, chosen);
}

TEST(BradleyTerry, GivenFoldsAreUsed) {
  const Contest given = contest(60, 6);
  std::vector<std::uint32_t> folds;
  for (std::uint32_t p = 0; p < 60; ++p) folds.push_back(p % 3);
  BradleyTerryOptions options;
  options.folds = 3;
  options.path_points = 4;
  const auto with = [&](std::span<const std::uint32_t> numbers) {
    return fit_bradley_terry(HeldRows(given.x.view()), given.pairs, {}, numbers, options);
  };
  EXPECT_EQ(with(folds).path[1].score, given.fit(options).path[1].score);
  for (std::uint32_t p = 0; p < 60; ++p) folds[p] = p / 20;
  EXPECT_NE(with(folds).path[1].score, given.fit(options).path[1].score);
}

TEST(BradleyTerry, WeightsTimesAConstantChangeNothing) {
  Contest given = contest(200, 4);
  for (std::size_t p = 0; p < 200; ++p) given.log_weights.push_back(double(p % 8) / 4);
  const BradleyTerryFit plain = given.fit(fixed_penalty(1e-3));
  for (double& w : given.log_weights) w += 4096;
  EXPECT_EQ(given.fit(fixed_penalty(1e-3)).coefficients, plain.coefficients);
}

TEST(BradleyTerry, DuplicatesAreDoubleWeight) {
  Contest weighted = contest(100, 4);
  Contest twice = weighted;
  for (std::size_t p = 0; p < 100; ++p) {
    weighted.log_weights.push_back(p < 30 ? std::log(2) : 0);
    if (p < 30) twice.pairs.push_back(twice.pairs[p]);
  }
  const BradleyTerryFit a = weighted.fit(fixed_penalty(1e-2));
  const BradleyTerryFit b = twice.fit(fixed_penalty(1e-2));
  for (std::size_t j = 0; j < 4; ++j) EXPECT_NEAR(a.coefficients[j], b.coefficients[j], 1e-6);
  EXPECT_NEAR(a.loss, b.loss, 1e-7);
}

TEST(BradleyTerry, PairsWithoutWeightMightAsWellNotBeThere) {
  Contest all = contest(100, 4);
  Contest some = all;
  all.log_weights.assign(100, 0.0);
  for (std::size_t p = 70; p < 100; ++p) all.log_weights[p] = -kNever;
  some.pairs.resize(70);
  const BradleyTerryFit a = all.fit(fixed_penalty(1e-2));
  const BradleyTerryFit b = some.fit(fixed_penalty(1e-2));
  for (std::size_t j = 0; j < 4; ++j) EXPECT_NEAR(a.coefficients[j], b.coefficients[j], 1e-6);
  EXPECT_EQ(a.weights.ess, 70);
}

TEST(BradleyTerry, SeparablePairsStayFiniteAndAreRemarked) {
  Contest given = contest(40, 3);
  for (Preference& pair : given.pairs) {
    if (given.x(pair.winner, 0) < given.x(pair.loser, 0)) std::swap(pair.winner, pair.loser);
  }
  for (const double penalty : {1e-12, 1e-6, 1e-2}) {
    const BradleyTerryFit found = given.fit(fixed_penalty(penalty));
    EXPECT_TRUE(found.converged);
    for (const double a : found.coefficients) EXPECT_TRUE(std::isfinite(a));
    if (penalty < 1e-3) {
      EXPECT_EQ(found.status, BradleyTerryStatus::separable);
      EXPECT_EQ(found.accuracy, 1);
      expect_words(found.remark, "order every pair as preferred", "penalty");
    }
  }
}

TEST(BradleyTerry, MoreFeaturesThanPairsAreFitted) {
  const BradleyTerryFit found = contest(10, 40).fit(fixed_penalty(1e-3));
  EXPECT_TRUE(found.converged);
  EXPECT_EQ(found.status, BradleyTerryStatus::separable);
}

TEST(BradleyTerry, EqualFeaturesTeachNothing) {
  Contest given = contest(10, 2);
  given.x = Matrix<double>(15, 2, 3.0);
  const BradleyTerryFit found = given.fit();
  EXPECT_EQ(found.status, BradleyTerryStatus::constant);
  EXPECT_EQ(found.coefficients, std::vector<double>(2));
  EXPECT_DOUBLE_EQ(found.loss, std::log(2));
  expect_words(found.remark, "the same features");
}

TEST(BradleyTerry, HasTheSameBitsForAnyNumberOfThreads) {
  const Contest given = contest(3000, 7);
  BradleyTerryOptions options;
  options.path_points = 3;
  options.threads = 1;
  const BradleyTerryFit one = given.fit(options);
  options.threads = 3;
  const BradleyTerryFit three = given.fit(options);
  EXPECT_EQ(three.coefficients, one.coefficients);
  EXPECT_EQ(three.path[0].score, one.path[0].score);
}

TEST(BradleyTerry, TellsThatItStoppedEarly) {
  BradleyTerryOptions options = fixed_penalty(1e-6);
  options.iterations = 1;
  const BradleyTerryFit found = contest(100, 4).fit(options);
  EXPECT_FALSE(found.converged);
  EXPECT_EQ(found.status, BradleyTerryStatus::not_converged);
  expect_words(found.remark, "after 1 steps");
  CancellationToken token;
  token.request();
  options.callbacks.cancellation = &token;
  const BradleyTerryFit stopped = contest(100, 4).fit(options);
  EXPECT_EQ(stopped.status, BradleyTerryStatus::cancelled);
  EXPECT_EQ(stopped.coefficients, std::vector<double>(4));
}

TEST(BradleyTerry, RefusesOptionsOutsideTheirRange) {
  const Contest given = contest(10, 2);
  const auto text = [&](auto change) {
    BradleyTerryOptions options;
    change(options);
    return failure_text<UsageError>([&] { given.fit(options); });
  };
  expect_words(text([](auto& o) { o.rule = PenaltyRule::gcv; }), "rule = gcv");
  expect_words(text([](auto& o) { o.penalty = 0; }), "penalty = 0: must be finite and positive");
  expect_words(text([](auto& o) { o.folds = 1; }), "folds = 1: must lie from 2 to 20");
  expect_words(text([](auto& o) { o.path_low = -1; }), "path_low = -1");
  expect_words(text([](auto& o) { o.path_high = 1e-9; }), "path_high = 1e-09");
  expect_words(text([](auto& o) { o.path_points = 0; }), "path_points = 0");
  expect_words(text([](auto& o) { o.iterations = 0; }), "iterations = 0");
  const std::vector<double> nine(9);
  expect_words(failure_text<UsageError>(
                   [&] { fit_bradley_terry(HeldRows(given.x.view()), given.pairs, nine); }),
               "log_weights = 9 values: there are 10 pairs");
  const std::vector<std::uint32_t> folds(9);
  expect_words(failure_text<UsageError>(
                   [&] { fit_bradley_terry(HeldRows(given.x.view()), given.pairs, {}, folds); }),
               "folds = 9 values: there are 10 pairs");
}

TEST(BradleyTerry, RefusesPairsThatAreNone) {
  const auto text = [](auto change) {
    Contest given = contest(10, 2);
    change(given);
    return failure_text<DataError>([&] { given.fit(); });
  };
  expect_words(text([](Contest& c) { c.pairs.clear(); }), "pairs = 0: a fit needs at least one");
  expect_words(text([](Contest& c) { c.pairs[2].loser = 99; }),
               "pair 3 = row 100: there are only 15 rows");
  expect_words(text([](Contest& c) {
                 c.pairs[4] = {7, 7};
               }),
               "pair 5 = row 8 twice: a row cannot be preferred to itself");
  expect_words(text([](Contest& c) { c.x(3, 1) = std::nan(""); }), "features of pair 4 = nan");
  expect_words(text([](Contest& c) { c.log_weights.assign(10, -kNever); }),
               "at least one must be finite");
  expect_words(text([](Contest& c) { c.pairs.resize(3); }), "fold 3 = no weight", "fewer folds");
  const Contest given = contest(10, 2);
  const std::vector<std::uint32_t> folds(10, 7);
  expect_words(failure_text<DataError>(
                   [&] { fit_bradley_terry(HeldRows(given.x.view()), given.pairs, {}, folds); }),
               "fold of pair 1 = 7: must be below 5");
}

}  // namespace
}  // namespace esscher
