#include "io/npy_header.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"

namespace esscher::internal {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

class Malformed {
 public:
  explicit Malformed(const std::string& name) : name_(name) {}
  [[noreturn]] void operator()(const std::string& what) const {
    throw DataError(name_ + ": not a whole .npy file: " + what + "; write or copy it again");
  }

 private:
  const std::string& name_;
};

/// The header's text is a Python dictionary. This reads the few kinds of literals that NumPy puts
/// there, each from where the one before ended.
class Literals {
 public:
  Literals(std::string_view text, const Malformed& malformed) : text_(text), broken_(malformed) {}

  bool at_end() {
    skip_space();
    return at_ == text_.size();
  }
  char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char wanted) {
    if (peek() != wanted || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!take(wanted)) broken_(std::string("its header lacks a ") + wanted);
  }
  std::string string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"')
      broken_("its header has something else than a text in quotes");
    const std::size_t end = text_.find(quote, ++at_);
    if (end == std::string_view::npos) broken_("its header has a quote that is not closed");
    const std::string_view found = text_.substr(at_, end - at_);
    if (found.find('\\') != std::string_view::npos) broken_("its header has a \\ in a text");
    at_ = end + 1;
    return std::string(found);
  }
  bool boolean() {
    skip_space();
    if (take_word("True")) return true;
    if (take_word("False")) return false;
    broken_("fortran_order in its header is neither True nor False");
  }
  std::vector<std::uint64_t> tuple() {
    constexpr std::size_t kMostDimensions = 64;  // NumPy's own limit
    expect('(');
    std::vector<std::uint64_t> numbers;
    while (!take(')')) {
      if (numbers.size() == kMostDimensions) broken_("its shape has more than 64 dimensions");
      numbers.push_back(whole_number());
      if (take(',')) continue;
      // (3) is a number in Python, not a tuple.
      if (numbers.size() == 1) broken_("its shape is not a tuple");
      expect(')');
      break;
    }
    return numbers;
  }

 private:
  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  bool take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  std::uint64_t whole_number() {
    skip_space();
    const std::size_t begin = at_;
    std::uint64_t number = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (__builtin_mul_overflow(number, std::uint64_t{10}, &number) ||
          __builtin_add_overflow(number, static_cast<std::uint64_t>(text_[at_] - '0'), &number)) {
        broken_("its shape has a number beyond 2^64");
      }
    }
    if (at_ == begin) broken_("its shape is not made of whole numbers");
    take('L');  // Python 2 wrote long numbers so
    return number;
  }

  std::string_view text_;
  const Malformed& broken_;
  std::size_t at_ = 0;
};

std::optional<ElementType> number_type(char kind, std::string_view size) {
  constexpr std::pair<std::string_view, ElementType> kTypes[] = {
      {"f2", ElementType::f16}, {"f4", ElementType::f32}, {"f8", ElementType::f64},
      {"i1", ElementType::i8},  {"i2", ElementType::i16}, {"i4", ElementType::i32},
      {"i8", ElementType::i64}, {"u1", ElementType::u8},  {"u2", ElementType::u16},
      {"u4", ElementType::u32}, {"u8", ElementType::u64}, {"b1", ElementType::boolean}};
  for (const auto& type : kTypes) {
    if (type.first.front() == kind && type.first.substr(1) == size) return type.second;
  }
  return {};
}

std::string what_is(char kind) {
  switch (kind) {
    case 'O':
      return "Python objects";
    case 'U':
    case 'S':
    case 'a':
      return "text";
    case 'c':
      return "complex numbers";
    case 'M':
      return "dates";
    case 'm':
      return "spans of time";
    case 'V':
      return "raw bytes (NumPy does not know bfloat16 and stores it so)";
    case 'f':
      return "floats of another size";
    default:
      return "no numbers known here";
  }
}

void read_type(const std::string& described, const std::string& name, ArrayLayout& layout) {
  std::string_view rest = described;
  char order = '=';
  if (!rest.empty() && std::string_view("<>|=").find(rest.front()) != std::string_view::npos) {
    order = rest.front();
    rest.remove_prefix(1);
  }
  const char kind = rest.empty() ? '?' : rest.front();
  const auto type = rest.empty() ? std::nullopt : number_type(kind, rest.substr(1));
  // "|" says that there is no byte order, which only single bytes lack.
  if (!type || (order == '|' && bytes_of(*type) != 1)) {
    throw DataError(name + ": its elements are of type '" + shown(described) + "', " +
                    (type ? "numbers without a byte order" : what_is(kind)) +
                    "; float16 to float64, whole numbers and booleans can be read: convert it "
                    "with .astype('float32') and save it again");
  }
  layout.type = *type;
  layout.big_endian = order == '>';
}

ArrayLayout parse_dictionary(std::string_view text, const std::string& name) {
  const Malformed broken(name);
  Literals literals(text, broken);
  ArrayLayout layout;
  bool has_type = false;
  bool has_order = false;
  bool has_shape = false;
  const auto once = [&](bool& seen, const std::string& key) {
    if (seen) broken("its header has " + key + " twice");
    seen = true;
  };
  literals.expect('{');
  while (!literals.take('}')) {
    const std::string key = literals.string();
    literals.expect(':');
    if (key == "descr") {
      once(has_type, key);
      if (literals.peek() == '[') {
        throw DataError(name +
                        ": its elements are records (a structured dtype); "
                        "save the field that you want as an array of its own");
      }
      read_type(literals.string(), name, layout);
    } else if (key == "fortran_order") {
      once(has_order, key);
      layout.fortran_order = literals.boolean();
    } else if (key == "shape") {
      once(has_shape, key);
      layout.shape = literals.tuple();
    } else {
      broken("its header has an unknown key '" + shown(key) + "'");
    }
    if (!literals.take(',')) {
      literals.expect('}');
      break;
    }
  }
  if (!literals.at_end()) broken("something follows the dictionary in its header");
  if (!has_type || !has_order || !has_shape) {
    broken("its header lacks descr, fortran_order or shape");
  }
  return layout;
}

}  // namespace

NpyHeader parse_npy_header(std::span<const std::byte> bytes, const std::string& name) {
  const Malformed broken(name);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.substr(0, kMagic.size()) != kMagic) {
    if (text.size() < kMagic.size() && kMagic.substr(0, text.size()) == text) {
      broken("it is truncated: it has " + std::to_string(text.size()) + " bytes");
    }
    broken("it does not begin as one");
  }
  const auto byte = [&](std::size_t at) { return static_cast<unsigned>(bytes[at]); };
  constexpr std::size_t kVersion = 6;
  constexpr std::size_t kLength = 8;
  const std::string cut =
      "it is truncated in its header, after " + std::to_string(text.size()) + " bytes";
  if (text.size() < kLength) broken(cut);
  const unsigned major = byte(kVersion);
  if (major < 1 || major > 3 || byte(kVersion + 1) != 0) {
    throw DataError(name + ": is of .npy format " + std::to_string(major) + "." +
                    std::to_string(byte(kVersion + 1)) + "; 1.0, 2.0 and 3.0 can be read");
  }
  const std::size_t length_bytes = major == 1 ? 2 : 4;
  if (text.size() - kLength < length_bytes) broken(cut);
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) {
    length |= std::size_t{byte(kLength + i)} << (8 * i);
  }
  const std::size_t begin = kLength + length_bytes;
  if (length > text.size() - begin) broken(cut);
  return {parse_dictionary(text.substr(begin, length), name), begin + length};
}

MappedArray parse_npy(std::shared_ptr<const ByteStore> store, std::size_t offset,
                      std::size_t length, const std::string& name) {
  NpyHeader header = parse_npy_header(store->bytes().subspan(offset, length), name);
  return {name, std::move(header.layout), std::move(store), offset + header.size,
          length - header.size};
}

}  // namespace esscher::internal
