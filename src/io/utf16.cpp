#include "io/utf16.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/io/table_reader.h"
#include "io/file_kind.h"
#include "io/known_kinds.h"

namespace esscher::internal {
namespace {

constexpr std::size_t kToldBy = 512;  ///< bytes

enum class Encoding {
  utf8,  ///< or anything else that is not converted
  utf16_little,
  utf16_big,
  perhaps_little,  ///< UTF-16, as far as anyone can tell
  perhaps_big,
  utf32,
};

/// What the zeros beside the letters of a text without a mark of byte order tell.
Encoding by_zeros(std::string_view bytes) {
  const std::size_t units = bytes.size() / 2;
  std::array<std::size_t, 2> zeros{};
  bool text = true;  // but for the zeros
  for (std::size_t i = 0; i < 2 * units; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (byte == 0) ++zeros[i % 2];
    text = text && (byte == 0 || byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d));
  }
  const bool big = zeros[0] > 0;
  const std::size_t most = zeros[big ? 0 : 1];
  // Digits, delimiters and ends of lines have zeros whatever the language. A text with a zero here
  // and there is no UTF-16, and one with zeros on both sides holds no text.
  if (most == 0 || (big && zeros[1] > 0) || 2 * most < units) return Encoding::utf8;
  if (most == units && text) return big ? Encoding::utf16_big : Encoding::utf16_little;
  return big ? Encoding::perhaps_big : Encoding::perhaps_little;
}

Encoding encoding_of(std::string_view bytes) {
  using std::literals::operator""sv;
  if (bytes.starts_with("\xFF\xFE\0\0"sv) || bytes.starts_with("\0\0\xFE\xFF"sv)) {
    return Encoding::utf32;
  }
  if (bytes.starts_with("\xFF\xFE")) return Encoding::utf16_little;
  if (bytes.starts_with("\xFE\xFF")) return Encoding::utf16_big;
  bytes = bytes.substr(0, kToldBy);
  return kind_by_bytes(bytes) == nullptr ? by_zeros(bytes) : Encoding::utf8;
}

void append_utf8(std::string& text, std::uint32_t point) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
    return;
  }
  if (point < 0x800) {
    put(0xC0U | point >> 6U);
  } else {
    if (point < 0x10000) {
      put(0xE0U | point >> 12U);
    } else {
      put(0xF0U | point >> 18U);
      put(0x80U | (point >> 12U & 0x3FU));
    }
    put(0x80U | (point >> 6U & 0x3FU));
  }
  put(0x80U | (point & 0x3FU));
}

/// Gives what has been read, and then the source.
class Resumed final : public ByteSource {
 public:
  Resumed(std::string begin, std::unique_ptr<ByteSource> source)
      : begin_(std::move(begin)), source_(std::move(source)) {}
  std::size_t read(char* to, std::size_t size) override {
    if (given_ == begin_.size()) return source_->read(to, size);
    const std::size_t count = std::min(size, begin_.size() - given_);
    std::copy_n(begin_.data() + given_, count, to);
    given_ += count;
    return count;
  }

 private:
  std::string begin_;
  std::size_t given_ = 0;
  std::unique_ptr<ByteSource> source_;
};

class Utf16 final : public ByteSource {
 public:
  Utf16(std::unique_ptr<ByteSource> source, bool big_endian, std::string name)
      : source_(std::move(source)), big_endian_(big_endian), name_(std::move(name)) {}

  std::size_t read(char* to, std::size_t size) override {
    while (given_ == text_.size()) {
      if (!convert()) return 0;
    }
    const std::size_t count = std::min(size, text_.size() - given_);
    std::copy_n(text_.data() + given_, count, to);
    given_ += count;
    return count;
  }

 private:
  static constexpr std::size_t kPiece = std::size_t{1} << 16;

  /// Reads a piece; false behind the last.
  bool convert() {
    const std::size_t rest = units_.size();
    units_.resize(rest + kPiece);
    const std::size_t count = source_->read(units_.data() + rest, kPiece);
    units_.resize(rest + count);
    if (count == 0) {
      if (rest != 0) refuse(0, "the file is UTF-16 and ends within a character");
      return false;
    }
    text_.clear();
    given_ = 0;
    std::size_t at = 0;
    for (; at + 2 <= units_.size(); at += 2) {
      const std::uint32_t unit = unit_at(at);
      if (unit < 0xD800 || unit > 0xDFFF) {
        if (unit == '\n') ++line_;
        // The mark of byte order is no text.
        if (unit != 0xFEFF || used_ + at > 0) append_utf8(text_, unit);
        continue;
      }
      const bool first = unit < 0xDC00;
      if (first && at + 4 > units_.size()) break;
      const std::uint32_t second = first ? unit_at(at + 2) : 0;
      if (second < 0xDC00 || second > 0xDFFF) refuse_half(at, unit);
      append_utf8(text_, 0x10000U + ((unit - 0xD800U) << 10U) + (second - 0xDC00U));
      at += 2;
    }
    units_.erase(0, at);
    used_ += at;
    return true;
  }

  std::uint32_t unit_at(std::size_t at) const {
    const auto byte = [&](std::size_t i) {
      return std::uint32_t{static_cast<unsigned char>(units_[i])};
    };
    return big_endian_ ? byte(at) << 8U | byte(at + 1) : byte(at + 1) << 8U | byte(at);
  }

  [[noreturn]] void refuse_half(std::size_t at, std::uint32_t unit) const {
    std::array<char, 8> hex{};
    std::snprintf(hex.data(), hex.size(), "0x%04X", static_cast<unsigned>(unit));
    refuse(at, std::string("the file is UTF-16 and has half a character, ") + hex.data());
  }

  /// \param at  of the byte, in units_
  [[noreturn]] void refuse(std::size_t at, const std::string& what) const {
    throw DataError(name_ + ": line " + std::to_string(line_) + ", byte " +
                    std::to_string(used_ + at + 1) + ": " + what +
                    "; copy the file again, or save it as UTF-8");
  }

  std::unique_ptr<ByteSource> source_;
  bool big_endian_;
  std::string name_;
  std::string units_;       ///< bytes that are not converted yet
  std::string text_;        ///< of the last piece
  std::size_t given_ = 0;   ///< of it
  std::uint64_t used_ = 0;  ///< bytes before units_
  std::uint64_t line_ = 1;
};

}  // namespace

bool is_other_than_utf8(std::string_view bytes) { return encoding_of(bytes) != Encoding::utf8; }

std::unique_ptr<ByteSource> as_utf8(std::unique_ptr<ByteSource> source, const std::string& path) {
  std::string begin(kToldBy, '\0');
  std::size_t count = 0;
  while (count < begin.size()) {
    const std::size_t more = source->read(begin.data() + count, begin.size() - count);
    if (more == 0) break;
    count += more;
  }
  begin.resize(count);
  const Encoding encoding = encoding_of(begin);
  const auto refuse = [&](const char* what, const char* from) {
    throw DataError(table_name(path) + ": " + what + "; " + remedy_for_encoding(from, path));
  };
  constexpr const char* kPerhaps = "the file seems to be UTF-16 without a mark of its byte order";
  if (encoding == Encoding::utf32) refuse("the file is UTF-32", "UTF-32");
  if (encoding == Encoding::perhaps_little) refuse(kPerhaps, "UTF-16LE");
  if (encoding == Encoding::perhaps_big) refuse(kPerhaps, "UTF-16BE");
  source = std::make_unique<Resumed>(std::move(begin), std::move(source));
  if (encoding == Encoding::utf8) return source;
  return std::make_unique<Utf16>(std::move(source), encoding == Encoding::utf16_big,
                                 table_name(path));
}

}  // namespace esscher::internal
