#include "dataset_tables.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

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

void DatasetTables::unfold(const std::string& chosen, const std::string& rejected) {
  unfolded_ = true;
  if (chosen.empty() || tables_.empty()) return;
  const std::vector<std::string>& names = tables_[0].reader->columns();
  const auto lacks = [&](const char* field, const std::string& value, const std::string& has,
                         const std::string& wanted) {
    throw UsageError(rejection(
        field, shown(value),
        file({0, 0}) + " has the column " + in_quotes(has) + " but no " + in_quotes(wanted),
        "both sides must have the same columns"));
  };
  const auto find = [&](const std::string& name) { return std::ranges::find(names, name); };
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].size() <= chosen.size() || !names[i].starts_with(chosen)) continue;
    std::string x = names[i].substr(chosen.size());
    const auto other = find(rejected + x);
    if (other == names.end()) lacks("--rejected", rejected, names[i], rejected + x);
    // No list of a prediction's table can have an empty name.
    if (x.starts_with('[')) {
      std::string named = "x";
      named += x;
      if (find(chosen + named) == names.end()) {
        x = std::move(named);
        named_list_ = true;
      }
    }
    sides_[i] = {x, static_cast<std::size_t>(other - names.begin())};
  }
  for (const std::string& name : names) {
    if (name.size() <= rejected.size() || !name.starts_with(rejected)) continue;
    const std::string x = name.substr(rejected.size());
    if (find(chosen + x) == names.end()) lacks("--chosen", chosen, name, chosen + x);
  }
  if (!sides_.empty()) return;
  throw UsageError(rejection("--chosen", shown(chosen),
                             "no column of " + file({0, 0}) + " begins so",
                             "it has " + list_in_quotes(names)));
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
  std::unordered_set<std::size_t> rejected;
  for (const auto& [column, side] : sides_) {
    all.push_back({0, column});
    seen.insert(side.name);
    rejected.insert(side.rejected);
  }
  for (std::size_t table = 0; table < tables_.size(); ++table) {
    const std::vector<std::string>& names = tables_[table].reader->columns();
    for (std::size_t column = 0; column < names.size(); ++column) {
      if (table == 0 && (sides_.contains(column) || rejected.contains(column))) continue;
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
      return TableColumn{table, static_cast<std::size_t>(found - names.begin()), true};
    }
  }
  return {};
}

std::vector<std::string> DatasetTables::remarks() const {
  std::vector<std::string> lines;
  for (const Table& table : tables_) {
    if (!table.reader->remark().empty()) lines.push_back(table.reader->remark());
  }
  if (named_list_) {
    lines.emplace_back(
        "The lists of both sides are the features x[0], x[1], ...: a table to predict must name "
        "its list x.");
  }
  return lines;
}

bool DatasetTables::next() {
  if (unfolded_ && rows_ > 0 && !second_side_) {
    second_side_ = true;
    return true;
  }
  second_side_ = false;
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
