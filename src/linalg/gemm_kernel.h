#pragma once

// Products into double precision: packed panels and a register tile, after Goto and van de Geijn
// ("Anatomy of high-performance matrix multiplication", ACM TOMS 34, 2008).

#include <cstddef>
#include <span>

#include "esscher/base/matrix.h"
#include "esscher/linalg/gemm.h"

namespace esscher::internal {

/// Which entries of C are wanted.
enum class Region {
  all,
  lower,  ///< on and below the diagonal; the others are left alone
};

/// Element (i, k) of A or (k, i) of B is data[i * along_outer + k * along_inner].
template <class T>
struct Source {
  const T* data;
  std::size_t along_outer;
  std::size_t along_inner;
};

/// C <- C + A diag(weights) B, an empty \p weights standing for ones. Shapes must fit.
/// An entry's bits depend on its row of A, its column of B and the weights only: not on where it
/// lies in C, nor on the shape of C.
void multiply_add(Operand a_as, MatrixView<const double> a, Operand b_as,
                  MatrixView<const double> b, std::span<const double> weights, Region region,
                  MatrixView<double> c);

/// The same of factors in single precision: so are products of theirs and sums of up to 256 of them
/// (the depth of a panel), which are added up in double precision. Weights below kLeastSingleWeight
/// count as 0: the products would be no normal numbers.
void multiply_add(Operand a_as, MatrixView<const float> a, Operand b_as, MatrixView<const float> b,
                  std::span<const double> weights, Region region, MatrixView<double> c);

inline constexpr double kLeastSingleWeight = 1e-30;

}  // namespace esscher::internal
