#pragma once

/// \file
/// Compressed bytes as what they hold, a piece at a time.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/byte_source.h"

namespace esscher::internal {

/// The bytes of \p source, unpacked if their first ones are those of gzip (members one behind
/// another are one file) or zstd (likewise its frames). \p name is for messages.
/// \throws DataError, also in read(), where the data are damaged or cut off, or unpack to more than
///         \p limit bytes; as the source
std::unique_ptr<ByteSource> unpacked(std::unique_ptr<ByteSource> source, const std::string& name,
                                     std::uint64_t limit);

/// What unpackers read: a source in pieces that are used up bit by bit.
class PackedInput {
 public:
  /// Reads until four bytes, which tell what they are, are ahead.
  explicit PackedInput(std::unique_ptr<ByteSource> source);
  /// What has been read and not been used; empty only behind the last byte.
  std::string_view ahead();
  void use(std::size_t count) { ahead_.remove_prefix(count); }
  /// Reads on behind what is ahead. \pre nothing is
  std::size_t read(char* to, std::size_t size) { return source_->read(to, size); }

 private:
  static constexpr std::size_t kPiece = std::size_t{1} << 17;
  static constexpr std::size_t kFirst = 4;

  std::unique_ptr<ByteSource> source_;
  std::vector<char> piece_;
  std::string_view ahead_;
};

std::unique_ptr<ByteSource> gzip_bytes(PackedInput input, const std::string& name);
std::unique_ptr<ByteSource> zstd_bytes(PackedInput input, const std::string& name);

[[noreturn]] void refuse_cut_off(const std::string& name, const char* kind);
/// \param why  in the words of the library; may be empty
[[noreturn]] void refuse_damaged(const std::string& name, const char* kind, std::string_view why);

}  // namespace esscher::internal
