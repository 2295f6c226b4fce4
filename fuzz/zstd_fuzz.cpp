#include "fuzz_unpacking.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  esscher::fuzz::unpack("\x28\xB5\x2F\xFD", data, size);
  return 0;
}
