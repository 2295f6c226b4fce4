#pragma once

#include "esscher/base/matrix.h"

namespace esscher::internal {

/// out = block table' for a table of few rows (block n x m, table q x m, out n x q): products that
/// a blocked kernel would spend on packing. Sums over m run in a fixed order for one instruction
/// set.
void contract_rows(MatrixView<const double> block, MatrixView<const double> table,
                   MatrixView<double> out);

}  // namespace esscher::internal
