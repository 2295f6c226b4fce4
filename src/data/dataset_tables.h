#pragma once

/// \file
/// Text tables whose rows lie beside each other.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/io/csv.h"

namespace esscher::internal {

/// A column of one of the tables.
struct TableColumn {
  std::size_t table = 0;
  std::size_t column = 0;
};

/// Reads up to two tables in step.
class DatasetTables {
 public:
  /// \throws as CsvReader
  void open(const std::string& path);

  bool empty() const { return tables_.empty(); }
  /// All tables, for messages: "a.csv", "a.csv and b.csv".
  std::string files() const;
  const std::string& file(TableColumn at) const { return tables_[at.table].reader.name(); }
  const std::string& name(TableColumn at) const {
    return tables_[at.table].reader.columns()[at.column];
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

  std::string_view text(TableColumn at) const { return tables_[at.table].fields[at.column]; }
  /// NaN where it is missing. \throws as parse_csv_number()
  double number(TableColumn at) const {
    return parse_csv_number(text(at), tables_[at.table].reader, at.column);
  }
  [[noreturn]] void refuse(TableColumn at, std::string_view what) const {
    tables_[at.table].reader.refuse(at.column, what);
  }

 private:
  struct Table {
    CsvReader reader;
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

/// Whether two fields are the same text or the same number.
bool same_value(std::string_view a, std::string_view b);

}  // namespace esscher::internal
