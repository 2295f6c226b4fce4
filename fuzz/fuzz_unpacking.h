#pragma once

/// \file
/// What the targets of compressed bytes share.

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "fuzz_bytes.h"
#include "io/unpacking.h"

namespace esscher::fuzz {

/// Gives bytes in pieces of growing size, so that ends of pieces fall everywhere.
class Pieces final : public internal::ByteSource {
 public:
  explicit Pieces(std::string bytes) : bytes_(std::move(bytes)) {}
  std::size_t read(char* to, std::size_t size) override {
    const std::size_t count = std::min({size, ++most_, bytes_.size() - at_});
    std::copy_n(bytes_.data() + at_, count, to);
    at_ += count;
    return count;
  }

 private:
  std::string bytes_;
  std::size_t most_ = 0;
  std::size_t at_ = 0;
};

/// Unpacks the bytes behind \p magic, which every file of the kind begins with, unless they do so
/// themselves.
inline void unpack(std::string_view magic, const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kLimit = std::uint64_t{1} << 22;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (!bytes.starts_with(magic)) bytes.insert(0, magic);
  run([&] {
    const auto source = internal::unpacked(std::make_unique<Pieces>(bytes), "fuzz", kLimit);
    std::string buffer(1000, '\0');
    std::uint64_t total = 0;
    while (const std::size_t count = source->read(buffer.data(), buffer.size())) {
      total += count;
      if (count > buffer.size() || total > kLimit) std::abort();
    }
  });
}

}  // namespace esscher::fuzz
