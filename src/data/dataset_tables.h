#pragma once

/// \file
/// Text tables whose rows lie beside each other.

#include <cstddef>
#include <cstdint>
#include <map>
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
  /// Of rows that are unfolded into sides: this column for both of them.
  bool both_sides = false;
};

/// Reads up to two tables in step.
class DatasetTables {
 public:
  /// \throws as open_table()
  void open(const std::string& path, const TableFormat& format);
  /// Makes two rows of each, the sides of a pair. In the first table columns chosen_x and
  /// rejected_x, for these beginnings, become one column x, and where they are lists, chosen[0] and
  /// so on, x[0]; without them all columns are shared.
  /// \throws UsageError for a side that has no columns, or lacks one that the other has
  void unfold(const std::string& chosen = "", const std::string& rejected = "");
  /// Whether a column is such an x, or there are none.
  bool is_side(TableColumn at) const { return sides_.empty() || sides_.contains(at.column); }

  bool empty() const { return tables_.empty(); }
  /// All tables, for messages: "a.csv", "a.csv and b.csv".
  std::string files() const;
  const std::string& file(TableColumn at) const { return tables_[at.table].reader->name(); }
  const std::string& name(TableColumn at) const {
    const bool is_x = at.table == 0 && !at.both_sides && sides_.contains(at.column);
    return is_x ? sides_.at(at.column).name : tables_[at.table].reader->columns()[at.column];
  }

  /// Columns of all tables, in order, but for those that a table before has.
  std::vector<TableColumn> columns() const;
  /// The column of that name in the last table that has one: a table given beside the data is there
  /// for its labels.
  std::optional<TableColumn> find_label(std::string_view name) const;

  /// Goes to the next row of every table. \throws DataError where only some have one, or columns of
  /// one name differ
  bool next();
  /// Rows of the files so far.
  std::uint64_t rows() const { return rows_; }
  /// TableReader::remark() of those that have one, and what unfold() named.
  std::vector<std::string> remarks() const;

  /// Whether the cell has the text \p value, or is the number that \p value is.
  bool equals(TableColumn at, std::string_view value) const;

  std::string_view text(TableColumn at) const { return tables_[at.table].fields[column(at)]; }
  /// How numbers are written there.
  const NumberFormat& numbers(TableColumn at) const { return tables_[at.table].reader->numbers(); }
  /// What text(at) is; \p value is set where it is a number.
  CsvNumber read(TableColumn at, double& value) const { return numbers(at).read(text(at), value); }
  /// NaN where it is missing. \throws as TableReader::number()
  double number(TableColumn at) const {
    return tables_[at.table].reader->number(text(at), column(at));
  }
  [[noreturn]] void refuse(TableColumn at, std::string_view what) const {
    tables_[at.table].reader->refuse(column(at), what);
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

  /// A column of the first table that has another name and another place in the second side.
  struct Side {
    std::string name;
    std::size_t rejected = 0;
  };

  std::size_t column(TableColumn at) const {
    if (!second_side_ || at.table != 0 || at.both_sides) return at.column;
    const auto side = sides_.find(at.column);
    return side == sides_.end() ? at.column : side->second.rejected;
  }
  [[noreturn]] void refuse_lengths(std::size_t longer);
  void check_shared() const;

  std::vector<Table> tables_;
  std::vector<Shared> shared_;
  std::uint64_t rows_ = 0;
  bool unfolded_ = false;
  bool second_side_ = false;           ///< of the current row
  std::map<std::size_t, Side> sides_;  ///< by the chosen one's column
  bool named_list_ = false;            ///< sides that are lists without a name got x
};

}  // namespace esscher::internal
