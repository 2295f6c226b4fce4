#pragma once

/// \file
/// Bytes from wherever they come, one behind another.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace esscher::internal {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Puts at most \p size bytes, above 0, at \p to; returns how many, 0 behind the last.
  /// \throws IoError
  virtual std::size_t read(char* to, std::size_t size) = 0;
};

/// \param path  "-" for standard input, which can be read once
/// \throws IoError where the file cannot be opened
std::unique_ptr<ByteSource> open_bytes(const std::string& path);

/// Bytes as the readers of tables take them: in blocks, the first of which can be looked at before
/// anyone reads it.
class BlockInput {
 public:
  static constexpr std::size_t kBlock = std::size_t{1} << 20;

  /// Reads the first block. \throws as the source
  explicit BlockInput(std::unique_ptr<ByteSource> source);
  /// All of \p bytes, which must outlive it, as the first block.
  explicit BlockInput(std::string_view bytes);

  std::string_view first() const { return first_; }
  /// Whether nothing follows the first block.
  bool first_is_all() const { return source_ == nullptr; }
  /// The next block, the second one at first, valid until the next call; empty behind the last.
  std::string_view next();

 private:
  std::string_view fill();

  std::unique_ptr<ByteSource> source_;  ///< none behind its last byte
  std::vector<char> block_;
  std::string_view first_;
};

}  // namespace esscher::internal
