#pragma once

#include <span>

#include "esscher/features/weighted_label.h"

namespace esscher::internal {

/// Fills in centre and scale of a weighted label from a sample, so that E T^2 = 1 under \p shares:
/// what standardised_label() does where the law is known.
/// \param label   weighting, temperature and clips given
/// \param labels  n, not all equal
/// \param shares  n, of sum 1
void standardise_on_sample(std::span<const double> labels, std::span<const double> shares,
                           WeightedLabel& label);

}  // namespace esscher::internal
