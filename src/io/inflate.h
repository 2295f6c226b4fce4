#pragma once

/// \file
/// What zlib does for us: raw deflate streams and CRC-32.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace esscher::internal {

/// The \p length bytes that a raw deflate stream holds; nothing where it is damaged, holds another
/// number of bytes, or does not end with \p packed. Allocates length bytes and zlib's window.
std::optional<std::vector<std::byte>> inflate_exactly(std::span<const std::byte> packed,
                                                      std::size_t length);

/// CRC-32 of bytes behind others whose CRC is \p before (0 for none).
std::uint32_t crc32_of(std::span<const std::byte> bytes, std::uint32_t before);

}  // namespace esscher::internal
