#pragma once

/// \file
/// A NumPy array as a table of features, where it lies.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "esscher/io/feature_rows.h"

namespace esscher::python {

namespace nb = nanobind;

/// n x d numbers of any float32, float64 or whole type, rows and columns at any stride: C order,
/// Fortran order (as data frames have it) and slices alike are read without a copy.
class BufferRows final : public FeatureRows {
 public:
  using Array = nb::ndarray<nb::ro, nb::ndim<2>, nb::device::cpu>;

  /// \param name  what messages call it \throws nb::type_error for another type of numbers
  explicit BufferRows(Array array, std::string name = "X");
  std::uint64_t rows() const override { return array_.shape(0); }
  std::size_t columns() const override { return array_.shape(1); }
  /// \throws DataError for NaN and infinity, with row (from 0) and column
  void gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const override;

 private:
  template <class T>
  void gather_as(std::span<const std::uint64_t> rows, MatrixView<double> out) const;

  Array array_;  // keeps the buffer alive
  std::string name_;
};

}  // namespace esscher::python
