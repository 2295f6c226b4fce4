#pragma once

/// \file
/// Arrays of numbers that stay in the file they came in, whatever their element type.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/io/feature_rows.h"

namespace esscher {

enum class ElementType { f16, bf16, f32, f64, i8, i16, i32, i64, u8, u16, u32, u64, boolean };

/// NumPy's name: "float32", "bfloat16", "bool".
std::string_view name_of(ElementType type);

/// Bytes that one element takes.
std::size_t bytes_of(ElementType type);

/// How an array lies in its bytes.
struct ArrayLayout {
  ElementType type = ElementType::f64;
  std::vector<std::uint64_t> shape;  ///< n, n x d, or p x c x d
  bool fortran_order = false;        ///< the first index varies fastest instead of the last
  bool big_endian = false;
};

namespace internal {
class ByteStore;
}

/// n x d numbers in a file mapped read-only, or in a buffer. A 1-D array counts as n x 1, and one
/// of p x c x d as p c rows, those of the first index together: element (i, j, k) is column k of
/// row i c + j. Copies share the bytes. Elements become doubles when they are gathered: floats
/// exactly, NaN and infinity included (callers decide about those), booleans as 0 and 1, whole
/// numbers where their size is at most 2^53.
///
/// Only the pages in use are held: of a file larger than 256 MiB, those that were read are handed
/// back after every 128 MiB or so. A file that somebody shortens while it is mapped ends the
/// program with SIGBUS, as every mapped file does: replace files by renaming new ones onto them.
class MappedArray final : public FeatureRows {
 public:
  /// The array in bytes held in memory. \param name  what messages call it
  /// \throws DataError where the shape is none of n, n x d and p x c x d (c, d >= 1), or does not
  ///         fill the bytes: says how many are missing or too many
  static MappedArray from_bytes(std::string name, ArrayLayout layout, std::vector<std::byte> bytes);

  /// The same for \p length bytes from \p offset on of \p store.
  MappedArray(std::string name, ArrayLayout layout,
              std::shared_ptr<const internal::ByteStore> store, std::size_t offset,
              std::size_t length);

  std::uint64_t rows() const override { return rows_; }
  std::size_t columns() const override { return columns_; }
  /// What the file says: {n}, {n, d} or {p, c, d}.
  const std::vector<std::uint64_t>& shape() const { return layout_.shape; }
  ElementType type() const { return layout_.type; }
  std::string_view type_name() const { return name_of(layout_.type); }
  /// The file, and the array in it: "x.npy", "x.npz[embeddings]".
  const std::string& name() const { return name_; }

  /// Unlike other FeatureRows, gives NaN and infinity where they are kept. Runs of ascending rows
  /// without gaps go at the speed of memory; in Fortran order, wide gathers are slower.
  /// \throws DataError for a whole number beyond 2^53, with its row (from 1) and column (x0,
  /// x1...);
  ///         InternalError where a row is not there or out has another shape
  void gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const override;

  /// The shape as NumPy writes it: "(500, 8, 64)".
  std::string shape_text() const;

  /// All n numbers of an array of one column.
  /// \throws DataError for other shapes, and as gather()
  std::vector<double> values() const;

 private:
  void gather_c_order(std::span<const std::uint64_t> rows, MatrixView<double> out) const;
  void gather_fortran_order(std::span<const std::uint64_t> rows, MatrixView<double> out) const;
  void convert(std::uint64_t first, std::size_t count, double* to) const;
  std::uint64_t place_in_column(std::uint64_t row) const;
  [[noreturn]] void refuse_element(std::uint64_t index) const;

  std::string name_;
  ArrayLayout layout_;
  std::uint64_t rows_ = 0;
  std::size_t columns_ = 1;
  std::shared_ptr<const internal::ByteStore> store_;
  std::size_t offset_ = 0;           ///< of the first element in store_
  const std::byte* data_ = nullptr;  ///< the same as an address
};

}  // namespace esscher
