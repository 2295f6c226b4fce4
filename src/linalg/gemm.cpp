#include "esscher/linalg/gemm.h"

#include <omp.h>
#include <oneapi/dnnl/dnnl.h>

#include <algorithm>
#include <string>

#include "esscher/base/error.h"
#include "linalg/gemm_kernel.h"

namespace esscher {
namespace {

std::string shape_text(std::size_t rows, std::size_t columns) {
  return std::to_string(rows) + " x " + std::to_string(columns);
}

/// A product's operands as they are multiplied.
struct Shape {
  std::size_t rows = 0;
  std::size_t inner = 0;
  std::size_t columns = 0;
};

template <class T>
Shape product_shape(Operand a_as, MatrixView<const T> a, Operand b_as, MatrixView<const T> b,
                    MatrixView<T> c) {
  const bool a_plain = a_as == Operand::plain;
  const bool b_plain = b_as == Operand::plain;
  const Shape shape{a_plain ? a.rows : a.columns, a_plain ? a.columns : a.rows,
                    b_plain ? b.columns : b.rows};
  const std::size_t b_inner = b_plain ? b.rows : b.columns;
  if (b_inner != shape.inner || c.rows != shape.rows || c.columns != shape.columns) {
    throw InternalError("product of " + shape_text(shape.rows, shape.inner) + " and " +
                        shape_text(b_inner, shape.columns) + " into " +
                        shape_text(c.rows, c.columns));
  }
  return shape;
}

template <class T>
void require_gram(MatrixView<const T> rows, std::span<const double> weights,
                  MatrixView<double> gram) {
  if (gram.rows == rows.columns && gram.columns == rows.columns &&
      (weights.empty() || weights.size() == rows.rows)) {
    return;
  }
  throw InternalError("Gram matrix of " + shape_text(rows.rows, rows.columns) + " rows with " +
                      std::to_string(weights.size()) + " weights into " +
                      shape_text(gram.rows, gram.columns));
}

/// C <- keep C; keep 0 does not read C, so that NaN does not survive it.
template <class T>
void scale(MatrixView<T> c, T keep) {
  if (keep == 1) return;
  for (std::size_t i = 0; i < c.rows; ++i) {
    const std::span<T> row = c.row(i);
    if (keep == 0) {
      std::fill(row.begin(), row.end(), T{0});
    } else {
      for (T& value : row) value *= keep;
    }
  }
}

template <class T>
void add_strip(MatrixView<const T> rows, std::span<const double> weights, std::size_t first,
               std::size_t count, MatrixView<double> gram) {
  require_gram(rows, weights, gram);
  if (first > gram.rows || count > gram.rows - first) {
    throw InternalError("strip of " + std::to_string(count) + " rows from " +
                        std::to_string(first) + " of a Gram matrix of " +
                        shape_text(gram.rows, gram.columns));
  }
  const MatrixView<const T> own{rows.data + first, rows.rows, count, rows.stride};
  const MatrixView<const T> before{rows.data, rows.rows, first, rows.stride};
  double* const strip = gram.data + first * gram.stride;
  internal::multiply_add(Operand::transposed, own, Operand::plain, before, weights,
                         internal::Region::all, {strip, count, first, gram.stride});
  internal::multiply_add(Operand::transposed, own, Operand::plain, own, weights,
                         internal::Region::lower, {strip + first, count, count, gram.stride});
}

/// oneDNN asks OpenMP how many threads it may take: one, for as long as this lives. The setting is
/// the calling thread's own.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) {
    if (before_ != 1) omp_set_num_threads(1);
  }
  ~OneThread() {
    if (before_ != 1) omp_set_num_threads(before_);
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace

void gemm(Operand a_as, MatrixView<const float> a, Operand b_as, MatrixView<const float> b,
          float keep, MatrixView<float> c) {
  const Shape shape = product_shape(a_as, a, b_as, b, c);
  if (shape.rows == 0 || shape.columns == 0) return;
  if (shape.inner == 0) return scale(c, keep);
  const OneThread one_thread;
  const auto size = [](std::size_t n) { return static_cast<dnnl_dim_t>(n); };
  const auto letter = [](Operand as) { return as == Operand::plain ? 'N' : 'T'; };
  const dnnl_status_t status = dnnl_sgemm(
      letter(a_as), letter(b_as), size(shape.rows), size(shape.columns), size(shape.inner), 1.0F,
      a.data, size(a.stride), b.data, size(b.stride), keep, c.data, size(c.stride));
  if (status != dnnl_success) {
    throw InternalError("oneDNN refuses a product of " + shape_text(shape.rows, shape.inner) +
                        " and " + shape_text(shape.inner, shape.columns) + ": status " +
                        std::to_string(static_cast<int>(status)));
  }
}

void gemm(Operand a_as, MatrixView<const double> a, Operand b_as, MatrixView<const double> b,
          double keep, MatrixView<double> c) {
  product_shape(a_as, a, b_as, b, c);
  scale(c, keep);
  internal::multiply_add(a_as, a, b_as, b, {}, internal::Region::all, c);
}

void add_weighted_gram(MatrixView<const double> rows, std::span<const double> weights,
                       MatrixView<double> gram) {
  require_gram(rows, weights, gram);
  internal::multiply_add(Operand::transposed, rows, Operand::plain, rows, weights,
                         internal::Region::lower, gram);
}

void add_weighted_gram_strip(MatrixView<const double> rows, std::span<const double> weights,
                             std::size_t first, std::size_t count, MatrixView<double> gram) {
  add_strip(rows, weights, first, count, gram);
}

void add_weighted_gram_strip(MatrixView<const float> rows, std::span<const double> weights,
                             std::size_t first, std::size_t count, MatrixView<double> gram) {
  add_strip(rows, weights, first, count, gram);
}

void symmetrise_from_lower(MatrixView<double> square) {
  if (square.rows != square.columns) {
    throw InternalError("cannot symmetrise " + shape_text(square.rows, square.columns));
  }
  for (std::size_t i = 0; i < square.rows; ++i) {
    for (std::size_t j = 0; j < i; ++j) square(j, i) = square(i, j);
  }
}

}  // namespace esscher
