#pragma once

#include <cstdint>
#include <numeric>
#include <vector>

namespace esscher {

/// The numbers of n rows, 0 to n - 1.
inline std::vector<std::uint64_t> all_rows(std::uint64_t n) {
  std::vector<std::uint64_t> rows(n);
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  return rows;
}

}  // namespace esscher
