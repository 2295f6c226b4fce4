#include <string>

#include "fuzz_bytes.h"
#include "io/npz_archive.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace esscher;
  const auto store = fuzz::held(data, size);
  fuzz::run([&] {
    constexpr std::size_t kMostRead = 8;  // the rest would be more of the same
    std::size_t read = 0;
    for (const std::string& key : internal::npz_keys_of(store, "fuzz")) {
      if (++read > kMostRead) break;
      fuzz::run([&] { fuzz::read_all(internal::npz_array_of(store, "fuzz", key, "key")); });
    }
    fuzz::run([&] { internal::npz_array_of(store, "fuzz", "no such key", "key"); });
  });
  return 0;
}
