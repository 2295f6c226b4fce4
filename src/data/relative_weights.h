#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace esscher::internal {

/// e^{l_i} scaled to mean 1; ones where \p log_weights is empty. Logarithms far below the largest
/// give 0. O(count).
/// \throws DataError where a logarithm is NaN or +infinity (with its 1-based number), or none is
///         finite; InternalError unless there are \p count or none
std::vector<double> relative_weights(std::span<const double> log_weights, std::size_t count);

}  // namespace esscher::internal
