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

template <class T>
using Vectors = hn::ScalableTag<T>;
template <class T>
using Vector = hn::Vec<Vectors<T>>;

// Rows and vectors of the register tile: as many accumulators as leave room for a row of B and an
// element of A in 32 registers or in 16.
constexpr std::size_t kTileRows = (HWY_MAX_BYTES >= 64 || HWY_ARCH_ARM) ? 8 : 4;
constexpr std::size_t kTileVectors = 3;
template <class T>
constexpr std::size_t kTileColumns = kTileVectors* hn::MaxLanes(Vectors<T>());
// Depth of a panel: a tile's columns of B stay in the first-level cache. The block of A (rows x
// depth) stays in the second level, that of B in the third.
constexpr std::size_t kDepth = 256;
constexpr std::size_t kBlockRows = 96;
template <class T>
constexpr std::size_t kBlockColumns = 80 * kTileColumns<T>;

constexpr std::size_t round_up(std::size_t n, std::size_t unit) {
  return (n + unit - 1) / unit * unit;
}

template <class T>
T weight_of(const double* weights, std::size_t k) {
  if (weights == nullptr) return 1;
  if (sizeof(T) == sizeof(float) && weights[k] < kLeastSingleWeight) return 0;
  return static_cast<T>(weights[k]);
}

/// Entries [i0, i0 + count) x [k0, k0 + depth) as slices of \p Width entries of equal k, one panel
/// of slices after the other; what lies beyond count is 0.
template <std::size_t Width, class T>
void pack(const Source<T>& from, const double* weights, std::size_t i0, std::size_t count,
          std::size_t k0, std::size_t depth, T* HWY_RESTRICT to) {
  for (std::size_t i = 0; i < count; i += Width, to += Width * depth) {
    const std::size_t filled = std::min(Width, count - i);
    const T* first = from.data + (i0 + i) * from.along_outer + k0 * from.along_inner;
    if (filled < Width) std::fill_n(to, Width * depth, T{0});
    if (from.along_outer == 1) {
      for (std::size_t k = 0; k < depth; ++k) {
        const T* slice = first + k * from.along_inner;
        const T weight = weight_of<T>(weights, k0 + k);
        if (filled == Width) {
          for (std::size_t r = 0; r < Width; ++r) to[k * Width + r] = weight * slice[r];
        } else {
          for (std::size_t r = 0; r < filled; ++r) to[k * Width + r] = weight * slice[r];
        }
      }
    } else {
      for (std::size_t r = 0; r < filled; ++r) {
        const T* row = first + r * from.along_outer;
        for (std::size_t k = 0; k < depth; ++k) {
          const T weight = weight_of<T>(weights, k0 + k);
          to[k * Width + r] = weight * row[k * from.along_inner];
        }
      }
    }
  }
}

HWY_INLINE void add_to(Vector<double> sum, double* HWY_RESTRICT c) {
  const Vectors<double> d;
  hn::StoreU(hn::Add(hn::LoadU(d, c), sum), d, c);
}

HWY_INLINE void add_to(Vector<float> sum, double* HWY_RESTRICT c) {
  const Vectors<float> d;
  HWY_ALIGN float lanes[hn::MaxLanes(d)];
  hn::Store(sum, d, lanes);
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) c[i] += static_cast<double>(lanes[i]);
}

/// c <- c + a b for one tile: a is depth slices of kTileRows, b depth slices of kTileColumns.
template <class T>
HWY_INLINE void multiply_tile(std::size_t depth, const T* HWY_RESTRICT a, const T* HWY_RESTRICT b,
                              double* HWY_RESTRICT c, std::size_t stride) {
  const Vectors<T> d;
  Vector<T> sums[kTileRows][kTileVectors];
  for (auto& row : sums) {
    for (Vector<T>& sum : row) sum = hn::Zero(d);
  }
  for (std::size_t k = 0; k < depth; ++k) {
    Vector<T> row[kTileVectors];
    for (std::size_t v = 0; v < kTileVectors; ++v) row[v] = hn::Load(d, b + v * hn::Lanes(d));
    for (std::size_t r = 0; r < kTileRows; ++r) {
      const Vector<T> element = hn::Set(d, a[r]);
      for (std::size_t v = 0; v < kTileVectors; ++v) {
        sums[r][v] = hn::MulAdd(element, row[v], sums[r][v]);
      }
    }
    a += kTileRows;
    b += kTileColumns<T>;
  }
  for (std::size_t r = 0; r < kTileRows; ++r) {
    for (std::size_t v = 0; v < kTileVectors; ++v) {
      add_to(sums[r][v], c + r * stride + v * hn::Lanes(d));
    }
  }
}

/// Tile (i, j) of C where it juts out of C or, wanting the lower triangle, crosses the diagonal.
template <class T>
void multiply_part_tile(std::size_t depth, const T* a, const T* b, std::size_t i, std::size_t j,
                        Region region, MatrixView<double> c) {
  constexpr std::size_t kWidth = kTileColumns<T>;
  HWY_ALIGN double tile[kTileRows * kWidth] = {};
  multiply_tile(depth, a, b, tile, kWidth);
  const std::size_t rows = std::min(kTileRows, c.rows - i);
  for (std::size_t r = 0; r < rows; ++r) {
    std::size_t end = std::min(j + kWidth, c.columns);
    if (region == Region::lower) end = std::min(end, i + r + 1);
    for (std::size_t s = j; s < end; ++s) c(i + r, s) += tile[r * kWidth + s - j];
  }
}

/// All tiles of one block of packed A (rows i0...) with one block of packed B (columns j0...).
template <class T>
void multiply_block(std::size_t depth, const T* a, std::size_t i0, std::size_t rows, const T* b,
                    std::size_t j0, std::size_t columns, Region region, MatrixView<double> c) {
  constexpr std::size_t kWidth = kTileColumns<T>;
  for (std::size_t j = j0; j < j0 + columns; j += kWidth) {
    const T* b_panel = b + (j - j0) * depth;
    for (std::size_t i = i0; i < i0 + rows; i += kTileRows) {
      if (region == Region::lower && j > i + kTileRows - 1) continue;
      const T* a_panel = a + (i - i0) * depth;
      const bool inside = i + kTileRows <= c.rows && j + kWidth <= c.columns &&
                          (region == Region::all || j + kWidth <= i + 1);
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
template <class T>
T* workspace(std::size_t size) {
  thread_local hwy::AlignedFreeUniquePtr<T[]> memory;
  thread_local std::size_t held = 0;
  if (size > held) {
    held = 0;
    memory = hwy::AllocateAligned<T>(size);
    if (!memory) throw std::bad_alloc();
    held = size;
  }
  return memory.get();
}

template <class T>
void multiply_add_any(const Source<T>& a, const Source<T>& b, std::size_t inner,
                      const double* weights, Region region, MatrixView<double> c) {
  constexpr std::size_t kWidth = kTileColumns<T>;
  const std::size_t deepest = std::min(kDepth, inner);
  const std::size_t a_size = std::min(kBlockRows, round_up(c.rows, kTileRows)) * deepest;
  const std::size_t b_size = std::min(kBlockColumns<T>, round_up(c.columns, kWidth)) * deepest;
  // Panels begin at multiples of a vector.
  const std::size_t a_room = round_up(a_size, kWidth * 8);
  T* a_packed = workspace<T>(a_room + b_size);
  T* b_packed = a_packed + a_room;
  for (std::size_t j0 = 0; j0 < c.columns; j0 += kBlockColumns<T>) {
    const std::size_t columns = std::min(kBlockColumns<T>, c.columns - j0);
    for (std::size_t k0 = 0; k0 < inner; k0 += kDepth) {
      const std::size_t depth = std::min(kDepth, inner - k0);
      pack<kWidth>(b, nullptr, j0, columns, k0, depth, b_packed);
      for (std::size_t i0 = 0; i0 < c.rows; i0 += kBlockRows) {
        const std::size_t rows = std::min(kBlockRows, c.rows - i0);
        if (region == Region::lower && j0 >= i0 + rows) continue;
        pack<kTileRows>(a, weights, i0, rows, k0, depth, a_packed);
        multiply_block(depth, a_packed, i0, rows, b_packed, j0, columns, region, c);
      }
    }
  }
}

void multiply_add_doubles(const Source<double>& a, const Source<double>& b, std::size_t inner,
                          const double* weights, Region region, MatrixView<double> c) {
  multiply_add_any(a, b, inner, weights, region, c);
}

void multiply_add_floats(const Source<float>& a, const Source<float>& b, std::size_t inner,
                         const double* weights, Region region, MatrixView<double> c) {
  multiply_add_any(a, b, inner, weights, region, c);
}

}  // namespace esscher::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace esscher::internal {
namespace {

/// Calls multiply(sources of A and of B, depth, weights) unless there is nothing to add.
template <class T, class Multiply>
void with_sources(Operand a_as, MatrixView<const T> a, Operand b_as, MatrixView<const T> b,
                  std::span<const double> weights, MatrixView<double> c, const Multiply& multiply) {
  const std::size_t inner = a_as == Operand::plain ? a.columns : a.rows;
  if (c.rows == 0 || c.columns == 0 || inner == 0) return;
  const Source<T> a_source =
      a_as == Operand::plain ? Source<T>{a.data, a.stride, 1} : Source<T>{a.data, 1, a.stride};
  const Source<T> b_source =
      b_as == Operand::plain ? Source<T>{b.data, 1, b.stride} : Source<T>{b.data, b.stride, 1};
  multiply(a_source, b_source, inner, weights.empty() ? nullptr : weights.data());
}

}  // namespace

HWY_EXPORT(multiply_add_doubles);
HWY_EXPORT(multiply_add_floats);

void multiply_add(Operand a_as, MatrixView<const double> a, Operand b_as,
                  MatrixView<const double> b, std::span<const double> weights, Region region,
                  MatrixView<double> c) {
  with_sources(a_as, a, b_as, b, weights, c,
               [&](const Source<double>& from_a, const Source<double>& from_b, std::size_t inner,
                   const double* given) {
                 HWY_DYNAMIC_DISPATCH(multiply_add_doubles)
                 (from_a, from_b, inner, given, region, c);
               });
}

void multiply_add(Operand a_as, MatrixView<const float> a, Operand b_as, MatrixView<const float> b,
                  std::span<const double> weights, Region region, MatrixView<double> c) {
  with_sources(a_as, a, b_as, b, weights, c,
               [&](const Source<float>& from_a, const Source<float>& from_b, std::size_t inner,
                   const double* given) {
                 HWY_DYNAMIC_DISPATCH(multiply_add_floats)(from_a, from_b, inner, given, region, c);
               });
}

}  // namespace esscher::internal
#endif  // HWY_ONCE
