#include "record/held_out_json.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace esscher::internal {
namespace {

constexpr std::size_t kMostPoints = 1500;

}  // namespace

Json held_out_json(const HeldOutRewards& rewards, bool grouped) {
  const std::size_t n = rewards.observed.size();
  if (n == 0) return {};
  double mean = 0;
  for (const double y : rewards.observed) mean += y / static_cast<double>(n);
  double left = 0;
  double all = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double error = rewards.observed[i] - rewards.predicted[i];
    left += error * error;
    all += (rewards.observed[i] - mean) * (rewards.observed[i] - mean);
  }
  const std::size_t count = std::min(n, kMostPoints);
  std::vector<double> predicted;
  std::vector<double> observed;
  for (std::size_t i = 0; i < count; ++i) {
    predicted.push_back(rewards.predicted[i * n / count]);
    observed.push_back(rewards.observed[i * n / count]);
  }
  return {{"of", n},
          {"r2", all > 0 ? Json(1 - left / all) : Json()},
          {"within_groups", grouped},
          {"predicted", predicted},
          {"observed", observed}};
}

Json replicates_json(const std::optional<Replicates>& replicates) {
  if (!replicates) return {};
  return {{"rows", replicates->rows},         {"designs", replicates->designs},
          {"most", replicates->most},         {"most_row", replicates->most_row},
          {"noise_sd", replicates->noise_sd}, {"reliability", replicates->reliability}};
}

}  // namespace esscher::internal
