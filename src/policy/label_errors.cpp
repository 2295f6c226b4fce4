#include "policy/label_errors.h"

#include <cmath>
#include <cstddef>
#include <string>

#include "esscher/base/error.h"

namespace esscher::internal {

LabelErrors label_errors(const TableCells& cells, std::span<const double> weights,
                         std::span<const double> noise) {
  LabelErrors errors;
  errors.value_influence.resize(weights.size());
  errors.rise_influence.resize(weights.size());
  for (std::size_t c = 0; c < cells.cells(); ++c) {
    for (std::size_t j = cells.begin[c]; j < cells.begin[c + 1]; ++j) {
      const double sd = noise[cells.order[j]];
      const double prior = cells.share[c] * cells.prior[j];
      errors.value_influence[j] = weights[j] * sd;
      errors.rise_influence[j] = (weights[j] - prior) * sd;
      errors.value += errors.value_influence[j] * errors.value_influence[j];
      errors.rise += errors.rise_influence[j] * errors.rise_influence[j];
      errors.reference += prior * sd * prior * sd;
    }
  }
  for (double* error : {&errors.value, &errors.rise, &errors.reference}) *error = std::sqrt(*error);
  return errors;
}

void require_label_noise(std::span<const double> noise, const TableCells& cells) {
  if (noise.empty()) return;
  if (noise.size() != cells.order.size()) {
    throw UsageError(rejection("label noise", std::to_string(noise.size()) + " values",
                               "there are " + std::to_string(cells.order.size()) + " rows"));
  }
  for (const double sd : noise) {
    if (!(sd >= 0 && std::isfinite(sd))) {
      throw UsageError(rejection("label noise", sd, "must be finite and not negative"));
    }
  }
}

}  // namespace esscher::internal
