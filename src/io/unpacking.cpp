#include "io/unpacking.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher::internal {
namespace {

class PlainBytes final : public ByteSource {
 public:
  explicit PlainBytes(PackedInput input) : input_(std::move(input)) {}
  std::size_t read(char* to, std::size_t size) override {
    if (behind_first_) return input_.read(to, size);
    const std::string_view ahead = input_.ahead();
    const std::size_t count = std::min(size, ahead.size());
    if (count > 0) std::memcpy(to, ahead.data(), count);
    input_.use(count);
    behind_first_ = count == ahead.size();
    return count;
  }

 private:
  PackedInput input_;
  bool behind_first_ = false;
};

class LimitedBytes final : public ByteSource {
 public:
  LimitedBytes(std::unique_ptr<ByteSource> source, std::string name, std::uint64_t limit)
      : source_(std::move(source)), name_(std::move(name)), limit_(limit) {}
  std::size_t read(char* to, std::size_t size) override {
    const std::size_t count = source_->read(to, size);
    if (count > limit_ - read_) {
      throw DataError(name_ + ": unpacks to more than " +
                      number_text(static_cast<double>(limit_) / 1e9) +
                      " GB; if it is no accident, raise --unpack-limit");
    }
    read_ += count;
    return count;
  }

 private:
  std::unique_ptr<ByteSource> source_;
  std::string name_;
  std::uint64_t limit_;
  std::uint64_t read_ = 0;
};

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1F\x8B"); }

/// A frame, or one that is to be skipped.
bool is_zstd(std::string_view bytes) {
  using namespace std::string_view_literals;
  const bool skipped =
      bytes.size() >= 4 && (bytes[0] & 0xF0) == 0x50 && bytes.substr(1, 3) == "\x2A\x4D\x18"sv;
  return bytes.starts_with("\x28\xB5\x2F\xFD"sv) || skipped;
}

}  // namespace

PackedInput::PackedInput(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)), piece_(kPiece) {
  std::size_t count = 0;
  while (count < kFirst) {
    const std::size_t more = source_->read(piece_.data() + count, piece_.size() - count);
    if (more == 0) break;
    count += more;
  }
  ahead_ = {piece_.data(), count};
}

std::string_view PackedInput::ahead() {
  if (ahead_.empty()) ahead_ = {piece_.data(), source_->read(piece_.data(), piece_.size())};
  return ahead_;
}

std::unique_ptr<ByteSource> unpacked(std::unique_ptr<ByteSource> source, const std::string& name,
                                     std::uint64_t limit) {
  PackedInput input(std::move(source));
  const std::string_view first = input.ahead();
  if (is_gzip(first)) {
    return std::make_unique<LimitedBytes>(gzip_bytes(std::move(input), name), name, limit);
  }
  if (is_zstd(first)) {
    return std::make_unique<LimitedBytes>(zstd_bytes(std::move(input), name), name, limit);
  }
  return std::make_unique<PlainBytes>(std::move(input));
}

void refuse_cut_off(const std::string& name, const char* kind) {
  throw DataError(name + ": the " + kind + " data are cut off; copy or download the file again");
}

void refuse_damaged(const std::string& name, const char* kind, std::string_view why) {
  throw DataError(name + ": the " + kind + " data are damaged" +
                  (why.empty() ? "" : " (" + std::string(why) + ")") +
                  "; copy or download the file again");
}

}  // namespace esscher::internal
