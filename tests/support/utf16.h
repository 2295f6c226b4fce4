#pragma once

/// \file
/// Text as programs write it in UTF-16.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace esscher {

/// \p text, which is UTF-8, without a mark of byte order.
inline std::string utf16_of(std::string_view text, bool big_endian = false) {
  std::string bytes;
  const auto put = [&](std::uint32_t unit) {
    const auto high = static_cast<char>(unit >> 8U);
    const auto low = static_cast<char>(unit & 0xFFU);
    bytes += {big_endian ? high : low, big_endian ? low : high};
  };
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = [&](std::size_t i) {
      return std::uint32_t{static_cast<unsigned char>(text.at(i))};
    };
    const std::uint32_t first = byte(at++);
    const int more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    std::uint32_t point = more == 0 ? first : first & (0x3FU >> static_cast<unsigned>(more));
    for (int i = 0; i < more; ++i) point = point << 6U | (byte(at++) & 0x3FU);
    if (point < 0x10000) {
      put(point);
    } else {
      put(0xD800U + ((point - 0x10000U) >> 10U));
      put(0xDC00U + ((point - 0x10000U) & 0x3FFU));
    }
  }
  return bytes;
}

inline constexpr const char* kUtf16Mark = "\uFEFF";

}  // namespace esscher
