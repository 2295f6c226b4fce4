#pragma once

#include <cstdint>
#include <span>

#include "esscher/features/weighted_label.h"

namespace esscher::internal {

/// y_i <- T(y_i), for samples that are to be summed in single precision.
/// \param first  number of the first sample, for the message
/// \throws DataError unless all are finite and at most 1e30 in size
void weigh_labels(const WeightedLabel& label, std::uint64_t first, std::span<double> y);

}  // namespace esscher::internal
