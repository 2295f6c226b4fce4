#include "esscher/data/row_order.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"

namespace esscher {
namespace {

std::vector<std::uint64_t> numbers(std::size_t count, std::uint64_t first = 0) {
  std::vector<std::uint64_t> rows(count);
  std::iota(rows.begin(), rows.end(), first);
  return rows;
}

TEST(RowOrder, VisitsEachRowOnce) {
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{777}, kWindowedOrder - 1,
                              kWindowedOrder, kWindowedOrder + 12345}) {
    const auto rows = numbers(n, 10);
    auto order = row_order(rows, {}, 1);
    if (n > 1) {
      EXPECT_NE(order, rows);
    }
    std::ranges::sort(order);
    EXPECT_EQ(order, rows) << n;
  }
}

TEST(RowOrder, IsAFunctionOfTheSeed) {
  for (const std::size_t n : {std::size_t{1000}, kWindowedOrder}) {
    EXPECT_EQ(row_order(numbers(n), {}, 1), row_order(numbers(n), {}, 1));
    EXPECT_NE(row_order(numbers(n), {}, 1), row_order(numbers(n), {}, 2));
  }
}

// All 24 orders of 4 rows over 24000 seeds: deviation 31; 5 of them, one false alarm in 7e4.
TEST(RowOrder, OfFewRowsIsAnyOrderWithEqualProbability) {
  std::map<std::vector<std::uint64_t>, int> seen;
  for (std::uint64_t seed = 0; seed < 24'000; ++seed) ++seen[row_order(numbers(4), {}, seed)];
  EXPECT_EQ(seen.size(), 24U);
  for (const auto& entry : seen) EXPECT_NEAR(entry.second, 1000, 5 * 31);
}

// A window touches 64 runs of 64 neighbours (one more where the short last run is among them); a
// full shuffle would touch nearly as many runs as it has rows, some 1450 of 1563 here.
TEST(RowOrder, OfManyRowsReadsWholeRunsInEachWindow) {
  const std::size_t n = kWindowedOrder;
  const auto order = row_order(numbers(n), {}, 5);
  const std::size_t window = kOrderRun * kOrderWindow;
  for (std::size_t begin = 0; begin < n; begin += window) {
    std::set<std::uint64_t> runs;
    for (std::size_t i = begin; i < std::min(n, begin + window); ++i) {
      runs.insert(order[i] / kOrderRun);
    }
    EXPECT_LE(runs.size(), kOrderWindow + 1);
  }
}

// Neighbours in the order are nearly independent: the correlation of successive row numbers has
// deviation 1/sqrt(n) = 0.003 for a full shuffle. Here 1 in 64 successors is of the same run, which
// shifts it by 1/64 = 0.016.
TEST(RowOrder, OfManyRowsMixesDistantOnes) {
  const std::size_t n = kWindowedOrder;
  const auto order = row_order(numbers(n), {}, 6);
  const double mean = static_cast<double>(n - 1) / 2;
  double product = 0;
  double square = 0;
  for (std::size_t i = 0; i + 1 < n; ++i) {
    const double here = static_cast<double>(order[i]) - mean;
    product += here * (static_cast<double>(order[i + 1]) - mean);
    square += here * here;
  }
  EXPECT_LT(std::abs(product / square), 0.06);
}

// 1e-9 is far above the rounding of sums of 300 weights.
RC_GTEST_PROP(RowOrder, VisitsRowsByTheirWeight, ()) {
  const auto n = *rc::gen::inRange<std::size_t>(1, 300);
  std::vector<double> log_weights(n);
  RandomStream(*rc::gen::arbitrary<unsigned>(), "test/weights").fill_normal(0, log_weights);
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (i > 0 && i % 7 == 0) log_weights[i] = -std::numeric_limits<double>::infinity();
    sum += std::exp(log_weights[i]);
  }
  const auto order = row_order(numbers(n), log_weights, *rc::gen::arbitrary<unsigned>());
  RC_ASSERT(order.size() == n);
  std::vector<double> visits(n);
  for (const std::uint64_t row : order) ++visits.at(row);
  for (std::size_t i = 0; i < n; ++i) {
    const double expected = std::exp(log_weights[i]) / sum * static_cast<double>(n);
    RC_ASSERT(visits[i] >= std::floor(expected - 1e-9));
    RC_ASSERT(visits[i] <= std::ceil(expected + 1e-9));
  }
}

// Weights 0.5, 1.5, 1: over 4000 seeds the first row comes 2000 times, deviation 31.6; five of
// them, one false alarm in 2e6.
TEST(RowOrder, VisitsAreRightOnAverage) {
  const std::vector<double> log_weights{std::log(0.5), std::log(1.5), 0};
  std::vector<int> visits(3);
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    for (const std::uint64_t row : row_order(numbers(3), log_weights, seed)) ++visits[row];
  }
  EXPECT_NEAR(visits[0], 2000, 5 * 31.6);
  EXPECT_NEAR(visits[1], 6000, 5 * 31.6);
}

TEST(RowOrder, RefusesWeightsThatAreNone) {
  const std::vector<double> none(3, -std::numeric_limits<double>::infinity());
  EXPECT_THROW(row_order(numbers(3), none, 1), DataError);
  EXPECT_THROW(row_order(numbers(4), none, 1), InternalError);
}

}  // namespace
}  // namespace esscher
