#include "pipeline/reference_draw.h"

#include <algorithm>
#include <cmath>

#include "esscher/policy/estimate.h"
#include "esscher/weights/log_weights.h"

namespace esscher::internal {
namespace {

/// Rows of one part under their prior weights.
struct DrawnPart {
  std::vector<double> scores{};
  std::vector<double> weights{};  ///< logarithms, then shares
  double mean = 0;
  double rows = 0;   ///< effective ones: 1 / sum w^2
  double steps = 0;  ///< sum w^2 (x - mean)^2: the square of the mean's error

  void settle() {
    normalise_log_weights(weights);
    double squares = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      weights[i] = std::exp(weights[i]);
      mean += weights[i] * scores[i];
      squares += weights[i] * weights[i];
    }
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const double step = weights[i] * (scores[i] - mean);
      steps += step * step;
    }
    rows = 1 / squares;
  }
};

}  // namespace

std::optional<UnlikeParts> unlike_parts(std::span<const double> scores,
                                        std::span<const double> gold,
                                        std::span<const double> log_weights, double level) {
  DrawnPart known;
  DrawnPart others;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (!log_weights.empty() && std::isinf(log_weights[i])) continue;  // pi_0 never takes it
    DrawnPart& part = std::isnan(gold[i]) ? others : known;
    part.scores.push_back(scores[i]);
    part.weights.push_back(log_weights.empty() ? 0 : log_weights[i]);
  }
  if (known.scores.empty() || others.scores.empty()) return std::nullopt;
  known.settle();
  others.settle();
  const double freedom = known.rows + others.rows - 2;
  if (!(freedom >= 1)) return std::nullopt;
  const double of_a_row =
      (known.steps * known.rows * known.rows + others.steps * others.rows * others.rows) / freedom;
  // Weights that go with the score make a mean err more than so many rows would.
  const auto variance = [&](const DrawnPart& part) {
    return std::max(part.steps, of_a_row / part.rows);
  };
  const Estimate apart{known.mean - others.mean, std::sqrt(variance(known) + variance(others)),
                       freedom};
  if (!(apart.standard_error > 0) || std::abs(apart.value) <= apart.half_width(level)) {
    return std::nullopt;
  }
  return UnlikeParts{known.mean, others.mean, std::abs(apart.value) / apart.standard_error};
}

}  // namespace esscher::internal
