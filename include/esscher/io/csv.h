#pragma once

/// \file
/// Tables as text: fields parted by a mark, in rows parted by lines.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/io/table_reader.h"

namespace esscher {

namespace internal {
class BlockInput;
}

/// Reads a table whose first row names its columns. Fields may be quoted; inside quotes a doubled
/// quote stands for one, and delimiters and line breaks are text. Lines end in LF or CRLF, the last
/// one may lack its end; empty lines are passed over. UTF-8, with or without a byte order mark, or
/// UTF-16 with one; without one only if all that is seen first is Latin 1.
///
/// What parts fields (a comma, tab, semicolon or bar), the decimal mark, marks between thousands
/// and lines of comments before the names are found in the first 1000 rows, as far as the format
/// leaves them open; remark() says what was found. Whatever else differs from RFC 4180 is refused,
/// with the row and the column: a guess would shift a column in silence. For that reason "1,234",
/// which may be either, is no number until --decimal says so or another number does.
///
/// Blocks of 1 MiB are read at a time and one row is held, so that a file may have any size. A
/// field holds at most 16 MiB, a header at most a million columns. Movable, not copyable; one
/// thread.
class CsvReader final : public TableReader {
 public:
  /// Opens the file and reads its header. A table without rows is fine.
  /// \throws IoError where the file cannot be read; UsageError for a format that is none; DataError
  ///         where the file is empty, a column has no name or another one's, or as next()
  explicit CsvReader(const std::string& path, const TableFormat& format = {});
  /// The same for what has been opened. \param name  for messages
  CsvReader(internal::BlockInput input, const std::string& name, const TableFormat& format);
  /// The same for bytes in memory, which must outlive the reader.
  static CsvReader over(std::string_view bytes, const std::string& name,
                        const TableFormat& format = {});

  CsvReader(CsvReader&&) noexcept;
  CsvReader& operator=(CsvReader&&) noexcept;
  ~CsvReader() override;

  /// An empty line is an empty field where there is one column.
  /// \throws DataError naming file, row and what is wrong: too few or many fields, an unclosed
  ///         quote, text behind a closing one, a quote inside plain text, a lone carriage return, a
  ///         NUL, bytes that are not UTF-8, a field beyond 16 MiB; IoError where reading fails
  bool next(std::vector<std::string_view>& fields) override;
  std::uint64_t row() const override;

 private:
  class Text;
  void read_header();
  void refuse_numbers() const;

  std::unique_ptr<Text> text_;
};

}  // namespace esscher
