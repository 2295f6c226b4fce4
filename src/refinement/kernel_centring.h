#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "esscher/base/matrix.h"

namespace esscher::internal {

/// The kernel of functions about their mean over each group: K less the means of its columns over
/// each group, less those of its rows, plus those over both. A group without weight keeps its
/// level.
///
/// \param k        n x n, symmetric
/// \param groups   every row in one of them, by their numbers
/// \param weights  n, not negative
/// \param out      n x n: on and below the diagonal alone
/// Cost: a few passes over K. Memory: (n + G) G doubles for G groups.
void centre_kernel(MatrixView<const double> k, std::span<const std::vector<std::size_t>> groups,
                   std::span<const double> weights, MatrixView<double> out);

}  // namespace esscher::internal
