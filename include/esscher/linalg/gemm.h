#pragma once

/// \file
/// Matrix products. Each call runs on the calling thread alone: parallelism belongs to the chunks
/// around it, so that results do not depend on the number of threads.

#include <span>

#include "esscher/base/matrix.h"

namespace esscher {

enum class Operand { plain, transposed };

/// C <- A B + keep C in single precision (keep 0: C is not read), with A and B transposed as told.
/// oneDNN's kernels for the instruction set at hand: some 160 GFLOP/s on one AVX-512 core.
/// \throws InternalError where shapes do not fit
void gemm(Operand a_as, MatrixView<const float> a, Operand b_as, MatrixView<const float> b,
          float keep, MatrixView<float> c);

/// The same in double precision, by a kernel of our own (Highway), about half that rate.
void gemm(Operand a_as, MatrixView<const double> a, Operand b_as, MatrixView<const double> b,
          double keep, MatrixView<double> c);

/// G <- G + sum_i w_i x_i x_i', the lower triangle with the diagonal; the upper is left alone.
/// rows is n x p, weights n, gram p x p. An empty \p weights counts as ones. Half the work of a
/// product. \throws InternalError where shapes do not fit
void add_weighted_gram(MatrixView<const double> rows, std::span<const double> weights,
                       MatrixView<double> gram);

/// Rows [first, first + count) of the same lower triangle alone, so that threads can share one G.
/// Cost: n multiply-adds for each of their entries; all strips together take half a product's.
/// \throws InternalError where shapes do not fit, or the strip reaches beyond row p
void add_weighted_gram_strip(MatrixView<const double> rows, std::span<const double> weights,
                             std::size_t first, std::size_t count, MatrixView<double> gram);

/// The same of rows in single precision, in half of the time: products and sums of 256 rows are in
/// single precision, too, and sums of these in double. An entry is off by at most 1.6e-5 of
/// sum_k |w_k x_ki x_kj|, by some 1e-7 as a rule, as long as products are normal numbers of single
/// precision. Weights must not be negative; below 1e-30 they count as 0.
void add_weighted_gram_strip(MatrixView<const float> rows, std::span<const double> weights,
                             std::size_t first, std::size_t count, MatrixView<double> gram);

/// Copies the lower triangle to the upper one.
void symmetrise_from_lower(MatrixView<double> square);

}  // namespace esscher
