#pragma once

/// \file
/// Tables of named columns, read a row at a time, whatever file holds them.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/io/number_format.h"

namespace esscher {

/// How tables are written, as far as a user says so; what is left empty is found out. Messages name
/// a field as the program's option.
struct TableFormat {
  /// Between fields: comma, tab, semicolon, pipe or space, or the character itself.
  std::string delimiter = {};
  /// Before decimals: "." or ",". Once it is said, the other of the two may part thousands, in
  /// groups of three, as may spaces and apostrophes.
  std::string decimal = {};
  /// What stands for a missing number, beside the usual words (NA, null, -, ...).
  std::vector<std::string> missing = {};
  /// Bytes that a compressed file may unpack to; behind them it is refused. Nobody runs out of
  /// memory or time over a small file that was made to hold a petabyte of nothing.
  std::uint64_t unpack_limit = 2'000'000'000;
};

class TableReader {
 public:
  virtual ~TableReader() = default;

  /// The path, or what else messages call the table.
  const std::string& name() const { return name_; }
  /// At least one name; all differ.
  const std::vector<std::string>& columns() const { return columns_; }
  /// How numbers are written.
  const internal::NumberFormat& numbers() const { return numbers_; }
  /// How the table was read, where that is not the plain way, in a sentence that begins with its
  /// name; else empty.
  const std::string& remark() const { return remark_; }

  /// The next row, one field for each column, valid until the next call or the reader's end; false
  /// behind the last row. Do not call it again after it threw.
  /// \throws DataError naming file, row and what is wrong; IoError where reading fails
  virtual bool next(std::vector<std::string_view>& fields) = 0;
  /// The number of the row that next() gave last, from 1.
  virtual std::uint64_t row() const = 0;

  /// \p field of \p column as a finite number; NaN stands for a missing value.
  /// \throws DataError with file, row and column for text, an infinity, a number beyond the
  /// greatest
  ///         double, and a mark that may or may not part thousands
  double number(std::string_view field, std::size_t column) const;
  /// \throws DataError "FILE: row 17, column y: <what>" for the row that next() gave last.
  [[noreturn]] void refuse(std::size_t column, std::string_view what) const;

 protected:
  TableReader() = default;
  TableReader(TableReader&&) = default;
  TableReader& operator=(TableReader&&) = default;

  std::string name_;
  std::vector<std::string> columns_;
  internal::NumberFormat numbers_;
  std::string remark_;
};

/// The path by which standard input is read as a table.
inline constexpr const char* kStandardInput = "-";

/// What messages call the table of that path: "standard input", or the path.
std::string table_name(const std::string& path);

/// Opens a table of text; "-" is standard input. One whose name ends in .jsonl or .ndjson (and .gz
/// or .zst) or whose first character is that of a JSON object is read by JsonlReader, any other by
/// CsvReader; these say which tables they read. Files that gzip or zstd compressed, which their
/// first bytes tell, are unpacked as they are read; the reader throws DataError where they are
/// damaged or cut off. \throws UsageError for a format that is none, IoError where the file cannot
/// be read, DataError
///         where it is no table, with what to do about other kinds of files
std::unique_ptr<TableReader> open_table(const std::string& path, const TableFormat& format = {});

}  // namespace esscher
