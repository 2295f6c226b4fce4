#pragma once

/// \file
/// What the targets of tables share.

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "esscher/io/table_reader.h"
#include "fuzz_bytes.h"

namespace esscher::fuzz {

/// Reads all rows of the table that \p open makes of the bytes, and each field as a number.
template <class Open>
void read_table(const std::uint8_t* data, std::size_t size, Open open) {
  // A copy of just this size: what the reader looks at behind the end is seen.
  const std::vector<char> bytes(data, data + size);
  run([&] {
    auto reader = open(std::string_view(bytes.data(), bytes.size()));
    std::vector<std::string_view> fields;
    std::uint64_t rows = 0;
    while (reader.next(fields)) {
      ++rows;
      if (fields.size() != reader.columns().size() || reader.row() != rows) std::abort();
      for (std::size_t j = 0; j < fields.size(); ++j) {
        run([&] { reader.number(fields[j], j); });
      }
    }
  });
}

}  // namespace esscher::fuzz
