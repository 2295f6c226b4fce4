#pragma once

/// \file
/// Text tables whose rows lie beside each other.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/io/table_reader.h"

namespace esscher::internal {

/// A column of one of the tables.
struct TableColumn {
  std::size_t table = 0;
  std::size_t column = 0;
};

/// Reads up to two tables in step.
class DatasetTables {
 public:
  /// \throws as open_table()
  void open(const std::string& path, const TableFormat& format);

  bool empty() const { return tables_.empty(); }
  /// All tables, for messages: "a.csv", "a.csv and b.csv".
  std::string files() const;
  const std::string& file(TableColumn at) const { return tables_[at.table].reader->name(); }
  const std::string& name(TableColumn at) const {
    return tables_[at.table].reader->columns()[at.column];
  }

  /// Columns of all tables, in order, but for those that a table before has.
  std::vector<TableColumn> columns() const;
  /// The column of that name in the last table that has one: a table given beside the data is there
  /// for its labels.
  std::optional<TableColumn> find_label(std::string_view name) const;

  /// Goes to the next row of every table. \throws DataError where only some have one, or columns of
  /// one name differ
  bool next();
  std::uint64_t rows() const { return rows_; }
  /// TableReader::remark() of those that have one.
  std::vector<std::string> remarks() const;

  /// Whether the cell has the text \p value, or is the number that \p value is.
  bool equals(TableColumn at, std::string_view value) const;

  std::string_view text(TableColumn at) const { return tables_[at.table].fields[at.column]; }
  /// What text(at) is; \p value is set where it is a number.
  CsvNumber read(TableColumn at, double& value) const {
    return tables_[at.table].reader->numbers().read(text(at), value);
  }
  /// NaN where it is missing. \throws as TableReader::number()
  double number(TableColumn at) const {
    return tables_[at.table].reader->number(text(at), at.column);
  }
  [[noreturn]] void refuse(TableColumn at, std::string_view what) const {
    tables_[at.table].reader->refuse(at.column, what);
  }

 private:
  struct Table {
    std::unique_ptr<TableReader> reader;
    std::vector<std::string_view> fields = {};
  };
  struct Shared {
    std::size_t first = 0;   ///< in the first table
    std::size_t second = 0;  ///< in the second
  };

  [[noreturn]] void refuse_lengths(std::size_t longer);
  void check_shared() const;

  std::vector<Table> tables_;
  std::vector<Shared> shared_;
  std::uint64_t rows_ = 0;
};

}  // namespace esscher::internal
