#pragma once

/// \file
/// What the noise of labels does to a policy's figures where a table is all there is.

#include <span>
#include <vector>

#include "policy/table_cells.h"

namespace esscher::internal {

/// Standard errors of means of y whose noises are independent of one another and of the policy,
/// with each row's part in them, in the cells' order.
struct LabelErrors {
  double value = 0;  ///< of the policy
  double rise = 0;   ///< over the reference
  double reference = 0;
  std::vector<double> value_influence;
  std::vector<double> rise_influence;
};

/// \param weights  the policy's, in the cells' order, of sum 1 in all
/// \param noise    of each row of the table the standard deviation of that in its y
LabelErrors label_errors(const TableCells& cells, std::span<const double> weights,
                         std::span<const double> noise);

/// \throws UsageError unless empty, or one finite value a row that is not negative
void require_label_noise(std::span<const double> noise, const TableCells& cells);

}  // namespace esscher::internal
