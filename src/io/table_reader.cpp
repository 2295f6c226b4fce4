#include "esscher/io/table_reader.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"
#include "esscher/io/csv.h"
#include "esscher/io/jsonl.h"
#include "io/table_input.h"

namespace esscher {
namespace {

/// Whether it begins with an object, or a list of objects. Names of columns may stand in brackets.
bool begins_json(std::string_view text) {
  const auto take_space = [&] {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  };
  take_space();
  if (!text.starts_with('[')) return text.starts_with('{');
  text.remove_prefix(1);
  take_space();
  return text.starts_with('{');
}

}  // namespace

double TableReader::number(std::string_view field, std::size_t column) const {
  double value = 0;
  switch (numbers_.read(field, value)) {
    case internal::CsvNumber::number:
      return value;
    case internal::CsvNumber::missing:
      return std::nan("");
    default:
      refuse(column, numbers_.refusal(field));
  }
}

void TableReader::refuse(std::size_t column, std::string_view what) const {
  throw DataError(name_ + ": row " + std::to_string(row()) + ", column " +
                  shown(columns_.at(column)) + ": " + std::string(what));
}

std::string table_name(const std::string& path) {
  return path == kStandardInput ? "standard input" : path;
}

std::unique_ptr<TableReader> open_table(const std::string& path, const TableFormat& format) {
  const std::string name = table_name(path);
  internal::BlockInput input = internal::open_table_input(path, format);
  if (internal::is_named_jsonl(name) || begins_json(internal::text_of(input.first()))) {
    return std::make_unique<JsonlReader>(std::move(input), name, format);
  }
  return std::make_unique<CsvReader>(std::move(input), name, format);
}

}  // namespace esscher
