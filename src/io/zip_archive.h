#pragma once

/// \file
/// Zip archives, as far as arrays need them (PKWARE's APPNOTE.TXT 6.3.10): one disk, members stored
/// or deflated, zip64.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/byte_store.h"

namespace esscher::internal {

/// A member, as the archive's directory describes it.
struct ZipMember {
  std::string name;
  unsigned flags = 0;
  unsigned method = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed = 0;    ///< bytes in the archive
  std::uint64_t unpacked = 0;  ///< bytes in truth
  std::uint64_t header = 0;    ///< where its local header begins
};

/// Bytes of a store.
struct StoreSlice {
  std::shared_ptr<const ByteStore> store;
  std::size_t offset = 0;
  std::size_t length = 0;
};

class ZipArchive {
 public:
  /// Reads the directory. \param name  what messages call the archive
  /// \throws DataError where it is no archive, or damaged
  ZipArchive(std::shared_ptr<const ByteStore> store, std::string name);

  const std::vector<ZipMember>& members() const { return members_; }

  /// A member's bytes: where they lie if it is stored, else inflated into memory, at most
  /// 1032 x packed + 64 KiB. Compares the CRC-32.
  /// \throws DataError where the member is damaged, encrypted or packed in another way; UsageError
  ///         where it does not fit into memory
  StoreSlice open(const ZipMember& member) const;

 private:
  std::span<const std::byte> bytes() const { return store_->bytes(); }
  std::uint64_t number(std::uint64_t at, unsigned count) const;
  [[noreturn]] void broken(const std::string& what) const;
  void read_directory();
  ZipMember read_entry(std::uint64_t& at, std::uint64_t end) const;
  void read_zip64_sizes(ZipMember& member, std::uint64_t at, std::uint64_t end) const;
  std::uint64_t find_end_record() const;
  std::uint64_t packed_begin(const ZipMember& member) const;
  void check_crc(const StoreSlice& slice, const ZipMember& member) const;

  std::shared_ptr<const ByteStore> store_;
  std::string name_;
  std::uint64_t directory_ = 0;  ///< where the directory begins, behind all members
  std::vector<ZipMember> members_;
};

}  // namespace esscher::internal
