#include "esscher/weights/pareto.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "esscher/base/error.h"
#include "esscher/linalg/log_sum_exp.h"
#include "esscher/weights/log_weights.h"
#include "weights/pareto_tail.h"

namespace esscher {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kLeastTail = 5;
/// Heaviest weights that lie within this of each other, relatively, count as equal: no estimate
/// feels what tells them apart, while the shape of their law may be anything.
constexpr double kFlat = 1e-6;

/// The law in units of the largest excess, by theta: the density is proportional to
/// (1 - theta x)^(-1/k - 1), so that the best k for a given theta is a mean, and sigma = -k /
/// theta.
class Profile {
 public:
  explicit Profile(std::span<const double> excesses) : excesses_(excesses) {}

  double shape(double theta) const {
    double sum = 0;
    for (const double x : excesses_) sum += std::log1p(-theta * (x / excesses_.back()));
    return sum / count();
  }
  double scale(double theta) const {
    if (theta != 0) return -shape(theta) / theta;
    // The exponential law: the limit.
    double sum = 0;
    for (const double x : excesses_) sum += x / excesses_.back();
    return sum / count();
  }
  double log_likelihood(double theta) const {
    return count() * (-std::log(scale(theta)) - shape(theta) - 1);
  }

 private:
  double count() const { return static_cast<double>(excesses_.size()); }
  std::span<const double> excesses_;
};

/// The grid over which Zhang and Stephens average: quantiles of a prior that the data's lower
/// quartile scales.
std::vector<double> theta_grid(std::span<const double> excesses) {
  constexpr double kPriorWidth = 3;
  // So small a quartile means a k of hundreds; a smaller one would overflow below.
  constexpr double kLeastQuartile = 1e-290;
  const auto n = static_cast<double>(excesses.size());
  const auto at = static_cast<std::size_t>(std::max(1.0, std::floor(n / 4 + 0.5))) - 1;
  const double quartile = std::max(excesses[at] / excesses.back(), kLeastQuartile);
  const auto points = 30 + static_cast<std::size_t>(std::sqrt(n));
  std::vector<double> grid(points);
  for (std::size_t i = 0; i < points; ++i) {
    const double fraction = (static_cast<double>(i) + 0.5) / static_cast<double>(points);
    grid[i] = 1 + (1 - std::sqrt(1 / fraction)) / (kPriorWidth * quartile);
  }
  return grid;
}

}  // namespace

ParetoFit fit_generalised_pareto(std::span<const double> excesses) {
  if (excesses.empty() || !(excesses.front() >= 0) || !(excesses.back() > 0) ||
      !std::isfinite(excesses.back()) || !std::is_sorted(excesses.begin(), excesses.end())) {
    throw UsageError(rejection("excesses", std::to_string(excesses.size()) + " values",
                               "must ascend from 0 or above to above 0"));
  }
  const Profile profile(excesses);
  const std::vector<double> grid = theta_grid(excesses);
  std::vector<double> weights(grid.size());
  std::transform(grid.begin(), grid.end(), weights.begin(),
                 [&](double theta) { return profile.log_likelihood(theta); });
  normalise_log_weights(weights);
  double total = 0;
  double theta = 0;
  for (std::size_t i = 0; i < grid.size(); ++i) {
    const double weight = std::exp(weights[i]);
    // Not worth their rounding errors.
    if (weight < 10 * std::numeric_limits<double>::epsilon()) continue;
    total += weight;
    theta += weight * grid[i];
  }
  theta /= total;
  constexpr double kPriorSamples = 10;
  constexpr double kPriorShape = 0.5;
  const auto n = static_cast<double>(excesses.size());
  return {(n * profile.shape(theta) + kPriorSamples * kPriorShape) / (n + kPriorSamples),
          profile.scale(theta) * excesses.back()};
}

SmoothedWeights pareto_smoothed(std::span<const double> log_weights) {
  const double largest = internal::largest_log_weight(log_weights);
  const internal::ParetoTail tail = internal::pareto_tail(log_weights, largest);
  SmoothedWeights result{{log_weights.begin(), log_weights.end()}, tail.fit.k};
  for (double& x : result.log_weights) x -= largest;
  if (std::isfinite(tail.fit.k)) {
    const auto [k, sigma] = tail.fit;
    result.tail = tail.samples.size();
    const double cutoff = std::exp(tail.cutoff);
    for (std::size_t i = 0; i < result.tail; ++i) {
      const double p = (static_cast<double>(i) + 0.5) / static_cast<double>(result.tail);
      const double survival = std::log1p(-p);
      const double quantile = sigma * (k == 0 ? -survival : std::expm1(-k * survival) / k);
      result.log_weights[tail.samples[i]] = std::min(0.0, std::log(quantile + cutoff));
    }
  }
  normalise_log_weights(result.log_weights);
  return result;
}

double pareto_k_threshold(std::size_t samples) {
  return std::min(1 - 1 / std::log10(static_cast<double>(samples)), 0.7);
}

namespace internal {

ParetoTail pareto_tail(std::span<const double> log_weights, double largest) {
  const auto n = static_cast<double>(log_weights.size());
  // Of few samples at least so many are looked at that a flat tail differs from one too short.
  const auto wanted = std::min(
      std::max(static_cast<std::size_t>(std::min(n / 5, 3 * std::sqrt(n))), kLeastTail - 1),
      log_weights.size() - 1);
  std::vector<double> heaviest(log_weights.begin(), log_weights.end());
  const auto last = heaviest.end() - static_cast<std::ptrdiff_t>(wanted) - 1;
  std::nth_element(heaviest.begin(), last, heaviest.end());
  // Below the smallest normal number nothing can be told apart.
  ParetoTail tail;
  tail.cutoff = std::max(*last - largest, std::log(std::numeric_limits<double>::min()));
  if (tail.cutoff > -kFlat) {
    tail.fit.k = -kInfinity;
    return tail;
  }
  for (std::size_t i = 0; i < log_weights.size(); ++i) {
    if (log_weights[i] - largest > tail.cutoff) tail.samples.push_back(i);
  }
  if (tail.samples.size() < kLeastTail) {
    tail.fit.k = tail.samples.empty() ? -kInfinity : kInfinity;
    return tail;
  }
  std::stable_sort(tail.samples.begin(), tail.samples.end(),
                   [&](std::size_t i, std::size_t j) { return log_weights[i] < log_weights[j]; });
  std::vector<double> excesses;
  excesses.reserve(tail.samples.size());
  for (const std::size_t i : tail.samples) {
    excesses.push_back(std::exp(tail.cutoff) * std::expm1(log_weights[i] - largest - tail.cutoff));
  }
  tail.fit = fit_generalised_pareto(excesses);
  return tail;
}

}  // namespace internal
}  // namespace esscher
