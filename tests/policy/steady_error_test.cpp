#include "esscher/policy/steady_error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/policy/table_policy.h"

namespace esscher {
namespace {

TEST(SteadyError, OfEqualWeightsIsThatOfAMean) {
  const std::vector<double> residuals{1, 2, 4, 5};
  // Their variance about 3 is 2.5, whichever way it is told.
  EXPECT_NEAR(steady_error(std::vector<double>(4, 7.0), residuals, 0.25), std::sqrt(2.5 / 4),
              1e-14);
}

TEST(SteadyError, WeighsBothVariances) {
  const std::vector<double> w{0.5, 0.5, 0};
  const std::vector<double> e{-1, 1, 100};
  // A = B = 1, and a row without weight counts nowhere; the concentration is the caller's.
  EXPECT_NEAR(steady_error(w, e, 4), 2, 1e-14);
  const std::vector<double> uneven{0.8, 0.2};
  const std::vector<double> d{0, 1};
  // Mean 0.2: A = 0.8 0.04 + 0.2 0.64 = 0.16; B = (0.64 0.04 + 0.04 0.64) / 0.68, of
  // nu = 0.68^2 / (0.4096 + 0.0016) pieces.
  const double b = 0.0512 / 0.68;
  const double nu = 0.68 * 0.68 / 0.4112;
  EXPECT_NEAR(steady_error(uneven, d, 1), std::sqrt((4 * 0.16 + nu * b) / (4 + nu)), 1e-14);
}

TEST(SteadyError, RefusesWhatHasNoMean) {
  const std::vector<double> one{1};
  const std::vector<double> two{1, 2};
  const std::vector<double> none{0, 0};
  EXPECT_THROW(steady_error(one, two, 1), UsageError);
  EXPECT_THROW(steady_error(none, two, 1), UsageError);
  EXPECT_THROW(steady_error(two, two, 0), UsageError);
}

/// 400 labelled rows of pi_0 = N(0, 1), tilted to so many effective rows; residuals of size 1, as
/// they are or skewed (exponential, less their mean). How often does the mean lie above zero by
/// more than 1.645 errors, at a nominal 5 %? 5 or 10 rows: in 1 to 2 %. A skewness of 2 leaves some
/// 7 % where many rows carry the mean, as of every normal interval: above 100 of 1000 with a chance
/// of 3e-4.
TEST(SteadyError, HoldsWhereFewRowsCarryTheMean) {
  constexpr std::size_t kRows = 400;
  constexpr int kTables = 1000;
  for (const double ess : {5.0, 10.0, 40.0, 399.0}) {
    const double tilt = std::sqrt(std::log(kRows / ess));
    for (const double skew : {0.0, 1.0, -1.0}) {
      int broken = 0;
      for (int table = 0; table < kTables; ++table) {
        const auto number = static_cast<std::uint64_t>(table);
        std::vector<double> z(kRows);
        std::vector<double> e(kRows);
        RandomStream(3, "z", number).fill_normal(0, z);
        if (skew == 0) {
          RandomStream(3, "e", number).fill_normal(0, e);
        } else {
          RandomStream(3, "e", number).fill_uniform(0, e);
          for (double& each : e) each = skew * (-std::log1p(-each) - 1);
        }
        double sum = 0;
        double mean = 0;
        std::vector<double> w;
        for (std::size_t i = 0; i < kRows; ++i) {
          w.push_back(std::exp(tilt * z[i]));
          sum += w[i];
          mean += w[i] * e[i];
        }
        if (mean / sum > 1.645 * steady_error(w, e, 1 / ess)) ++broken;
      }
      EXPECT_LE(broken, 100) << ess << " effective rows, skew " << skew;
    }
  }
}

/// Of a table of which some rows have gold rewards, the correction's error is the steady one of
/// the known rows' residuals, at the concentration of all rows; that of the predictions' mean is a
/// jackknife's over all rows.
TEST(SteadyError, OfATableGoesByAllItsRows) {
  constexpr std::size_t kRows = 600;
  std::vector<double> r(kRows);
  std::vector<double> y(kRows);
  RandomStream(4, "r").fill_normal(0, r);
  RandomStream(4, "y").fill_normal(0, y);
  double sum = 0;
  double squares = 0;
  std::vector<double> weights;
  std::vector<double> residuals;
  for (std::size_t i = 0; i < kRows; ++i) {
    const double w = std::exp(r[i] / 0.5);
    sum += w;
    squares += w * w;
    y[i] += r[i];
    if (i % 3 != 0) {
      y[i] = std::nan("");
      continue;
    }
    weights.push_back(w);
    residuals.push_back(y[i] - r[i]);
  }
  TableReference reference;
  reference.rows = kRows;
  TablePolicyOptions options;
  options.beta = 0.5;
  options.bootstrap = 0;
  options.predicted = r;
  const TablePolicyValue policy = table_policy_value(r, y, reference, options);
  double mean = 0;
  for (const double each : r) mean += std::exp(each / 0.5) / sum * each;
  double drawn = 0;
  for (const double each : r) {
    const double w = std::exp(each / 0.5) / sum;
    drawn += std::pow(w / (1 - w) * (each - mean), 2);
  }
  const double correction = steady_error(weights, residuals, squares / sum / sum * 3);
  // Rewards above the highest score of a known row may be off by a standard deviation.
  double highest = -INFINITY;
  std::vector<double> known;
  for (std::size_t i = 0; i < kRows; ++i) {
    if (std::isnan(y[i])) continue;
    highest = std::max(highest, r[i]);
    known.push_back(y[i]);
  }
  double beyond = 0;
  for (const double each : r) beyond += each > highest ? std::exp(each / 0.5) / sum : 0;
  EXPECT_GT(beyond, 0);
  EXPECT_NEAR(policy.beyond, beyond, 1e-12);
  double level = 0;
  double square = 0;
  for (const double each : known) level += each / static_cast<double>(known.size());
  for (const double each : known) {
    square += (each - level) * (each - level) / static_cast<double>(known.size());
  }
  EXPECT_NEAR(policy.steady_value.standard_error,
              std::sqrt(correction * correction + drawn + beyond * beyond * square), 1e-10);
  EXPECT_EQ(policy.steady_value.value, policy.value.value);
  EXPECT_GT(policy.steady_value.degrees_of_freedom, 1);
}

}  // namespace
}  // namespace esscher
