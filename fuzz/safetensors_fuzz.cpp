#include <string>

#include "fuzz_bytes.h"
#include "io/safetensors_header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace esscher;
  const auto store = fuzz::held(data, size);
  fuzz::run([&] { internal::safetensors_of(*store, "fuzz"); });
  fuzz::run([&] {
    for (const auto& item : internal::parse_safetensors_header(store->bytes(), "fuzz").tensors) {
      fuzz::run([&] {
        fuzz::read_all(internal::safetensors_array_of(store, "fuzz", item.first, "key"));
      });
    }
  });
  return 0;
}
