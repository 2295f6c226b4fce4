// Policies of tables of which only some gold rewards are known: predictions fall out where all are,
// estimates are unbiased and their errors hold, and what cannot be told is refused.

#include "policy/known_gold.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/policy/best_of_n.h"
#include "tables.h"

namespace esscher {
namespace {

using namespace policy_tables;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

std::vector<double> scaled(const std::vector<double>& r, double slope) {
  std::vector<double> m;
  for (const double value : r) m.push_back(slope * value + 0.3);
  return m;
}

/// Leaves each y with probability `share`.
std::vector<double> some(std::vector<double> y, double share, std::uint64_t index) {
  std::vector<double> uniforms(y.size());
  RandomStream(12, "known", index).fill_uniform(0, uniforms);
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (uniforms[i] > share) y[i] = kUnknown;
  }
  return y;
}

TablePolicyValue partial_value(const Table& table, const std::vector<double>& y,
                               const std::vector<double>& predicted, double beta) {
  TablePolicyOptions options = at(beta);
  options.predicted = predicted;
  options.influence = true;
  return table_policy_value(table.r, y, table.reference(), options);
}

TEST(KnownGold, PredictionsFallOutWhereAllRewardsAreKnown) {
  for (const std::size_t groups : {0, 17, 60}) {
    Table table = normal_table(120, 1);
    for (std::size_t i = 0; i < 120; ++i) table.log_weights.push_back(0.01 * double(i % 37));
    if (groups > 0) table.groups = numbers(120, 1, groups);
    if (groups == 60) {
      // Most groups have one row.
      for (std::uint32_t i = 0; i < 120; ++i) table.groups[i] = i < 80 ? i % 10 : i - 70;
    }
    const std::vector<double> predicted = scaled(table.r, 1.7);
    for (const double beta : {5.0, 0.7}) {
      TablePolicyOptions options = at(beta);
      options.influence = true;
      const TablePolicyValue full = table.value(options);
      const TablePolicyValue found = partial_value(table, table.y, predicted, beta);
      for (const auto estimate :
           {&TablePolicyValue::value, &TablePolicyValue::proxy, &TablePolicyValue::kl,
            &TablePolicyValue::reference, &TablePolicyValue::rise, &TablePolicyValue::gain,
            &TablePolicyValue::over_optimisation}) {
        EXPECT_NEAR((found.*estimate).value, (full.*estimate).value, 1e-12);
        EXPECT_NEAR((found.*estimate).standard_error, (full.*estimate).standard_error, 1e-12);
      }
      EXPECT_NEAR(found.ess, full.ess, 1e-10);
      EXPECT_NEAR(found.coverage, 1, 1e-12);
      EXPECT_NEAR(found.gain.degrees_of_freedom, full.gain.degrees_of_freedom, 1e-9);
      EXPECT_EQ(found.reliable, full.reliable);
      ASSERT_EQ(found.gain_influence.size(), full.gain_influence.size());
      for (std::size_t i = 0; i < full.gain_influence.size(); ++i) {
        EXPECT_NEAR(found.gain_influence[i], full.gain_influence[i], 1e-12);
      }
    }
    for (const double n : {1.0, 2.0, 9.5}) {
      const BestOfNValue full = best_of_n_value(table.r, table.y, table.reference(), {n});
      const BestOfNValue found =
          best_of_n_value(table.r, table.y, table.reference(), {n, false, true, predicted});
      EXPECT_NEAR(found.value.value, full.value.value, 1e-12);
      EXPECT_NEAR(found.gain.value, full.gain.value, 1e-12);
      EXPECT_NEAR(found.gain.standard_error, full.gain.standard_error, 1e-12);
      double squares = 0;
      for (const double step : found.gain_influence) squares += step * step;
      EXPECT_NEAR(std::sqrt(squares), full.gain.standard_error, 1e-12);
    }
  }
}

// y = 0.8 r + noise, of r normal. The tilt by r at beta has mean 1/beta, so that the rise is
// 0.8 / beta. Of 1000 standardised errors the mean is within 4/sqrt(1000) of 0 and the root mean
// square within 4/sqrt(2000) of 1 with a false-alarm rate below 1e-4 each; some .08 more for the
// skewness of what is standardised by some 200 effective rows.
struct Errors {
  double mean = 0;
  double size = 0;
};

template <class Estimate>
Errors errors(std::size_t tables, Estimate estimate) {
  Errors result;
  for (std::size_t t = 0; t < tables; ++t) {
    const double z = estimate(t);
    result.mean += z / static_cast<double>(tables);
    result.size += z * z / static_cast<double>(tables);
  }
  result.size = std::sqrt(result.size);
  return result;
}

TEST(KnownGold, EstimatesHoldWhateverIsPredicted) {
  for (const double slope : {0.0, 0.8, 1.7}) {
    const Errors rise = errors(1000, [&](std::size_t t) {
      const Table table = normal_table(1000, t);
      const TablePolicyValue found =
          partial_value(table, some(table.y, 0.3, t), scaled(table.r, slope), 2);
      return (found.rise.value - 0.4) / found.rise.standard_error;
    });
    EXPECT_NEAR(rise.mean, 0, 0.2) << slope;
    EXPECT_NEAR(rise.size, 1, 0.12) << slope;
    // Best of 4 of normal rewards: 1.02938 standard deviations.
    const Errors best = errors(1000, [&](std::size_t t) {
      const Table table = normal_table(1000, t);
      const std::vector<double> predicted = scaled(table.r, slope);
      const BestOfNValue found = best_of_n_value(table.r, some(table.y, 0.3, t), table.reference(),
                                                 {4, false, true, predicted});
      return (found.gain.value - 0.8 * 1.02938) / found.gain.standard_error;
    });
    EXPECT_NEAR(best.mean, 0, 0.2) << slope;
    EXPECT_NEAR(best.size, 1, 0.12) << slope;
  }
}

TEST(KnownGold, GoodPredictionsAreWorthLabels) {
  const Table table = normal_table(4000, 0);
  const std::vector<double> y = some(table.y, 0.1, 0);
  const TablePolicyValue none = partial_value(table, y, std::vector<double>(4000, 0.0), 1);
  const TablePolicyValue good = partial_value(table, y, scaled(table.r, 0.8), 1);
  // Noise of 0.5 is all that is left of a spread of 0.94.
  EXPECT_LT(good.rise.standard_error, 0.8 * none.rise.standard_error);
  EXPECT_EQ(good.kl.value, none.kl.value);
  // 10 % of the rows carry the errors.
  EXPECT_LT(good.ess, 0.2 * table.value(at(1)).ess);
}

TEST(KnownGold, WithinGroupsRisesAreUnbiasedAlsoAtTheBestCandidate) {
  // 40 groups of 6 candidates; labels on three of them in every second group. Levels of groups,
  // which no policy sees, are ten times the rest.
  for (const double beta : {1.0, 0.05}) {
    double told = 0;  // the mean square of the standard errors
    const Errors rise = errors(1000, [&](std::size_t t) {
      Table table = normal_table(240, t);
      table.groups = numbers(240, 6, 40);
      Table expected = table;  // of these candidates, all labelled, without noise
      for (std::size_t i = 0; i < 240; ++i) expected.y[i] = 0.8 * table.r[i];
      const double exact = expected.value(at(beta)).rise.value;
      std::vector<double> uniforms(240);
      RandomStream(13, "order", t).fill_uniform(0, uniforms);
      std::vector<double> y(240, kUnknown);
      for (std::size_t g = 0; g < 40; g += 2) {
        std::vector<std::size_t> rows{0, 1, 2, 3, 4, 5};
        std::ranges::sort(rows, {}, [&](std::size_t i) { return uniforms[6 * g + i]; });
        for (std::size_t k = 0; k < 3; ++k) {
          y[6 * g + rows[k]] = table.y[6 * g + rows[k]] + 10 * std::sin(double(g));
        }
      }
      const TablePolicyValue found = partial_value(table, y, scaled(table.r, 0.5), beta);
      told += found.rise.standard_error * found.rise.standard_error / 1000;
      return found.rise.value - exact;
    });
    // False-alarm rates below 1e-4.
    EXPECT_NEAR(rise.mean, 0, 4 * rise.size / std::sqrt(1000.0)) << beta;
    // Standard errors are of draws of groups, too, which this does not draw.
    EXPECT_LT(rise.size, 1.09 * std::sqrt(told)) << beta;
    EXPECT_GT(rise.size, 0.6 * std::sqrt(told)) << beta;
  }
}

TEST(KnownGold, PoliciesThatGoWhereNothingIsLabelledAreUnreliable) {
  Table table = normal_table(400, 0);
  std::vector<double> y = table.y;
  for (std::size_t i = 0; i < y.size(); ++i) {
    if (table.r[i] > 1) y[i] = kUnknown;
  }
  const TablePolicyValue found = partial_value(table, y, scaled(table.r, 0.8), 0.7);
  EXPECT_LT(found.coverage, 0.5);
  EXPECT_FALSE(found.reliable);
  EXPECT_NE(found.remark.find("the policy goes where few are labelled"), std::string::npos);
  const std::vector<double> predicted = scaled(table.r, 0.8);
  const BestOfNValue best =
      best_of_n_value(table.r, y, table.reference(), {8, false, false, predicted});
  EXPECT_LT(best.coverage, 0.5);
  EXPECT_FALSE(best.reliable);
}

TEST(KnownGold, RefusesWhatTellsNothing) {
  Table table = normal_table(20, 0);
  const std::vector<double> predicted = scaled(table.r, 1);
  std::vector<double> y(20, kUnknown);
  y[3] = 1;
  EXPECT_EQ(failure_text<DataError>([&] { partial_value(table, y, predicted, 1); }),
            "gold reward = 1 known row: an error can be told from two rows or more, or clusters "
            "of them; label more rows, drawn at random");
  table.groups = numbers(20, 4, 5);
  y[4] = y[5] = 2;
  EXPECT_EQ(failure_text<DataError>([&] { partial_value(table, y, predicted, 1); }),
            "gold reward = 1 group with two of them: an error can be told from two groups or "
            "more, or clusters of them; label two rows or more in more groups, "
            "drawn at random");
  y[0] = kInfinity;
  EXPECT_EQ(failure_text<DataError>([&] { partial_value(table, y, predicted, 1); }),
            "gold reward of row 1 = inf: must be finite, or NaN where it is not known");
  y[0] = kUnknown;
  EXPECT_EQ(failure_text<DataError>([&] { table_policy_value(table.r, y, table.reference()); }),
            "gold reward of row 1 = nan: must be finite");
}

}  // namespace
}  // namespace esscher
