#include "temperature/held_out_objective.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace esscher::internal {
namespace {

/// The rows of one softmax: a group, or a fold where there are no groups.
struct Cell {
  double log_reference = -std::numeric_limits<double>::infinity();  ///< largest log pi_0
  double top = -std::numeric_limits<double>::infinity();            ///< largest log tilted weight
  double reference = 0;                                             ///< sum of pi_0, scaled
  double total = 0;                                                 ///< sum of tilted weights
  double rewards = 0;                                               ///< their mean of y
  double predictions = 0;                                           ///< and of r
};

}  // namespace

HeldOutObjective held_out_objective(std::span<const double> predictions, const HeldOutRows& rows,
                                    double beta) {
  const std::size_t n = predictions.size();
  const bool grouped = !rows.groups.empty();
  const std::span<const std::uint32_t> cell_of = grouped ? rows.groups : rows.folds;
  const auto prior = [&](std::size_t i) {
    return rows.log_weights.empty() ? 0.0 : rows.log_weights[i];
  };
  std::vector<Cell> cells(n == 0 ? 0 : std::ranges::max(cell_of) + 1);
  for (std::size_t i = 0; i < n; ++i) {
    Cell& cell = cells[cell_of[i]];
    cell.log_reference = std::max(cell.log_reference, prior(i));
    cell.top = std::max(cell.top, prior(i) + predictions[i] / beta);
  }
  std::vector<double> tilted(n);
  for (std::size_t i = 0; i < n; ++i) {
    Cell& cell = cells[cell_of[i]];
    if (!std::isfinite(cell.log_reference)) continue;
    cell.reference += std::exp(prior(i) - cell.log_reference);
    tilted[i] = std::exp(prior(i) + predictions[i] / beta - cell.top);
    cell.total += tilted[i];
    cell.rewards += tilted[i] * rows.rewards[i];
    cell.predictions += tilted[i] * predictions[i];
  }
  HeldOutObjective result;
  std::vector<double> objective(cells.size());
  std::vector<double> shares(cells.size());
  double heaviest = -std::numeric_limits<double>::infinity();
  for (const Cell& cell : cells) heaviest = std::max(heaviest, cell.log_reference);
  double present = 0;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    Cell& cell = cells[c];
    if (!std::isfinite(cell.log_reference)) continue;  // no rows, or none of any weight
    cell.rewards /= cell.total;
    cell.predictions /= cell.total;
    const double log_partition =
        cell.top + std::log(cell.total) - cell.log_reference - std::log(cell.reference);
    // beta KL = E r - beta log Z.
    objective[c] = cell.rewards - cell.predictions + beta * log_partition;
    // Folds count by their mass under pi_0, groups equally, as in policy/table_policy.h.
    shares[c] = grouped ? 1 : cell.reference * std::exp(cell.log_reference - heaviest);
    result.value += shares[c] * objective[c];
    present += shares[c];
  }
  result.value /= present;
  if (grouped) {
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (shares[c] > 0) result.influence.push_back(objective[c] - result.value);
    }
    return result;
  }
  result.influence.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    const Cell& cell = cells[cell_of[i]];
    const double share = shares[cell_of[i]];
    if (!(share > 0)) continue;
    const double scale = share / present * static_cast<double>(n);
    const double w = tilted[i] * scale / cell.total;
    const double p = std::exp(prior(i) - cell.log_reference) * scale / cell.reference;
    result.influence[i] = w * (rows.rewards[i] - cell.rewards) -
                          w * (predictions[i] - cell.predictions) + beta * (w - p);
  }
  return result;
}

}  // namespace esscher::internal
