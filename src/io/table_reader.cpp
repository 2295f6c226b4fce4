#include "esscher/io/table_reader.h"

#include <cmath>

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"
#include "esscher/io/csv.h"

namespace esscher {

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

std::unique_ptr<TableReader> open_table(const std::string& path, const TableFormat& format) {
  return std::make_unique<CsvReader>(path, format);
}

}  // namespace esscher
