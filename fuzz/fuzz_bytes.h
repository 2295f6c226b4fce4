#pragma once

/// \file
/// What the targets share.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/matrix.h"
#include "esscher/io/mapped_array.h"
#include "io/byte_store.h"

namespace esscher::fuzz {

/// A copy of just this size, so that the address sanitizer sees the first byte behind it.
inline std::shared_ptr<const internal::ByteStore> held(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> bytes(size);
  if (size != 0) std::memcpy(bytes.data(), data, size);
  return std::make_shared<const internal::HeldBytes>(std::move(bytes));
}

/// Ends the program unless \p error is one that bad bytes may raise, told in one line.
inline void check(const Error& error) {
  const bool defect = dynamic_cast<const InternalError*>(&error) != nullptr;
  if (defect || std::strchr(error.what(), '\n') != nullptr) std::abort();
}

/// Runs \p read; any other exception than an esscher::Error ends the program.
template <class Read>
void run(Read read) {
  try {
    read();
  } catch (const Error& error) {
    check(error);
  }
}

/// Reads every element, a few rows at a time and out of order as well.
inline void read_all(const MappedArray& array) {
  constexpr std::uint64_t kBlock = 64;
  const std::uint64_t n = array.rows();
  for (std::uint64_t first = 0; first < n; first += kBlock) {
    std::vector<std::uint64_t> rows(std::min(kBlock, n - first));
    std::iota(rows.begin(), rows.end(), first);
    if (first / kBlock % 2 == 1) std::ranges::reverse(rows);
    Matrix<double> out(rows.size(), array.columns());
    array.gather(rows, out.view());
  }
  if (array.columns() == 1 && array.values().size() != n) std::abort();
}

}  // namespace esscher::fuzz
