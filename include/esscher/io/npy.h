#pragma once

/// \file
/// NumPy's array files (.npy, formats 1.0 to 3.0:
/// numpy.org/doc/stable/reference/generated/numpy.lib.format.html).

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "esscher/base/matrix.h"
#include "esscher/io/atomic_file.h"
#include "esscher/io/mapped_array.h"

namespace esscher {

/// Maps an array of floats, whole numbers or booleans with one or two dimensions, in C or Fortran
/// order and either byte order. Costs nothing but the header; elements are read when gathered.
/// \throws IoError where the file cannot be read; DataError with the path for anything malformed, a
///         truncated file (says how many bytes are missing), and for elements that are no numbers
///         (text, records, Python objects), by name
MappedArray map_npy(const std::string& path);

/// Writes an n x d array of float64, C order, little-endian; it appears only when it is whole.
/// \param field  what messages call the path
/// \throws IoError where writing fails; InternalError for no columns, which readers refuse.
void write_npy(const std::string& path, MatrixView<const double> values,
               std::string_view field = "-o");

/// The same file, written piece by piece.
class NpyWriter {
 public:
  /// \param rows     that will be appended
  /// \param columns  0 for a 1-D array
  /// \throws IoError where a file cannot be made there
  NpyWriter(const std::string& path, std::uint64_t rows, std::size_t columns,
            std::string_view field = "-o");
  /// Further rows. \throws InternalError where they are not `columns` wide or too many, IoError
  void append(MatrixView<const double> rows);
  /// Further numbers, row by row; parts of rows are fine. \throws InternalError, IoError
  void append(std::span<const double> values);
  /// Gives the file its name. Call once, last. \throws InternalError where rows are missing,
  /// IoError
  void commit();

 private:
  AtomicFile file_;
  std::size_t columns_;
  std::uint64_t missing_;  ///< numbers still to come
};

}  // namespace esscher
