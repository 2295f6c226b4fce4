#pragma once

/// \file
/// Memory asked for before work starts, so that a size beyond the machine is one clear line and not
/// an allocation that fails hours later.

#include <cstdint>
#include <string>
#include <string_view>

namespace esscher {

/// The machine's memory in bytes; 2^63 where the system does not tell.
std::uint64_t physical_memory() noexcept;

/// a * b, or 2^64 - 1 where that does not fit.
std::uint64_t saturating_product(std::uint64_t a, std::uint64_t b) noexcept;

/// "16 B", "1.5 GiB".
std::string bytes_text(std::uint64_t bytes);

/// \throws UsageError where \p bytes exceeds nine tenths of physical_memory(): names \p field and
///         \p value, says how much \p purpose would need and how much there is, and the \p remedy.
void require_memory(std::uint64_t bytes, std::string_view field, std::string_view value,
                    std::string_view purpose, std::string_view remedy);

}  // namespace esscher
