#include "pipeline/dominant_reward.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>

#include "esscher/base/number_text.h"
#include "esscher/weights/log_weights.h"
#include "pipeline/training_labels.h"

namespace esscher::internal {
namespace {

// Of fewer one may well be most of the variance.
constexpr double kFewRows = 20;
// Of a group's mass, beside one row.
constexpr double kLeastRest = 1e-9;

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace

void add_dominant_reward(const RewardTable& table, std::span<const std::uint64_t> rows,
                         std::vector<std::string>& remarks) {
  const TrainingLabels labels(table, rows);
  const std::span<const double> values = labels.values();  // of variance 1
  const std::span<const std::uint32_t> groups = labels.groups();
  std::vector<double> share = labels.even_log_weights();
  normalise_log_weights(share);
  std::vector<double> mass(groups.empty() ? 1 : std::size_t{std::ranges::max(groups)} + 1);
  double squares = 0;
  for (std::size_t i = 0; i < share.size(); ++i) {
    share[i] = std::exp(share[i]);
    squares += share[i] * share[i];
    mass[groups.empty() ? 0 : groups[i]] += share[i];
  }
  if (!(1 / squares >= kFewRows)) return;
  std::optional<std::size_t> found;
  double centre = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (share[i] == 0) continue;
    const double left = 1 - share[i] / mass[groups.empty() ? 0 : groups[i]];
    if (!(left > kLeastRest)) continue;  // alone in its group it deviates by rounding
    if (!(share[i] * values[i] * values[i] > left / 2)) continue;
    if (!found) {
      std::vector<double> rewards;
      for (const std::uint64_t row : rows) rewards.push_back(table.rewards[row]);
      centre = median(std::move(rewards));
    }
    const auto distance = [&](std::size_t at) {
      return std::abs(table.rewards[rows[at]] - centre);
    };
    if (!found || distance(i) > distance(*found)) found = i;
  }
  if (!found) return;
  const std::uint64_t row = rows[*found];
  remarks.push_back(
      "The reward of row " + std::to_string(table.number_of(row)) + ", " +
      number_text(table.rewards[row]) + ", is most of the variance of all of them" +
      (groups.empty() ? "" : " within their groups") +
      ": their standard deviation, and temperatures in it, are that row's. If it is an error, mend "
      "it or drop the row; if not, state temperatures in the unit of the reward.");
}

}  // namespace esscher::internal
