#include "refinement/direction_kernel.h"

#include <cstddef>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "refinement/direction_kernel.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h; compiles the rest of this file repeatedly
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace esscher::internal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// sums[h] = sum_j x_j table(first + h, j) for Rows rows of the table.
template <std::size_t Rows>
void contract_few(const double* HWY_RESTRICT x, MatrixView<const double> table, std::size_t first,
                  double* HWY_RESTRICT sums) {
  const hn::ScalableTag<double> d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t size = table.columns;
  const double* HWY_RESTRICT row[Rows];
  for (std::size_t h = 0; h < Rows; ++h) row[h] = table.data + (first + h) * table.stride;
  // Named sums, since vectors of unknown size make no arrays.
  auto s0 = hn::Zero(d);
  [[maybe_unused]] auto s1 = hn::Zero(d);
  [[maybe_unused]] auto s2 = hn::Zero(d);
  [[maybe_unused]] auto s3 = hn::Zero(d);
  std::size_t j = 0;
  for (; j + lanes <= size; j += lanes) {
    const auto value = hn::LoadU(d, x + j);
    s0 = hn::MulAdd(value, hn::LoadU(d, row[0] + j), s0);
    if constexpr (Rows > 1) s1 = hn::MulAdd(value, hn::LoadU(d, row[1] + j), s1);
    if constexpr (Rows > 2) s2 = hn::MulAdd(value, hn::LoadU(d, row[2] + j), s2);
    if constexpr (Rows > 3) s3 = hn::MulAdd(value, hn::LoadU(d, row[3] + j), s3);
  }
  sums[0] = hn::GetLane(hn::SumOfLanes(d, s0));
  if constexpr (Rows > 1) sums[1] = hn::GetLane(hn::SumOfLanes(d, s1));
  if constexpr (Rows > 2) sums[2] = hn::GetLane(hn::SumOfLanes(d, s2));
  if constexpr (Rows > 3) sums[3] = hn::GetLane(hn::SumOfLanes(d, s3));
  for (; j < size; ++j) {
    for (std::size_t h = 0; h < Rows; ++h) sums[h] += x[j] * row[h][j];
  }
}

void contract_kernel(MatrixView<const double> block, MatrixView<const double> table,
                     MatrixView<double> out) {
  for (std::size_t i = 0; i < block.rows; ++i) {
    const double* const x = block.data + i * block.stride;
    double* const sums = out.data + i * out.stride;
    std::size_t h = 0;
    for (; h + 4 <= table.rows; h += 4) contract_few<4>(x, table, h, sums + h);
    switch (table.rows - h) {
      case 3:
        contract_few<3>(x, table, h, sums + h);
        break;
      case 2:
        contract_few<2>(x, table, h, sums + h);
        break;
      case 1:
        contract_few<1>(x, table, h, sums + h);
        break;
      default:
        break;
    }
  }
}

}  // namespace esscher::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace esscher::internal {

HWY_EXPORT(contract_kernel);

void contract_rows(MatrixView<const double> block, MatrixView<const double> table,
                   MatrixView<double> out) {
  HWY_DYNAMIC_DISPATCH(contract_kernel)(block, table, out);
}

}  // namespace esscher::internal

#endif  // HWY_ONCE
