#pragma once

/// Tests of goodness of fit with a stated rate of false alarms.

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

namespace esscher::statistics {

/// Deviations beyond which a normal variable lies with probability 1e-6, both sides together.
inline constexpr double kOneInAMillion = 4.8916;

inline double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

/// sup |F_n - F|.
template <class T, class Cdf>
double kolmogorov_smirnov(std::vector<T> sample, Cdf cdf) {
  std::sort(sample.begin(), sample.end());
  const auto n = static_cast<double>(sample.size());
  double worst = 0;
  for (std::size_t j = 0; j < sample.size(); ++j) {
    const double f = cdf(static_cast<double>(sample[j]));
    const auto rank = static_cast<double>(j);
    worst = std::max({worst, f - rank / n, (rank + 1) / n - f});
  }
  return worst;
}

/// Exceeded with probability below 1e-6 (Dvoretzky-Kiefer-Wolfowitz: 2 exp(-2 n D^2)).
inline double kolmogorov_smirnov_limit(std::size_t size) {
  return std::sqrt(std::log(2e6) / (2 * static_cast<double>(size)));
}

/// Whether a Poisson variable of this mean is so small, or so large, with probability at least
/// rate / 2.
inline bool is_plausible_poisson(double count, double mean, double rate) {
  const double at_most = boost::math::gamma_q(count + 1, mean);
  const double at_least = count > 0 ? boost::math::gamma_p(count, mean) : 1.0;
  return at_most >= rate / 2 && at_least >= rate / 2;
}

}  // namespace esscher::statistics
