#pragma once

/// \file
/// What readers of tables give, as rows.

#include <string>
#include <string_view>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/io/table_reader.h"

namespace esscher {

using TableRows = std::vector<std::vector<std::string>>;

/// The rows behind the reader's place.
inline TableRows rest_of(TableReader& reader) {
  TableRows rows;
  std::vector<std::string_view> fields;
  while (reader.next(fields)) rows.emplace_back(fields.begin(), fields.end());
  return rows;
}

/// Why \p read refuses its bytes.
template <class Read>
std::string data_refusal(Read read) {
  try {
    read();
  } catch (const DataError& error) {
    return error.what();
  }
  return "(read)";
}

}  // namespace esscher
