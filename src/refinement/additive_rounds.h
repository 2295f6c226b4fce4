#pragma once

#include <vector>

#include "esscher/refinement/metric_rounds.h"

namespace esscher::internal {

/// Metrics by rounds of sums of functions of one column each (refinement/additive_kernel.h), at
/// first of equal weights; the weights of the next round are the variances of this one's functions.
/// Among many columns of which few count it finds those long before gradient products do, which
/// their noise in all the others drowns. As long as rows left out are predicted better.
/// \return diagonal ones, of each fold and, where \p all_rows, of all rows; empty where a first
///         round tells nothing, or where cancelled
/// Cost: a round takes two or three Cholesky factors a fold, and n^2 k multiplications. Memory:
/// some 3 n k doubles for each of K folds and all rows, and 4 n k for each thread.
std::vector<KernelMetric> additive_metrics(const MetricSample& sample,
                                           const MetricRoundsOptions& options, bool all_rows);

}  // namespace esscher::internal
