#include "esscher/io/csv.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"

namespace esscher {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;
constexpr std::size_t kLongestField = std::size_t{1} << 24;
constexpr std::size_t kMostColumns = 1'000'000;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool same_word(std::string_view text, std::string_view word) {
  return std::ranges::equal(text, word, {}, lower);
}

std::string fields_text(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " field" : " fields");
}

}  // namespace

/// The bytes, cut into fields. Holds one row.
class CsvReader::Text {
 public:
  explicit Text(const std::string& path) : name_(path), block_(kBlock) {
    delimiter_ =
        path.size() >= 4 && same_word(std::string_view(path).substr(path.size() - 4), ".tsv") ? '\t'
                                                                                              : ',';
    errno = 0;
    file_.reset(std::fopen(path.c_str(), "rb"));
    if (!file_) refuse_to_read();
    at_ = end_ = block_.data();
  }
  Text(std::string_view bytes, const std::string& name, char delimiter)
      : name_(name), delimiter_(delimiter), at_(bytes.data()), end_(at_ + bytes.size()) {}

  const std::string& name() const { return name_; }
  std::uint64_t row() const { return row_; }

  [[noreturn]] void refuse(std::string_view what) const {
    throw DataError(name_ + ": " + (in_header_ ? "header" : "row " + std::to_string(row_)) + ": " +
                    std::string(what));
  }

  void read_header(std::vector<std::string>& columns) {
    skip_mark();
    std::vector<std::string_view> fields;
    expected_ = kMostColumns;
    if (!read_row(fields)) {
      throw DataError(name_ + ": the file is empty; its first row must name the columns");
    }
    columns.assign(fields.begin(), fields.end());
    expected_ = columns.size();
    in_header_ = false;
  }

  bool next(std::vector<std::string_view>& fields) {
    ++row_;
    if (read_row(fields)) return true;
    --row_;
    return false;
  }

 private:
  enum class End { field, line, file };

  [[noreturn]] void refuse_to_read() const {
    throw IoError(name_ + ": cannot be read (" + std::strerror(errno) + ")");
  }

  /// Whether there is a byte at at_.
  bool more() {
    if (at_ != end_) return true;
    if (!file_) return false;
    errno = 0;
    const std::size_t count = std::fread(block_.data(), 1, block_.size(), file_.get());
    if (count == 0 && std::ferror(file_.get()) != 0) refuse_to_read();
    at_ = block_.data();
    end_ = at_ + count;
    return count != 0;
  }

  void skip_mark() {
    if (!more()) return;
    const std::string_view start(at_, static_cast<std::size_t>(end_ - at_));
    if (start.starts_with("\xEF\xBB\xBF")) at_ += 3;
    if (start.starts_with("\xFF\xFE") || start.starts_with("\xFE\xFF")) {
      throw DataError(name_ + ": the file is UTF-16; save it as UTF-8");
    }
  }

  bool read_row(std::vector<std::string_view>& fields) {
    if (!more()) return false;
    text_.clear();
    ends_.clear();
    std::uint64_t count = 0;
    End end = End::field;
    while (end == End::field) {
      field_begin_ = text_.size();
      end = read_field();
      ++count;
      if (count <= expected_) {
        ends_.push_back(text_.size());
      } else {
        text_.resize(field_begin_);  // counted, not kept
      }
    }
    check_count(count);
    check_bytes();
    fields.clear();
    std::size_t begin = 0;
    for (const std::size_t stop : ends_) {
      fields.emplace_back(text_.data() + begin, stop - begin);
      begin = stop;
    }
    return true;
  }

  void check_count(std::uint64_t count) const {
    if (in_header_) {
      if (count > kMostColumns) refuse(fields_text(count) + "; at most a million columns are read");
      return;
    }
    if (count == expected_) return;
    const std::string header = " where the header has " + std::to_string(expected_);
    if (count == 1 && text_.empty()) refuse("an empty line" + header + " fields; remove it");
    refuse(fields_text(count) + header + "; quote a field that holds a delimiter");
  }

  void append(const char* stop) {
    text_.append(at_, stop);
    at_ = stop;
    if (text_.size() - field_begin_ > kLongestField) {
      refuse("a field is longer than 16 MiB; is a closing quote missing?");
    }
  }

  End read_field() { return more() && *at_ == '"' ? read_quoted() : read_plain(); }

  End read_plain() {
    while (more()) {
      const char* stop = at_;
      while (stop != end_ && *stop != delimiter_ && *stop != '\n' && *stop != '\r' &&
             *stop != '"') {
        ++stop;
      }
      append(stop);
      if (at_ == end_) continue;
      if (*at_ == '"') {
        refuse(
            "a quote inside a field that does not begin with one; quote the field and double it");
      }
      return pass_end();
    }
    return End::file;
  }

  End read_quoted() {
    ++at_;
    while (more()) {
      const void* found = std::memchr(at_, '"', static_cast<std::size_t>(end_ - at_));
      append(found == nullptr ? end_ : static_cast<const char*>(found));
      if (at_ == end_) continue;
      ++at_;
      if (!more()) return End::file;
      if (*at_ == '"') {
        append(at_ + 1);
      } else if (*at_ == delimiter_ || *at_ == '\n' || *at_ == '\r') {
        return pass_end();
      } else {
        refuse("text behind a closing quote; double the quotes inside a quoted field");
      }
    }
    refuse("the file ends inside a quoted field; close its quote");
  }

  /// Behind the delimiter or line end at at_.
  End pass_end() {
    const char letter = *at_++;
    if (letter == delimiter_) return End::field;
    if (letter == '\r' && (!more() || *at_++ != '\n')) {
      refuse("a carriage return without a line feed; end lines in LF or CRLF");
    }
    return End::line;
  }

  /// Refuses NUL and what is not UTF-8. Plain ASCII, the common case, is one fast pass.
  void check_bytes() const {
    const bool plain = std::none_of(text_.begin(), text_.end(), [](char letter) {
      return static_cast<signed char>(letter) <= 0;
    });
    if (plain) return;
    std::size_t begin = 0;
    for (std::size_t field = 0; field < ends_.size(); ++field) {
      std::string_view rest(text_.data() + begin, ends_[field] - begin);
      const std::string where = "field " + std::to_string(field + 1) + ": ";
      while (!rest.empty()) {
        if (rest[0] == '\0') refuse(where + "a NUL byte; the file must be text");
        const std::size_t length = code_point_length(rest);
        if (length == 0) {
          std::array<char, 8> hex{};
          std::snprintf(hex.data(), hex.size(), "0x%02X", static_cast<unsigned char>(rest[0]));
          refuse(where + "byte " + hex.data() + " is not UTF-8; save the file as UTF-8");
        }
        rest.remove_prefix(length);
      }
      begin = ends_[field];
    }
  }

  std::string name_;
  char delimiter_ = ',';
  std::unique_ptr<std::FILE, CloseFile> file_;  ///< none over memory
  std::vector<char> block_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  bool in_header_ = true;
  std::uint64_t row_ = 0;
  std::uint64_t expected_ = 0;     ///< fields kept of a row
  std::size_t field_begin_ = 0;    ///< in text_
  std::string text_;               ///< the row's fields, one behind another
  std::vector<std::size_t> ends_;  ///< of the fields, in text_
};

CsvReader::CsvReader(std::unique_ptr<Text> text) : text_(std::move(text)) { read_header(); }
CsvReader::CsvReader(const std::string& path) : CsvReader(std::make_unique<Text>(path)) {}
CsvReader CsvReader::over(std::string_view bytes, const std::string& name, char delimiter) {
  return CsvReader(std::make_unique<Text>(bytes, name, delimiter));
}
CsvReader::CsvReader(CsvReader&&) noexcept = default;
CsvReader& CsvReader::operator=(CsvReader&&) noexcept = default;
CsvReader::~CsvReader() = default;

void CsvReader::read_header() {
  text_->read_header(columns_);
  // Row numbers, as pandas and R write them: by the name that pandas reads back.
  if (columns_.size() > 1 && columns_[0].empty()) {
    columns_[0] = "Unnamed: 0";
    for (int copy = 1; std::count(columns_.begin(), columns_.end(), columns_[0]) > 1; ++copy) {
      columns_[0] = "Unnamed: 0." + std::to_string(copy);
    }
  }
  std::unordered_map<std::string_view, std::size_t> seen;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::string position = std::to_string(i + 1);
    const auto refuse = [&](const std::string& what) {
      throw DataError(name() + ": header: " + what);
    };
    if (columns_[i].empty()) {
      refuse("column " + position + " has no name; name it or remove it (pandas: index=False)");
    }
    const auto [found, is_new] = seen.emplace(columns_[i], i);
    if (!is_new) {
      refuse("columns " + std::to_string(found->second + 1) + " and " + position +
             " are both named " + in_quotes(columns_[i]) + "; rename one");
    }
  }
  if (columns_.size() == 1 && columns_[0].find_first_of(";\t,") != std::string::npos) {
    throw DataError(name() + ": header: one column, named " + in_quotes(columns_[0]) +
                    "; divide fields by commas, or by tabs in a file whose name ends in .tsv");
  }
}

const std::string& CsvReader::name() const { return text_->name(); }
const std::vector<std::string>& CsvReader::columns() const { return columns_; }
bool CsvReader::next(std::vector<std::string_view>& fields) { return text_->next(fields); }
std::uint64_t CsvReader::row() const { return text_->row(); }

void CsvReader::refuse(std::size_t column, std::string_view what) const {
  throw DataError(name() + ": row " + std::to_string(row()) + ", column " +
                  shown(columns_.at(column)) + ": " + std::string(what));
}

double parse_csv_number(std::string_view field, const CsvReader& reader, std::size_t column) {
  double value = 0;
  switch (internal::read_csv_number(field, value)) {
    case internal::CsvNumber::number:
      return value;
    case internal::CsvNumber::missing:
      return std::nan("");
    case internal::CsvNumber::infinite:
      reader.refuse(column, in_quotes(field) + " is not finite; give a number or nothing");
    case internal::CsvNumber::too_large:
      reader.refuse(column, in_quotes(field) + " is beyond the largest double, 1.8e308");
    case internal::CsvNumber::text:
      break;
  }
  reader.refuse(column, in_quotes(field) + " is not a number; a missing value is an empty field");
}

internal::CsvNumber internal::read_csv_number(std::string_view field, double& value) {
  const auto is_space = [](char letter) { return letter == ' ' || letter == '\t'; };
  while (!field.empty() && is_space(field.front())) field.remove_prefix(1);
  while (!field.empty() && is_space(field.back())) field.remove_suffix(1);
  if (field.empty() || same_word(field, "na") || same_word(field, "nan")) return CsvNumber::missing;
  std::string_view digits = field;
  // from_chars knows no plus sign; behind one, it must not find another sign.
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  const char* end = digits.data() + digits.size();
  double parsed = 0;
  const auto result = std::from_chars(digits.data(), end, parsed);
  if (result.ptr != end || result.ec == std::errc::invalid_argument) return CsvNumber::text;
  if (result.ec == std::errc::result_out_of_range) {
    // from_chars does not say on which side: below 1 unless the exponent is positive.
    const std::size_t exponent = digits.find_first_of("eE");
    const bool tiny = exponent != std::string_view::npos
                          ? digits.substr(exponent + 1).starts_with('-')
                          : digits.find('.') < 3;
    if (!tiny) return CsvNumber::too_large;
    parsed = 0;
  }
  if (std::isnan(parsed)) return CsvNumber::text;  // "-nan", "nan(1)"
  value = parsed;
  if (std::isinf(parsed)) return CsvNumber::infinite;
  return CsvNumber::number;
}

}  // namespace esscher
