#include "pipeline/held_out_spread.h"

#include <algorithm>
#include <cstddef>
#include <set>

#include "esscher/weights/log_weights.h"

namespace esscher::internal {

double draws(std::span<const std::uint32_t> together, std::size_t rows,
             std::span<const double> log_weights) {
  if (!together.empty()) {
    return static_cast<double>(std::set<std::uint32_t>(together.begin(), together.end()).size());
  }
  return log_weights.empty() ? static_cast<double>(rows) : diagnose_weights(log_weights).ess;
}

bool surely_positive(double correlation, double draws) {
  constexpr double kErrors = 3;
  return std::atanh(std::min(correlation, 1.0)) * std::sqrt(std::max(0.0, draws - 3)) > kErrors;
}

Spread spread(std::span<const double> r, std::span<const double> y,
              std::span<const std::uint32_t> cells, std::vector<double> log_weights) {
  log_weights.resize(r.size());
  normalise_log_weights(log_weights);
  const std::size_t count = std::size_t{std::ranges::max(cells)} + 1;
  // From a cell's first row on, so that a constant has no rounding error.
  std::vector<std::size_t> first(count);
  for (std::size_t i = r.size(); i-- > 0;) first[cells[i]] = i;
  std::vector<double> mass(count);
  std::vector<double> r_mean(count);
  std::vector<double> y_mean(count);
  for (std::size_t i = 0; i < r.size(); ++i) {
    const std::size_t c = cells[i];
    const double w = std::exp(log_weights[i]);
    mass[c] += w;
    r_mean[c] += w * (r[i] - r[first[c]]);
    y_mean[c] += w * (y[i] - y[first[c]]);
  }
  Spread result;
  for (std::size_t i = 0; i < r.size(); ++i) {
    const std::size_t c = cells[i];
    const double w = std::exp(log_weights[i]);
    if (!(w > 0)) continue;
    const double a = (r[i] - r[first[c]]) - r_mean[c] / mass[c];
    const double b = (y[i] - y[first[c]]) - y_mean[c] / mass[c];
    result.rr += w * a * a;
    result.yy += w * b * b;
    result.ry += w * a * b;
  }
  return result;
}

}  // namespace esscher::internal
