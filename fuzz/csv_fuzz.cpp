#include "esscher/io/csv.h"
#include "fuzz_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace esscher;
  // Both what is found and what is said.
  TableFormat format;
  if (size % 2 == 1) format = {.delimiter = "tab", .decimal = ",", .missing = {"?", "-9"}};
  fuzz::read_table(data, size,
                   [&](std::string_view bytes) { return CsvReader::over(bytes, "fuzz", format); });
  return 0;
}
