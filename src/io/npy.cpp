#include "esscher/io/npy.h"

#include <bit>
#include <memory>

#include "esscher/base/error.h"
#include "io/mapped_file.h"
#include "io/npy_header.h"

namespace esscher {

static_assert(std::endian::native == std::endian::little, "doubles are written as they lie");

MappedArray map_npy(const std::string& path) {
  auto file = std::make_shared<const internal::MappedFile>(path);
  const std::size_t length = file->bytes().size();
  return internal::parse_npy(std::move(file), 0, length, path);
}

void write_npy(const std::string& path, MatrixView<const double> values, std::string_view field) {
  NpyWriter writer(path, values.rows, values.columns, field);
  if (values.columns == 0) throw InternalError("write_npy: no columns");
  writer.append(values);
  writer.commit();
}

NpyWriter::NpyWriter(const std::string& path, std::uint64_t rows, std::size_t columns,
                     std::string_view field)
    : file_(path, field), columns_(columns) {
  if (__builtin_mul_overflow(rows, std::uint64_t{columns == 0 ? 1 : columns}, &missing_)) {
    throw InternalError("NpyWriter: more numbers than can be counted");
  }
  std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (" +
                       std::to_string(rows) + "," +
                       (columns == 0 ? std::string() : " " + std::to_string(columns)) + "), }";
  // Magic, version and length take 10 bytes; the format wants the array to begin at a multiple
  // of 64.
  constexpr std::size_t kPreamble = 10;
  while ((kPreamble + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  const auto length = static_cast<std::uint16_t>(header.size());
  file_.write(std::string_view("\x93NUMPY\x01\x00", 8));
  file_.write(&length, sizeof length);
  file_.write(header);
}

void NpyWriter::append(MatrixView<const double> rows) {
  if (rows.columns != (columns_ == 0 ? 1 : columns_)) {
    throw InternalError("NpyWriter::append: " + std::to_string(rows.columns) + " columns");
  }
  if (rows.stride == rows.columns) {
    append(std::span(rows.data, rows.rows * rows.columns));
    return;
  }
  for (std::size_t i = 0; i < rows.rows; ++i) append(rows.row(i));
}

void NpyWriter::append(std::span<const double> values) {
  if (values.size() > missing_) throw InternalError("NpyWriter::append: too many numbers");
  file_.write(values.data(), values.size_bytes());
  missing_ -= values.size();
}

void NpyWriter::commit() {
  if (missing_ != 0) {
    throw InternalError("NpyWriter::commit: " + std::to_string(missing_) + " numbers are missing");
  }
  file_.commit();
}

}  // namespace esscher
