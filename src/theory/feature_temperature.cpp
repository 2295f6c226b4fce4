#include "esscher/theory/feature_temperature.h"

#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/gaussian/expansion.h"
#include "esscher/theory/finiteness.h"
#include "tilted_mean.h"

namespace esscher {
namespace {

/// Formulas are examined for breaks this far out (model/link.h).
constexpr double kExamined = 40;

/// C_k of one transform along log s, normalised as in TransformSignal::scaled.
struct GridPoint {
  double log_s;
  double value;
  double error;
  double efficiency;  ///< 0 where the second moment is infinite
};

class Search {
 public:
  Search(const SingleIndexModel& model, int order, double lambda_squared)
      : model_(model), order_(order), lambda_squared_(lambda_squared) {}

  GridPoint point(const TiltedSignal& signal, LabelTransform transform) const {
    const auto k = static_cast<std::size_t>(order_);
    const TransformSignal& of = signal[transform];
    // A signal that is lost in rounding has no efficiency either.
    const bool seen = !of.signal_to_noise.empty() && std::abs(of.scaled[k]) > 1000 * of.errors[k];
    const double rho = seen ? of.signal_to_noise[k] : 0;
    return {std::log(signal.inverse_temperature), of.scaled[k], of.errors[k],
            rho * rho / lambda_squared_};
  }

  GridPoint at(double log_s, LabelTransform transform) const {
    return point(tilted_signal(model_, std::exp(log_s), order_), transform);
  }

  std::vector<DeadTemperature> zeros(const std::vector<GridPoint>& grid,
                                     LabelTransform transform) const;
  void best(const std::vector<GridPoint>& grid, FeatureTemperature& result) const;

 private:
  /// Empty where the signal jumps across zero.
  std::optional<DeadTemperature> crossing(double from, double to, LabelTransform transform) const;

  const SingleIndexModel& model_;
  int order_;
  double lambda_squared_;
};

/// Sign of a value that is known to lie clear of its error; 0 where it does not.
int sure_sign(const GridPoint& point) {
  if (std::abs(point.value) <= 10 * point.error) return 0;
  return point.value > 0 ? 1 : -1;
}

std::optional<DeadTemperature> Search::crossing(double from, double to,
                                                LabelTransform transform) const {
  std::uintmax_t iterations = 100;
  const auto [a, b] = boost::math::tools::toms748_solve(
      [&](double log_s) { return at(log_s, transform).value; }, from, to,
      boost::math::tools::eps_tolerance<double>(46), iterations);
  const double root = a + (b - a) / 2;
  const GridPoint found = at(root, transform);
  // A change of sign that is not a zero is a jump: of the integral, not of the signal.
  const double size =
      std::max(std::abs(at(from, transform).value), std::abs(at(to, transform).value));
  if (std::abs(found.value) > 1e-6 * size + 10 * found.error) return std::nullopt;
  return DeadTemperature{std::exp(-root), found.value, false};
}

std::vector<DeadTemperature> Search::zeros(const std::vector<GridPoint>& grid,
                                           LabelTransform transform) const {
  std::vector<DeadTemperature> found;
  const auto add = [&](const std::optional<DeadTemperature>& zero) {
    if (zero) found.push_back(*zero);
  };
  const GridPoint* last_sure = nullptr;
  for (const GridPoint& point : grid) {
    const int sign = sure_sign(point);
    if (sign == 0) continue;
    if (last_sure != nullptr && sure_sign(*last_sure) != sign) {
      add(crossing(last_sure->log_s, point.log_s, transform));
    }
    last_sure = &point;
  }
  // A dip towards zero between neighbours of one sign may hide two crossings, or touch.
  for (std::size_t i = 1; i + 1 < grid.size(); ++i) {
    const int sign = sure_sign(grid[i]);
    if (sign == 0 || sure_sign(grid[i - 1]) != sign || sure_sign(grid[i + 1]) != sign) continue;
    if (sign * grid[i].value > sign * grid[i - 1].value ||
        sign * grid[i].value > sign * grid[i + 1].value) {
      continue;
    }
    // A plateau, as every bounded reward has at strong tilts, dips by its rounding only.
    const double depth =
        std::max(sign * grid[i - 1].value, sign * grid[i + 1].value) - sign * grid[i].value;
    if (depth <= 10 * grid[i].error) continue;
    const double dip = boost::math::tools::brent_find_minima(
                           [&](double log_s) { return sign * at(log_s, transform).value; },
                           grid[i - 1].log_s, grid[i + 1].log_s, 40)
                           .first;
    const GridPoint bottom = at(dip, transform);
    if (sure_sign(bottom) == -sign) {
      add(crossing(grid[i - 1].log_s, dip, transform));
      add(crossing(dip, grid[i + 1].log_s, transform));
    } else if (sure_sign(bottom) == 0) {
      found.push_back({std::exp(-dip), bottom.value, true});
    }
  }
  std::sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.beta > b.beta; });
  return found;
}

void Search::best(const std::vector<GridPoint>& grid, FeatureTemperature& result) const {
  const auto highest = std::max_element(
      grid.begin(), grid.end(), [](auto& a, auto& b) { return a.efficiency < b.efficiency; });
  const auto left = highest == grid.begin() ? highest : highest - 1;
  const auto right = highest + 1 == grid.end() ? highest : highest + 1;
  const auto [log_s, negative] = boost::math::tools::brent_find_minima(
      [&](double x) { return -at(x, result.transform).efficiency; }, left->log_s, right->log_s, 30);
  result.best_beta = std::exp(-log_s);
  result.best_efficiency = -negative;
  result.best_at_search_end = highest + 1 == grid.end() || highest == grid.begin();
  // No weighting at all is the limit s -> 0.
  const TransformSignal unweighted = tilted_signal(model_, 0, order_)[result.transform];
  const double rho = unweighted.signal_to_noise[static_cast<std::size_t>(order_)];
  if (rho * rho / lambda_squared_ >= result.best_efficiency) {
    result.best_beta.reset();
    result.best_efficiency = rho * rho / lambda_squared_;
    result.best_at_search_end = false;
  }
}

/// A scale for s: the deviation, or a tenth of the range where rare high rewards make that small.
double reward_size(const Link& link) {
  const HermiteExpansion moments =
      hermite_expansion([&](double z) { return link(z); }, link.landmarks(), 0);
  const double mean = moments.coefficients[0];
  const double variance =
      gaussian_expectation([&](double z) { return std::pow(link(z) - mean, 2); }, link.landmarks(),
                           internal::about_mean(mean, moments.second_moment, 0))
          .value;
  double low = mean;
  double high = mean;
  for (double z = -8; z <= 8; z += 1.0 / 16) {
    low = std::min(low, link(z));
    high = std::max(high, link(z));
  }
  return std::max(std::sqrt(variance), (high - low) / 10);
}

}  // namespace

std::array<FeatureTemperature, 3> feature_temperatures(const SingleIndexModel& model, int order,
                                                       double lambda_squared,
                                                       const FeatureTemperatureOptions& options) {
  if (order < 1) throw UsageError(rejection("order", order, "must be 1 or more"));
  if (!(lambda_squared > 0)) {
    throw UsageError(rejection("lambda_squared", lambda_squared, "must be positive"));
  }
  if (!(options.reach > 1) || options.grid < 8) {
    throw UsageError(rejection("grid", options.grid, "at least 8 points and a reach above 1"));
  }
  const Link& link = model.link;
  const Finiteness finiteness = tilt_finiteness(link);
  if (!(finiteness.limit > 0)) {
    throw UsageError(rejection("link", link.name(), finiteness.sentence));
  }
  const double size = reward_size(link);
  if (!(size > 0)) {
    throw UsageError(rejection("link", link.name(), "is constant: it has no signal"));
  }
  // A per cent short of the limit, where the integrals still converge with ease.
  const double last = std::min(std::log(options.reach / size), std::log(0.99 * finiteness.limit));
  const double first =
      std::min(std::log(1 / (options.reach * size)), last - std::log(options.reach));
  const double step = 2 * std::log(options.reach) / (options.grid - 1);

  const Search search(model, order, lambda_squared);
  std::array<std::vector<GridPoint>, 3> grids;
  double searched_last = first;
  for (double log_s = first; log_s <= last; log_s += step) {
    const TiltedSignal signal = tilted_signal(model, std::exp(log_s), order);
    // Still stronger tilts ask what the link does where nothing was ever sampled, or found out.
    if (signal.lower < -kExamined || signal.upper > kExamined) break;
    searched_last = log_s;
    for (const LabelTransform transform : kLabelTransforms) {
      grids[static_cast<std::size_t>(transform)].push_back(search.point(signal, transform));
    }
  }
  if (grids[0].size() < 3) {
    throw UsageError(rejection("link", link.name(),
                               "has its tilted mass beyond |z| = " + number_text(kExamined) +
                                   " at every temperature that was tried"));
  }
  std::array<FeatureTemperature, 3> results;
  for (const LabelTransform transform : kLabelTransforms) {
    const auto i = static_cast<std::size_t>(transform);
    FeatureTemperature& result = results[i];
    result.transform = transform;
    result.order = order;
    result.searched_from = std::exp(-searched_last);
    result.searched_to = std::exp(-first);
    result.dead = search.zeros(grids[i], transform);
    if (!result.dead.empty()) result.threshold = result.dead.front().beta;
    search.best(grids[i], result);
  }
  return results;
}

}  // namespace esscher
