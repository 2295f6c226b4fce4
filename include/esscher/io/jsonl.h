#pragma once

/// \file
/// Tables as JSON lines: an object a line, whose keys are the columns.

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

/// Reads a table of JSON objects, one a line. Numbers are read as they are written, texts may be
/// numbers as in any table, true and false are 1 and 0; null, a key that is not there, and NaN,
/// which is not JSON but what Python writes, are missing. A list of numbers named "x" is as many
/// columns "x[0]", "x[1]", ..., and must have one length in all rows; any other list is a text, as
/// it stands. An object "a" within the object is columns "a.b" for its keys b. Keys may come in any
/// order. Empty lines are passed over. UTF-8, or UTF-16 as CsvReader reads it.
///
/// Columns are the keys of the first 1000 rows, or of the first 16 MiB where those are fewer: what
/// only comes later is refused. A row holds at most 16 MiB. What parts fields and decimals in a
/// format means nothing here.
class JsonlReader final : public TableReader {
 public:
  /// Reads the first rows. Use open_table() for files. \param name  for messages
  /// \throws IoError where reading fails; DataError where nothing is there, and as next()
  JsonlReader(internal::BlockInput input, const std::string& name, const TableFormat& format);
  /// The same for bytes in memory, which must outlive the reader.
  static JsonlReader over(std::string_view bytes, const std::string& name,
                          const TableFormat& format = {});

  JsonlReader(JsonlReader&&) noexcept;
  JsonlReader& operator=(JsonlReader&&) noexcept;
  ~JsonlReader() override;

  /// \throws DataError naming file, row and what is wrong: no JSON, no object, a key that is new or
  ///         there twice, a list of another length, a value of another kind than before
  bool next(std::vector<std::string_view>& fields) override;
  std::uint64_t row() const override;

 private:
  class Rows;
  std::unique_ptr<Rows> rows_;
};

}  // namespace esscher
