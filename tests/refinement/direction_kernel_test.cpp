#include "refinement/direction_kernel.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "esscher/base/random.h"

namespace esscher {
namespace {

// Sums of 37 terms of size 1 or so, in another order: 37 roundings of half a unit each, and as many
// of the reference.
TEST(DirectionKernel, ContractsForAnyNumberOfRowsAndColumns) {
  for (const std::size_t columns : {1, 7, 8, 37}) {
    for (std::size_t q = 1; q <= 9; ++q) {
      Matrix<double> block(3, columns);
      Matrix<double> table(q, columns);
      RandomStream(1, "block", columns).fill_normal(0, block.values());
      RandomStream(1, "table", q).fill_normal(0, table.values());
      Matrix<double> out(3, q);
      internal::contract_rows(block.view(), table.view(), out.view());
      for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t h = 0; h < q; ++h) {
          double sum = 0;
          double sizes = 0;
          for (std::size_t j = 0; j < columns; ++j) {
            sum += block(i, j) * table(h, j);
            sizes += std::abs(block(i, j) * table(h, j));
          }
          EXPECT_NEAR(out(i, h), sum, 37 * 2.3e-16 * sizes) << columns << " " << q;
        }
      }
    }
  }
}

}  // namespace
}  // namespace esscher
