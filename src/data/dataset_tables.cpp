#include "dataset_tables.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"

namespace esscher::internal {

void DatasetTables::open(const std::string& path, const TableFormat& format) {
  tables_.push_back({open_table(path, format)});
  if (tables_.size() < 2) return;
  std::unordered_map<std::string_view, std::size_t> first;
  const std::vector<std::string>& names = tables_[0].reader->columns();
  for (std::size_t i = 0; i < names.size(); ++i) first.emplace(names[i], i);
  const std::vector<std::string>& others = tables_[1].reader->columns();
  for (std::size_t i = 0; i < others.size(); ++i) {
    const auto found = first.find(others[i]);
    if (found != first.end()) shared_.push_back({found->second, i});
  }
}

std::string DatasetTables::files() const {
  std::string line;
  for (const Table& table : tables_) {
    line.append(line.empty() ? "" : " and ").append(table.reader->name());
  }
  return line;
}

std::vector<TableColumn> DatasetTables::columns() const {
  std::vector<TableColumn> all;
  std::unordered_set<std::string_view> seen;
  for (std::size_t table = 0; table < tables_.size(); ++table) {
    const std::vector<std::string>& names = tables_[table].reader->columns();
    for (std::size_t column = 0; column < names.size(); ++column) {
      if (seen.insert(names[column]).second) all.push_back({table, column});
    }
  }
  return all;
}

std::optional<TableColumn> DatasetTables::find_label(std::string_view name) const {
  for (std::size_t table = tables_.size(); table-- > 0;) {
    const std::vector<std::string>& names = tables_[table].reader->columns();
    const auto found = std::ranges::find(names, name);
    if (found != names.end()) {
      return TableColumn{table, static_cast<std::size_t>(found - names.begin())};
    }
  }
  return {};
}

std::vector<std::string> DatasetTables::remarks() const {
  std::vector<std::string> lines;
  for (const Table& table : tables_) {
    if (!table.reader->remark().empty()) lines.push_back(table.reader->remark());
  }
  return lines;
}

bool DatasetTables::next() {
  std::size_t given = 0;
  std::size_t longer = 0;
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    if (!tables_[i].reader->next(tables_[i].fields)) continue;
    ++given;
    longer = i;
  }
  if (given == 0) return false;
  if (given < tables_.size()) refuse_lengths(longer);
  ++rows_;
  check_shared();
  return true;
}

void DatasetTables::refuse_lengths(std::size_t longer) {
  Table& table = tables_[longer];
  while (table.reader->next(table.fields)) {
  }
  const TableReader& first = *tables_[0].reader;
  const TableReader& second = *tables_[1].reader;
  throw DataError(first.name() + " has " + std::to_string(first.row()) + " rows and " +
                  second.name() + " has " + std::to_string(second.row()) +
                  "; they must lie beside each other, row by row");
}

void DatasetTables::check_shared() const {
  for (const Shared& pair : shared_) {
    const std::string_view a = tables_[0].fields[pair.first];
    const std::string_view b = tables_[1].fields[pair.second];
    double x = 0;
    double y = 0;
    const bool same = a == b || (read({0, pair.first}, x) == CsvNumber::number &&
                                 read({1, pair.second}, y) == CsvNumber::number && x == y);
    if (same) continue;
    refuse({1, pair.second}, in_quotes(b) + " where " + tables_[0].reader->name() + " has " +
                                 in_quotes(a) +
                                 "; put the rows in one order, or rename the column");
  }
}

bool DatasetTables::equals(TableColumn at, std::string_view value) const {
  if (text(at) == value) return true;
  double x = 0;
  double y = 0;
  return read(at, x) == CsvNumber::number && read_csv_number(value, y) == CsvNumber::number &&
         x == y;
}

}  // namespace esscher::internal
