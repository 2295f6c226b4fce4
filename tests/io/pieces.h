#pragma once

// A source of bytes that gives a few at a time, so that whatever reads it is cut everywhere.

#include <algorithm>
#include <string>
#include <utility>

#include "io/byte_source.h"

namespace esscher::internal {

class Pieces final : public ByteSource {
 public:
  /// \param most  bytes of a piece
  Pieces(std::string bytes, std::size_t most) : bytes_(std::move(bytes)), most_(most) {}
  std::size_t read(char* to, std::size_t size) override {
    const std::size_t count = std::min({size, most_, bytes_.size() - at_});
    std::copy_n(bytes_.data() + at_, count, to);
    at_ += count;
    return count;
  }

 private:
  std::string bytes_;
  std::size_t most_;
  std::size_t at_ = 0;
};

}  // namespace esscher::internal
