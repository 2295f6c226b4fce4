#include "esscher/io/jsonl.h"
#include "fuzz_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace esscher;
  fuzz::read_table(data, size,
                   [](std::string_view bytes) { return JsonlReader::over(bytes, "fuzz"); });
  return 0;
}
