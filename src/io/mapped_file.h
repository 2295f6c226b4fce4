#pragma once

/// \file
/// Files mapped into memory, to be read only.

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/byte_store.h"

namespace esscher::internal {

/// A whole regular file. An empty one has no bytes.
class MappedFile final : public ByteStore {
 public:
  /// Smaller mappings keep their pages: reading them again is then free.
  static constexpr std::uint64_t kKeepBelow = std::uint64_t{256} << 20;
  /// Pages come and go in windows of so many bytes: one access brings in a whole folio
  /// (Linux 6.18), which may be as large.
  static constexpr std::uint64_t kWindow = std::uint64_t{2} << 20;
  /// When so many windows have been touched, their pages are given back: 128 MiB.
  static constexpr std::uint64_t kMostWindows = 64;

  /// \param field  what messages call the path
  /// \throws IoError where it cannot be opened, is a folder, a pipe or a device
  explicit MappedFile(const std::string& path, std::string_view field = "file");
  ~MappedFile() override;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const override { return {data_, size_}; }
  void touched(std::uint64_t begin, std::uint64_t length) const override;

 private:
  void give_back() const;

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  /// One bit a window, set since it was last given back; no words for small files.
  mutable std::vector<std::atomic<std::uint64_t>> windows_;
  mutable std::atomic<std::uint64_t> touched_ = 0;  ///< bits set
};

}  // namespace esscher::internal
