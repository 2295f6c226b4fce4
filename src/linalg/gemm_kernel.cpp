#include "linalg/gemm_kernel.h"

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <cstddef>
#include <new>

// The register tile is an array of vectors, which needs a size that the compiler knows.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "linalg/gemm_kernel.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h; compiles the rest of this file repeatedly
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace esscher::internal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Doubles = hn::ScalableTag<double>;
using Vector = hn::Vec<Doubles>;

// Rows and vectors of the register tile: as many accumulators as leave room for a row of B and an
// element of A in 32 registers or in 16.
constexpr std::size_t kTileRows = (HWY_MAX_BYTES >= 64 || HWY_ARCH_ARM) ? 8 : 4;
constexpr std::size_t kTileVectors = 3;
constexpr std::size_t kTileColumns = kTileVectors * hn::MaxLanes(Doubles());
// Depth of a panel: a tile's columns of B stay in the first-level cache. The block of A (rows x
// depth) stays in the second level, that of B in the third.
constexpr std::size_t kDepth = 256;
constexpr std::size_t kBlockRows = 96;
constexpr std::size_t kBlockColumns = 80 * kTileColumns;

constexpr std::size_t round_up(std::size_t n, std::size_t unit) {
  return (n + unit - 1) / unit * unit;
}

/// Entries [i0, i0 + count) x [k0, k0 + depth) as slices of \p Width entries of equal k, one panel
/// of slices after the other; what lies beyond count is 0.
template <std::size_t Width>
void pack(const Source& from, const double* weights, std::size_t i0, std::size_t count,
          std::size_t k0, std::size_t depth, double* HWY_RESTRICT to) {
  for (std::size_t i = 0; i < count; i += Width, to += Width * depth) {
    const std::size_t filled = std::min(Width, count - i);
    const double* first = from.data + (i0 + i) * from.along_outer + k0 * from.along_inner;
    if (filled < Width) std::fill_n(to, Width * depth, 0.0);
    if (from.along_outer == 1) {
      for (std::size_t k = 0; k < depth; ++k) {
        const double* slice = first + k * from.along_inner;
        const double weight = weights != nullptr ? weights[k0 + k] : 1;
        if (filled == Width) {
          for (std::size_t r = 0; r < Width; ++r) to[k * Width + r] = weight * slice[r];
        } else {
          for (std::size_t r = 0; r < filled; ++r) to[k * Width + r] = weight * slice[r];
        }
      }
    } else {
      for (std::size_t r = 0; r < filled; ++r) {
        const double* row = first + r * from.along_outer;
        for (std::size_t k = 0; k < depth; ++k) {
          const double weight = weights != nullptr ? weights[k0 + k] : 1;
          to[k * Width + r] = weight * row[k * from.along_inner];
        }
      }
    }
  }
}

/// c <- c + a b for one tile: a is depth slices of kTileRows, b depth slices of kTileColumns.
HWY_INLINE void multiply_tile(std::size_t depth, const double* HWY_RESTRICT a,
                              const double* HWY_RESTRICT b, double* HWY_RESTRICT c,
                              std::size_t stride) {
  const Doubles d;
  Vector sums[kTileRows][kTileVectors];
  for (auto& row : sums) {
    for (Vector& sum : row) sum = hn::Zero(d);
  }
  for (std::size_t k = 0; k < depth; ++k) {
    Vector row[kTileVectors];
    for (std::size_t v = 0; v < kTileVectors; ++v) row[v] = hn::Load(d, b + v * hn::Lanes(d));
    for (std::size_t r = 0; r < kTileRows; ++r) {
      const Vector element = hn::Set(d, a[r]);
      for (std::size_t v = 0; v < kTileVectors; ++v) {
        sums[r][v] = hn::MulAdd(element, row[v], sums[r][v]);
      }
    }
    a += kTileRows;
    b += kTileColumns;
  }
  for (std::size_t r = 0; r < kTileRows; ++r) {
    for (std::size_t v = 0; v < kTileVectors; ++v) {
      double* to = c + r * stride + v * hn::Lanes(d);
      hn::StoreU(hn::Add(hn::LoadU(d, to), sums[r][v]), d, to);
    }
  }
}

/// Tile (i, j) of C where it juts out of C or, wanting the lower triangle, crosses the diagonal.
void multiply_part_tile(std::size_t depth, const double* a, const double* b, std::size_t i,
                        std::size_t j, Region region, MatrixView<double> c) {
  HWY_ALIGN double tile[kTileRows * kTileColumns] = {};
  multiply_tile(depth, a, b, tile, kTileColumns);
  const std::size_t rows = std::min(kTileRows, c.rows - i);
  for (std::size_t r = 0; r < rows; ++r) {
    std::size_t end = std::min(j + kTileColumns, c.columns);
    if (region == Region::lower) end = std::min(end, i + r + 1);
    for (std::size_t s = j; s < end; ++s) c(i + r, s) += tile[r * kTileColumns + s - j];
  }
}

/// All tiles of one block of packed A (rows i0...) with one block of packed B (columns j0...).
void multiply_block(std::size_t depth, const double* a, std::size_t i0, std::size_t rows,
                    const double* b, std::size_t j0, std::size_t columns, Region region,
                    MatrixView<double> c) {
  for (std::size_t j = j0; j < j0 + columns; j += kTileColumns) {
    const double* b_panel = b + (j - j0) * depth;
    for (std::size_t i = i0; i < i0 + rows; i += kTileRows) {
      if (region == Region::lower && j > i + kTileRows - 1) continue;
      const double* a_panel = a + (i - i0) * depth;
      const bool inside = i + kTileRows <= c.rows && j + kTileColumns <= c.columns &&
                          (region == Region::all || j + kTileColumns <= i + 1);
      if (inside) {
        multiply_tile(depth, a_panel, b_panel, c.data + i * c.stride + j, c.stride);
      } else {
        multiply_part_tile(depth, a_panel, b_panel, i, j, region, c);
      }
    }
  }
}

/// Panels are packed into memory that a thread keeps: fresh pages would cost more than a small
/// product.
double* workspace(std::size_t size) {
  thread_local hwy::AlignedFreeUniquePtr<double[]> memory;
  thread_local std::size_t held = 0;
  if (size > held) {
    held = 0;
    memory = hwy::AllocateAligned<double>(size);
    if (!memory) throw std::bad_alloc();
    held = size;
  }
  return memory.get();
}

void multiply_add_kernel(const Source& a, const Source& b, std::size_t inner, const double* weights,
                         Region region, MatrixView<double> c) {
  const std::size_t deepest = std::min(kDepth, inner);
  const std::size_t a_size = std::min(kBlockRows, round_up(c.rows, kTileRows)) * deepest;
  const std::size_t b_size = std::min(kBlockColumns, round_up(c.columns, kTileColumns)) * deepest;
  // Panels begin at multiples of a vector.
  const std::size_t a_room = round_up(a_size, kTileColumns * 8);
  double* a_packed = workspace(a_room + b_size);
  double* b_packed = a_packed + a_room;
  for (std::size_t j0 = 0; j0 < c.columns; j0 += kBlockColumns) {
    const std::size_t columns = std::min(kBlockColumns, c.columns - j0);
    for (std::size_t k0 = 0; k0 < inner; k0 += kDepth) {
      const std::size_t depth = std::min(kDepth, inner - k0);
      pack<kTileColumns>(b, nullptr, j0, columns, k0, depth, b_packed);
      for (std::size_t i0 = 0; i0 < c.rows; i0 += kBlockRows) {
        const std::size_t rows = std::min(kBlockRows, c.rows - i0);
        if (region == Region::lower && j0 >= i0 + rows) continue;
        pack<kTileRows>(a, weights, i0, rows, k0, depth, a_packed);
        multiply_block(depth, a_packed, i0, rows, b_packed, j0, columns, region, c);
      }
    }
  }
}

}  // namespace esscher::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace esscher::internal {

HWY_EXPORT(multiply_add_kernel);

void multiply_add(Operand a_as, MatrixView<const double> a, Operand b_as,
                  MatrixView<const double> b, std::span<const double> weights, Region region,
                  MatrixView<double> c) {
  const std::size_t inner = a_as == Operand::plain ? a.columns : a.rows;
  if (c.rows == 0 || c.columns == 0 || inner == 0) return;
  const Source a_source =
      a_as == Operand::plain ? Source{a.data, a.stride, 1} : Source{a.data, 1, a.stride};
  const Source b_source =
      b_as == Operand::plain ? Source{b.data, 1, b.stride} : Source{b.data, b.stride, 1};
  HWY_DYNAMIC_DISPATCH(multiply_add_kernel)
  (a_source, b_source, inner, weights.empty() ? nullptr : weights.data(), region, c);
}

}  // namespace esscher::internal
#endif  // HWY_ONCE
