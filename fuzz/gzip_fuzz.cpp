#include "fuzz_unpacking.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  esscher::fuzz::unpack("\x1F\x8B\x08", data, size);
  return 0;
}
