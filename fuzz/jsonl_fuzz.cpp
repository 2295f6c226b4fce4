#include <cstdlib>
#include <string_view>
#include <vector>

#include "esscher/io/jsonl.h"
#include "fuzz_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace esscher;
  // A copy of just this size: what the reader looks at behind the end is seen.
  const std::vector<char> bytes(data, data + size);
  fuzz::run([&] {
    JsonlReader reader = JsonlReader::over({bytes.data(), bytes.size()}, "fuzz");
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
