#pragma once

/// \file
/// Tables as text: comma-separated values after RFC 4180, read strictly and a row at a time.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace esscher {

/// Reads a table whose first row names its columns. Fields may be quoted; inside quotes a doubled
/// quote stands for one, and delimiters and line breaks are text. Lines end in LF or CRLF, the last
/// one may lack its end. UTF-8, with or without a byte order mark. Whatever else differs from RFC
/// 4180 is refused, with the row and the column: a guess would shift a column in silence.
///
/// Blocks of 1 MiB are read at a time and one row is held, so that a file may have any size. A
/// field holds at most 16 MiB, a header at most a million columns. Movable, not copyable; one
/// thread.
class CsvReader {
 public:
  /// Opens the file and reads its header. Fields are divided by tabs where the path ends in ".tsv",
  /// else by commas. A table without rows is fine.
  /// \throws IoError where the file cannot be read; DataError where it is empty, a column has no
  ///         name or another one's, or as next()
  explicit CsvReader(const std::string& path);
  /// The same for bytes in memory, which must outlive the reader. \param name  for messages
  static CsvReader over(std::string_view bytes, const std::string& name, char delimiter = ',');

  CsvReader(CsvReader&&) noexcept;
  CsvReader& operator=(CsvReader&&) noexcept;
  ~CsvReader();

  /// The path, or the name given.
  const std::string& name() const;
  /// The header: at least one name; all differ.
  const std::vector<std::string>& columns() const;

  /// The next row, one field for each column, valid until the next call or the reader's end; false
  /// behind the last row. An empty line is an empty field where there is one column.
  /// \throws DataError naming file, row and what is wrong: too few or many fields, an unclosed
  /// quote,
  ///         text behind a closing one, a quote inside plain text, a lone carriage return, a NUL,
  ///         bytes that are not UTF-8, a field beyond 16 MiB; IoError where reading fails. Do not
  ///         call it again after that.
  bool next(std::vector<std::string_view>& fields);
  /// The number of the row that next() gave last, from 1; the header is not counted.
  std::uint64_t row() const;

  /// \throws DataError "FILE: row 17, column y: <what>" for the row that next() gave last.
  [[noreturn]] void refuse(std::size_t column, std::string_view what) const;

 private:
  class Text;
  explicit CsvReader(std::unique_ptr<Text> text);
  void read_header();

  std::unique_ptr<Text> text_;
  std::vector<std::string> columns_;
};

/// A field as a finite number in any spelling of C ("1", "+.5", "-1e-3"), spaces around it ignored.
/// Numbers below the least double are 0. NaN stands for a missing value: an empty field, "NA" or
/// "nan" in capitals or not.
/// \throws DataError with file, row and column for an infinity, a number beyond the greatest double
///         and text
double parse_csv_number(std::string_view field, const CsvReader& reader, std::size_t column);

namespace internal {

enum class CsvNumber { number, missing, infinite, too_large, text };

/// What parse_csv_number() finds, without a verdict; \p value is set for `number` and `infinite`.
CsvNumber read_csv_number(std::string_view field, double& value);

}  // namespace internal
}  // namespace esscher
