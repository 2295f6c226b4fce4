#pragma once

/// \file
/// Bytes that arrays share, kept alive as long as one of them lives.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace esscher::internal {

class ByteStore {
 public:
  virtual ~ByteStore() = default;
  virtual std::span<const std::byte> bytes() const = 0;
  /// These bytes have been read; a mapping may give back their pages. Safe from several threads,
  /// also while others read.
  virtual void touched(std::uint64_t /*begin*/, std::uint64_t /*length*/) const {}
};

class HeldBytes final : public ByteStore {
 public:
  explicit HeldBytes(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  std::span<const std::byte> bytes() const override { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace esscher::internal
