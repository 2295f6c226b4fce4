#include "esscher/base/memory.h"

#include <unistd.h>

#include <limits>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher {

std::uint64_t saturating_product(std::uint64_t a, std::uint64_t b) noexcept {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  return b != 0 && a > most / b ? most : a * b;
}

std::uint64_t physical_memory() noexcept {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long size = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || size <= 0) return std::uint64_t{1} << 63;
  return saturating_product(static_cast<std::uint64_t>(pages), static_cast<std::uint64_t>(size));
}

std::string bytes_text(std::uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= 1024 && unit + 1 < std::size(kUnits)) {
    size /= 1024;
    ++unit;
  }
  return number_text(size, 3) + " " + kUnits[unit];
}

void require_memory(std::uint64_t bytes, std::string_view field, std::string_view value,
                    std::string_view purpose, std::string_view remedy) {
  const std::uint64_t memory = physical_memory();
  if (bytes <= memory / 10 * 9) return;
  throw UsageError(rejection(field, value,
                             std::string(purpose) + " would need " + bytes_text(bytes) +
                                 " of memory, and this machine has " + bytes_text(memory),
                             remedy));
}

}  // namespace esscher
