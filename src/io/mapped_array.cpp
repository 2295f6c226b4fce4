#include "esscher/io/mapped_array.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "esscher/base/error.h"
#include "io/byte_store.h"
#include "io/element_conversion.h"

namespace esscher {
namespace {

/// Number of rows from \p at on that follow each other without a gap.
std::size_t run_length(std::span<const std::uint64_t> rows, std::size_t at, std::size_t most) {
  std::size_t count = 1;
  while (count < most && at + count < rows.size() && rows[at + count] == rows[at] + count) ++count;
  return count;
}

}  // namespace

std::string_view name_of(ElementType type) {
  constexpr std::array<std::string_view, 13> kNames = {
      "float16", "bfloat16", "float32", "float64", "int8",   "int16", "int32",
      "int64",   "uint8",    "uint16",  "uint32",  "uint64", "bool"};
  return kNames[static_cast<std::size_t>(type)];
}

std::size_t bytes_of(ElementType type) {
  constexpr std::array<std::size_t, 13> kBytes = {2, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1};
  return kBytes[static_cast<std::size_t>(type)];
}

MappedArray MappedArray::from_bytes(std::string name, ArrayLayout layout,
                                    std::vector<std::byte> bytes) {
  const std::size_t length = bytes.size();
  return {std::move(name), std::move(layout),
          std::make_shared<const internal::HeldBytes>(std::move(bytes)), 0, length};
}

MappedArray::MappedArray(std::string name, ArrayLayout layout,
                         std::shared_ptr<const internal::ByteStore> store, std::size_t offset,
                         std::size_t length)
    : name_(std::move(name)),
      layout_(std::move(layout)),
      store_(std::move(store)),
      offset_(offset) {
  const std::size_t held = store_->bytes().size();
  if (offset > held || length > held - offset) {
    throw InternalError("MappedArray: " + name_ + ": bytes beyond the end of their store");
  }
  const auto& shape = layout_.shape;
  if (shape.empty() || shape.size() > 3) {
    throw DataError(name_ + ": has " + std::to_string(shape.size()) + " dimensions, shape " +
                    shape_text() + "; arrays of one to three can be read, reshape it first");
  }
  if (shape.size() > 1 && shape.back() == 0) {
    throw DataError(name_ + ": has no columns, shape " + shape_text() +
                    "; give an array with at least one");
  }
  if (shape.size() == 3 && shape[1] == 0) {
    throw DataError(name_ + ": has nothing along its second axis, shape " + shape_text() +
                    "; give an array with at least one candidate");
  }
  const std::uint64_t columns = shape.size() > 1 ? shape.back() : 1;
  std::uint64_t needed = 0;
  if (__builtin_mul_overflow(shape[0], shape.size() == 3 ? shape[1] : 1, &rows_) ||
      __builtin_mul_overflow(rows_, columns, &needed) ||
      __builtin_mul_overflow(needed, std::uint64_t{bytes_of(layout_.type)}, &needed)) {
    throw DataError(name_ + ": its shape " + shape_text() +
                    " asks for more bytes than can be counted; write the file again");
  }
  if (needed > length) {
    throw DataError(name_ + ": it is truncated: " + std::to_string(needed - length) +
                    " bytes are missing; write or copy the file again");
  }
  if (needed < length) {
    throw DataError(name_ + ": " + std::to_string(length - needed) +
                    " bytes follow behind the array; write or copy the file again");
  }
  columns_ = columns;
  // The two orders are one where one axis holds all.
  const auto longer = [](std::uint64_t extent) { return extent > 1; };
  if (std::ranges::count_if(shape, longer) <= 1) layout_.fortran_order = false;
  data_ = store_->bytes().data() + offset;
}

std::string MappedArray::shape_text() const {
  std::string text = "(";
  for (std::size_t i = 0; i < layout_.shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(layout_.shape[i]);
  }
  return text + (layout_.shape.size() == 1 ? ",)" : ")");
}

/// In Fortran order, where a row lies in each column: its first index varies fastest.
std::uint64_t MappedArray::place_in_column(std::uint64_t row) const {
  if (layout_.shape.size() < 3) return row;
  return row % layout_.shape[1] * layout_.shape[0] + row / layout_.shape[1];
}

void MappedArray::refuse_element(std::uint64_t index) const {
  std::uint64_t row = index / columns_;
  std::uint64_t column = index % columns_;
  if (layout_.fortran_order) {
    row = index % rows_;
    column = index / rows_;
    if (layout_.shape.size() == 3) {
      row = row % layout_.shape[0] * layout_.shape[1] + row / layout_.shape[0];
    }
  }
  throw DataError(name_ + ": row " + std::to_string(row + 1) + ", column x" +
                  std::to_string(column) + ": " +
                  internal::whole_number_text(layout_.type, layout_.big_endian,
                                              data_ + index * bytes_of(layout_.type)) +
                  " is beyond 2^53, where doubles skip whole numbers; "
                  "store the array as float64 if it may be rounded");
}

void MappedArray::convert(std::uint64_t first, std::size_t count, double* to) const {
  const auto convert_run = internal::element_conversion(layout_.type, layout_.big_endian);
  const std::uint64_t bytes = bytes_of(layout_.type);
  const std::size_t converted = convert_run(data_ + first * bytes, count, to);
  if (converted != count) refuse_element(first + converted);
  store_->touched(offset_ + first * bytes, count * bytes);
}

void MappedArray::gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const {
  if (out.rows != rows.size() || out.columns != columns_) {
    throw InternalError("MappedArray::gather: " + name_ + ": out is not " +
                        std::to_string(rows.size()) + " x " + std::to_string(columns_));
  }
  for (const std::uint64_t row : rows) {
    if (row >= this->rows()) {
      throw InternalError("MappedArray::gather: " + name_ + ": there is no row " +
                          std::to_string(row) + " of " + std::to_string(this->rows()));
    }
  }
  layout_.fortran_order ? gather_fortran_order(rows, out) : gather_c_order(rows, out);
}

void MappedArray::gather_c_order(std::span<const std::uint64_t> rows,
                                 MatrixView<double> out) const {
  // One loop takes several rows where they lie together on both sides. Long runs go in pieces, for
  // pages to be given back in between.
  constexpr std::size_t kPiece = std::size_t{1} << 20;  // elements
  const std::size_t most =
      out.stride == columns_ ? std::max<std::size_t>(1, kPiece / columns_) : std::size_t{1};
  for (std::size_t i = 0; i < rows.size();) {
    const std::size_t run = run_length(rows, i, most);
    convert(rows[i] * columns_, run * columns_, out.row(i).data());
    i += run;
  }
}

void MappedArray::gather_fortran_order(std::span<const std::uint64_t> rows,
                                       MatrixView<double> out) const {
  // Tiles: what is read in columns is written in rows, from a buffer that stays in the cache.
  constexpr std::size_t kTileRows = 256;
  constexpr std::size_t kTileColumns = 16;
  constexpr std::size_t kTileStride = kTileRows + 8;  // not a power of two, which caches dislike
  std::vector<double> tile(kTileStride * kTileColumns);
  std::vector<std::uint64_t> places(kTileRows);
  for (std::size_t i0 = 0; i0 < rows.size(); i0 += kTileRows) {
    const std::size_t height = std::min(kTileRows, rows.size() - i0);
    for (std::size_t i = 0; i < height; ++i) places[i] = place_in_column(rows[i0 + i]);
    const bool one_run = run_length(places, 0, height) == height;
    for (std::size_t j0 = 0; j0 < columns_; j0 += kTileColumns) {
      const std::size_t width = std::min(kTileColumns, columns_ - j0);
      for (std::size_t j = 0; j < width; ++j) {
        for (std::size_t i = 0; i < height;) {
          const std::size_t run = one_run ? height : run_length(places, i, height - i);
          const std::uint64_t first = (j0 + j) * rows_ + places[i];
          convert(first, run, tile.data() + j * kTileStride + i);
          i += run;
        }
      }
      for (std::size_t i = 0; i < height; ++i) {
        double* row = out.row(i0 + i).data() + j0;
        for (std::size_t j = 0; j < width; ++j) row[j] = tile[j * kTileStride + i];
      }
    }
  }
}

std::vector<double> MappedArray::values() const {
  if (columns_ != 1) {
    throw DataError(name_ + ": has shape " + shape_text() +
                    " where one column of numbers is wanted; store that column alone");
  }
  std::vector<double> values(rows_);
  if (layout_.fortran_order) {
    std::vector<std::uint64_t> all(values.size());
    std::iota(all.begin(), all.end(), std::uint64_t{0});
    gather_fortran_order(all, {values.data(), values.size(), 1, 1});
    return values;
  }
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  for (std::size_t begin = 0; begin < values.size(); begin += kPiece) {
    const std::size_t count = std::min(kPiece, values.size() - begin);
    convert(begin, count, values.data() + begin);
  }
  return values;
}

}  // namespace esscher
