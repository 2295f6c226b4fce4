#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "esscher/pipeline/reward_model.h"
#include "esscher/pipeline/table_model.h"
#include "fuzz_bytes.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace esscher;
  // A file in memory, made once.
  static const int file = memfd_create("fuzz", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (file < 0 || ftruncate(file, 0) != 0 ||
      pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) {
    std::abort();
  }
  fuzz::run([&] { load_reward_model(path); });
  fuzz::run([&] { load_table_model(path); });
  return 0;
}
