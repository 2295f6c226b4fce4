#include "esscher/temperature/weight_temperature.h"

#include <cmath>
#include <limits>
#include <optional>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "temperature/held_out_objective.h"

namespace esscher {
namespace {

/// Two temperatures that differ by less are one: products of grids meet only to rounding.
constexpr double kSame = 1e-9;

void require_candidates(std::span<const WeightCandidate> candidates, std::size_t rows) {
  const auto refuse = [](const std::string& value, const char* constraint) {
    throw UsageError(rejection("candidates", value, constraint));
  };
  if (candidates.empty() || std::isfinite(candidates.back().weight_temperature)) {
    refuse(std::to_string(candidates.size()) + " of them", "must end with equal weights");
  }
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i > 0 && !(candidates[i - 1].weight_temperature < candidates[i].weight_temperature)) {
      refuse(number_text(candidates[i].weight_temperature), "must ascend in weight temperature");
    }
    if (candidates[i].held_out.size() != rows) {
      refuse(std::to_string(candidates[i].held_out.size()) + " held-out predictions",
             "there must be one a row");
    }
  }
}

double paired_standard_error(const internal::HeldOutObjective& a,
                             const internal::HeldOutObjective& b) {
  double squares = 0;
  for (std::size_t i = 0; i < a.influence.size(); ++i) {
    const double difference = a.influence[i] - b.influence[i];
    squares += difference * difference;
  }
  return std::sqrt(squares) / static_cast<double>(a.influence.size());
}

std::string weights_text(double temperature) {
  return std::isfinite(temperature) ? "weights at temperature " + number_text(temperature, 4)
                                    : "equal weights";
}

}  // namespace

std::vector<double> weight_temperature_grid(double beta) {
  require_temperature(beta, "beta");
  std::vector<double> grid;
  for (const double factor : {1.0, 1.5, 2.0, 3.0, 4.0, 8.0, 16.0}) grid.push_back(factor * beta);
  grid.push_back(std::numeric_limits<double>::infinity());
  return grid;
}

WeightTemperatureChoice choose_weight_temperature(double beta,
                                                  std::span<const WeightCandidate> candidates,
                                                  const HeldOutRows& rows,
                                                  const WeightTemperatureOptions& options) {
  require_temperature(beta, "beta");
  require_candidates(candidates, rows.rewards.size());
  const double least_ess = options.least_ess_ratio * static_cast<double>(options.parameters);

  WeightTemperatureChoice choice;
  choice.objectives.resize(candidates.size());
  std::vector<internal::HeldOutObjective> objectives(candidates.size());
  std::optional<std::size_t> start;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i].weight_temperature < beta * (1 - kSame)) continue;
    objectives[i] = internal::held_out_objective(candidates[i].held_out, rows, beta);
    choice.objectives[i] = objectives[i].value;
    const bool last = i + 1 == candidates.size();
    if (!start && (candidates[i].ess >= least_ess || last)) start = i;
  }
  choice.candidate = *start;
  choice.reason =
      weights_text(candidates[*start].weight_temperature) + ": " +
      (std::isfinite(candidates[*start].weight_temperature)
           ? "the lowest that leaves an effective sample of " +
                 number_text(candidates[*start].ess, 3) + " for "
           : "no lower temperature leaves as many effective samples as the readout's ") +
      std::to_string(options.parameters) + " effective parameters";

  while (true) {
    const std::size_t current = choice.candidate;
    std::size_t best = current;
    for (std::size_t i = current + 1; i < candidates.size(); ++i) {
      const double lead = objectives[i].value - objectives[current].value;
      const double error = paired_standard_error(objectives[i], objectives[current]);
      if (lead > options.standard_errors * error && objectives[i].value > objectives[best].value) {
        best = i;
      }
    }
    if (best == current) break;
    choice.candidate = best;
    choice.reason = weights_text(candidates[best].weight_temperature) +
                    ": out of sample they serve better than " +
                    weights_text(candidates[*start].weight_temperature) +
                    ", the hardest that the sample can bear";
  }
  return choice;
}

}  // namespace esscher
