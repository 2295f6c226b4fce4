#pragma once

// Whether two sets of independent draws have one law. P-values are collected into a family, and
// each must pass at the family's false-alarm rate divided by their number (Bonferroni), so that a
// family of true hypotheses fails with at most that probability; with fixed seeds, in all runs or
// in none.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace esscher::law_tests {

/// P(sup |F_a - F_b| >= what is seen) for equal continuous laws: Kolmogorov's series with Stephens'
/// correction for finite samples (Numerical Recipes, section 14.3), good from some tens of draws.
inline double kolmogorov_smirnov(std::vector<double> a, std::vector<double> b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  double distance = 0;
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    const double x = std::min(a[i], b[j]);
    while (i < a.size() && a[i] <= x) ++i;
    while (j < b.size() && b[j] <= x) ++j;
    distance = std::max(distance, std::abs(static_cast<double>(i) / static_cast<double>(a.size()) -
                                           static_cast<double>(j) / static_cast<double>(b.size())));
  }
  const double root = std::sqrt(static_cast<double>(a.size()) * static_cast<double>(b.size()) /
                                static_cast<double>(a.size() + b.size()));
  const double lambda = (root + 0.12 + 0.11 / root) * distance;
  // Below 0.2 the series alternates without end, and the probability is 1 to 25 digits.
  if (lambda < 0.2) return 1;
  double p = 0;
  for (int k = 1; k <= 100; ++k) {
    p += (k % 2 == 1 ? 2 : -2) * std::exp(-2.0 * k * k * lambda * lambda);
  }
  return std::clamp(p, 0.0, 1.0);
}

/// Two-sided p-value for equal means: Welch's statistic against N(0, 1), for large samples.
inline double equal_means(std::span<const double> a, std::span<const double> b) {
  const auto moments = [](std::span<const double> x) {
    const auto n = static_cast<double>(x.size());
    double mean = 0;
    for (const double value : x) mean += value / n;
    double variance = 0;
    for (const double value : x) variance += (value - mean) * (value - mean) / (n - 1);
    return std::pair(mean, variance / n);
  };
  const auto first = moments(a);
  const auto second = moments(b);
  const double spread = std::sqrt(first.second + second.second);
  if (!(spread > 0)) return first.first == second.first ? 1 : 0;
  return std::erfc(std::abs(first.first - second.first) / spread / std::sqrt(2.0));
}

class Family {
 public:
  explicit Family(double false_alarm_rate) : rate_(false_alarm_rate) {}

  void add(const std::string& what, double p) { tests_.emplace_back(what, p); }

  /// Fails for each hypothesis that is rejected.
  void expect_all() const {
    ASSERT_FALSE(tests_.empty());
    const double level = rate_ / static_cast<double>(tests_.size());
    for (const auto& test : tests_) EXPECT_GE(test.second, level) << test.first;
    record_least();
  }

 private:
  void record_least() const {
    const auto least =
        std::min_element(tests_.begin(), tests_.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    ::testing::Test::RecordProperty("tests", static_cast<int>(tests_.size()));
    ::testing::Test::RecordProperty("least_p", std::to_string(least->second) + " " + least->first);
  }

  double rate_;
  std::vector<std::pair<std::string, double>> tests_;
};

}  // namespace esscher::law_tests
