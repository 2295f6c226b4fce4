#include "fuzz_bytes.h"
#include "io/npy_header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace esscher;
  fuzz::run([&] { fuzz::read_all(internal::parse_npy(fuzz::held(data, size), 0, size, "fuzz")); });
  return 0;
}
