#include "esscher/temperature/forecast.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/policy/best_of_n.h"

namespace esscher {
namespace {

struct Points {
  std::vector<double> influence;
  std::vector<ForecastPoint> points;
};

/// rise = d (a - b g(d)) at d = 0.2, 0.4, ..., 2, each of error 0.1, which are independent.
Points exact_points(bool logarithmic, double a, double b) {
  Points all;
  all.influence.assign(100, 0.0);
  for (std::size_t k = 0; k < 10; ++k) all.influence[10 * k + k] = 0.1;
  for (int k = 1; k <= 10; ++k) {
    const double d = 0.2 * k;
    ForecastPoint point;
    point.kl = d * d;
    point.rise.value = d * (a - b * (logarithmic ? std::log(d) : d));
    point.rise.standard_error = 0.1;
    point.influence = std::span(all.influence).subspan(static_cast<std::size_t>(10 * (k - 1)), 10);
    all.points.push_back(point);
  }
  return all;
}

TEST(Forecast, FindsItsOwnForms) {
  for (const bool logarithmic : {false, true}) {
    const Points all = exact_points(logarithmic, 1.3, 0.2);
    const std::optional<Forecast> forecast = forecast_rise(all.points);
    ASSERT_TRUE(forecast);
    const ForecastCurve& curve = forecast->curves[logarithmic ? 1 : 0];
    EXPECT_NEAR(curve.a, 1.3, 1e-12);
    EXPECT_NEAR(curve.b, 0.2, 1e-12);
    EXPECT_NEAR(forecast->from_kl, 1, 1e-12);  // half of the largest d
    EXPECT_NEAR(forecast->to_kl, 4, 1e-12);
    const double turn = logarithmic ? std::exp(5.5) : 3.25;
    EXPECT_NEAR(*curve.turning_kl(), turn * turn, 1e-8 * turn * turn);
    const double d = 2.5;
    const Estimate beyond = curve.rise(d * d);
    EXPECT_NEAR(beyond.value, d * (1.3 - 0.2 * (logarithmic ? std::log(d) : d)), 1e-12);
    EXPECT_GT(beyond.standard_error, 0.1);
    const Interval all_of_it = forecast->rise(d * d);
    EXPECT_LE(all_of_it.low, forecast->last.value - 0.19);
    EXPECT_GE(all_of_it.high, beyond.value + 1.9 * beyond.standard_error);
  }
}

TEST(Forecast, ARewardThatOnlyRisesNeverTurns) {
  const Points all = exact_points(false, 1, -0.1);
  const std::optional<Forecast> forecast = forecast_rise(all.points);
  ASSERT_TRUE(forecast);
  EXPECT_FALSE(forecast->curves[0].turning_kl());
  EXPECT_TRUE(std::isinf(forecast->turning_kl().high));
}

// Normal rewards, gold y = z/2 - 0.15 (z^2 - 1), z the proxy: under the tilt to mean m it is
// m/2 - 0.15 m^2, and d = m / sqrt 2. 400 tables of six points in m of noise that they share;
// limits of 1.96 errors hold in 95 %, and outside [0.92, 0.98] with probability below 0.006.
TEST(Forecast, ItsErrorsHold) {
  int held = 0;
  constexpr int kTables = 400;
  for (std::uint64_t t = 0; t < kTables; ++t) {
    std::vector<double> z(40);
    RandomStream(t, "forecast").fill_normal(0, z);
    std::vector<std::vector<double>> influence;
    std::vector<ForecastPoint> points;
    for (int k = 1; k <= 6; ++k) {
      const double m = 0.3 * k;
      std::vector<double> moved(40);
      double shift = 0;
      double squares = 0;
      for (std::size_t i = 0; i < 40; ++i) {
        moved[i] = 0.02 * m * (1 + (i % 3 == 0 ? m : 0) + (i % 7 == 0 ? m * m : 0));
        shift += moved[i] * z[i];
        squares += moved[i] * moved[i];
      }
      influence.push_back(std::move(moved));
      Estimate rise;
      rise.value = 0.5 * m - 0.15 * m * m + shift;
      rise.standard_error = std::sqrt(squares);
      points.push_back({m * m / 2, rise, {}});
    }
    for (std::size_t k = 0; k < 6; ++k) points[k].influence = influence[k];
    const std::optional<Forecast> forecast = forecast_rise(points);
    ASSERT_TRUE(forecast);
    const double m = 2.2;
    const Estimate beyond = forecast->curves[0].rise(m * m / 2);
    if (std::abs(beyond.value - (0.5 * m - 0.15 * m * m)) < 1.96 * beyond.standard_error) ++held;
  }
  EXPECT_GE(held, 0.92 * kTables);
  EXPECT_LE(held, 0.98 * kTables);
}

TEST(Forecast, ARewardThatOnlyFallsTurnsAtOnce) {
  const Points all = exact_points(false, -0.2, 0.5);
  const std::optional<Forecast> forecast = forecast_rise(all.points);
  ASSERT_TRUE(forecast);
  EXPECT_EQ(forecast->curves[0].turning_kl(), 0);
  EXPECT_LT(forecast->turning_kl().low, forecast->from_kl);
}

TEST(Forecast, NeedsThreePointsThatRowsTell) {
  const Points all = exact_points(false, 1, 0.1);
  EXPECT_FALSE(forecast_rise(std::span(all.points).first(2)));
  EXPECT_FALSE(forecast_rise({}));
  EXPECT_FALSE(forecast_rise(std::span(all.points).last(2)));
  std::vector<ForecastPoint> near = all.points;
  for (ForecastPoint& point : near) point.kl = 4 + 0.01 * point.kl;
  EXPECT_FALSE(forecast_rise(near));
  std::vector<ForecastPoint> exact = all.points;
  for (ForecastPoint& point : exact) point.rise.standard_error = 0;
  EXPECT_FALSE(forecast_rise(exact));
  std::vector<ForecastPoint> unequal = all.points;
  unequal.back().influence = unequal.back().influence.first(3);
  EXPECT_THROW(forecast_rise(unequal), InternalError);
}

}  // namespace
}  // namespace esscher
