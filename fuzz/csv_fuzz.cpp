#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/io/csv.h"
#include "fuzz_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace esscher;
  // A copy of just this size: what the reader looks at behind the end is seen.
  const std::vector<char> bytes(data, data + size);
  fuzz::run([&] {
    // Both what is found and what is said.
    TableFormat format;
    if (size % 2 == 1) format = {.delimiter = "tab", .decimal = ",", .missing = {"?", "-9"}};
    CsvReader reader = CsvReader::over({bytes.data(), bytes.size()}, "fuzz", format);
    std::vector<std::string_view> fields;
    std::uint64_t rows = 0;
    while (reader.next(fields)) {
      ++rows;
      if (fields.size() != reader.columns().size() || reader.row() != rows) std::abort();
      for (std::size_t j = 0; j < fields.size(); ++j) {
        fuzz::run([&] { reader.number(fields[j], j); });
      }
    }
  });
  return 0;
}
