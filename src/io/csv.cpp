#include "esscher/io/csv.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"
#include "io/byte_source.h"
#include "io/dialect.h"
#include "io/lone_name.h"
#include "io/table_input.h"

namespace esscher {
namespace {

constexpr std::size_t kLongestField = std::size_t{1} << 24;
constexpr std::size_t kMostColumns = 1'000'000;

/// What a table of that name has between its fields as a matter of course.
char plain_delimiter(std::string_view path) {
  for (const std::string_view packed : {".gz", ".zst"}) {
    if (path.ends_with(packed)) path.remove_suffix(packed.size());
  }
  for (const std::string_view end : {".tsv", ".TSV", ".tab"}) {
    if (path.ends_with(end)) return '\t';
  }
  return ',';
}

}  // namespace

/// The bytes, cut into fields. Holds one row.
class CsvReader::Text {
 public:
  Text(internal::BlockInput input, const std::string& name, const TableFormat& format)
      : name_(name), input_(std::move(input)) {
    const std::string_view first = internal::text_of(input_.first());
    const char plain = plain_delimiter(name);
    dialect_ = internal::find_dialect(first, input_.first_is_all(), format, plain, name);
    remark_ = dialect_.remark(name, plain);
    delimiter_ = dialect_.delimiter;
    at_ = first.data() + dialect_.begin;
    end_ = first.data() + first.size();
    // Other marks than that which a user names are text.
    if (format.delimiter.empty()) {
      lone_name_ = internal::lone_name_advice(first.substr(dialect_.begin));
    }
  }

  const internal::NumberFormat& numbers() const { return dialect_.numbers; }
  const std::string& remark() const { return remark_; }
  bool blanks() const { return dialect_.blanks; }
  const std::string& lone_name() const { return lone_name_; }
  std::uint64_t row() const { return row_; }

  [[noreturn]] void refuse(std::string_view what) const {
    throw DataError(name_ + ": " + (in_header_ ? "header" : "row " + std::to_string(row_)) + ": " +
                    std::string(what));
  }

  void read_header(std::vector<std::string>& columns) {
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

  /// Whether there is a byte at at_.
  bool more() {
    if (at_ != end_) return true;
    const std::string_view block = input_.next();
    at_ = block.data();
    end_ = at_ + block.size();
    return !block.empty();
  }

  /// Past empty lines; in a table of one column they are missing values, and so are those of
  /// blanks.
  void skip_empty_lines() {
    while (expected_ > 1 && more() && (*at_ == '\n' || *at_ == '\r')) {
      if (*at_++ == '\n') continue;
      if (!more() || *at_++ != '\n') refuse_carriage_return();
    }
  }

  /// Reads a row into text_. Returns how many fields it has; 0 at the end.
  std::uint64_t read_fields() {
    skip_empty_lines();
    text_.clear();
    ends_.clear();
    if (!more()) return 0;
    std::uint64_t count = 0;
    End end = End::field;
    while (end == End::field) {
      field_begin_ = text_.size();
      end = read_field();
      ++count;
      if (count <= expected_) {
        ends_.push_back(text_.size());
      } else {
        last_is_empty_ = text_.size() == field_begin_;
        text_.resize(field_begin_);  // counted, not kept
      }
    }
    return count;
  }

  bool read_row(std::vector<std::string_view>& fields) {
    std::uint64_t count = 0;
    do {
      count = read_fields();
    } while (count == 1 && expected_ > 1 && text_.find_first_not_of(' ') == std::string::npos);
    if (count == 0) return false;
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
      if (count > kMostColumns)
        refuse(counted(count, "field") + "; at most a million columns are read");
      return;
    }
    if (count == expected_) return;
    std::string remedy = "quote a field that holds a delimiter";
    if (row_ == 1 && count == expected_ + 1) {
      remedy += last_is_empty_ ? ", or remove the delimiter that ends each row"
                               : ", or write the table without names of rows (R: row.names=FALSE)";
    } else if (row_ == 1 && count > expected_) {
      remedy += ", or remove what stands before the names of columns";
    }
    refuse(counted(count, "field") + " where the header has " + std::to_string(expected_) + "; " +
           remedy);
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
        refuse("text behind a closing quote; double the quotes inside a quoted field" +
               std::string(dialect_.blanks ? ", or say --delimiter space" : ""));
      }
    }
    refuse("the file ends inside a quoted field; close its quote");
  }

  /// Behind the delimiter or line end at at_.
  End pass_end() {
    const char letter = *at_++;
    if (letter == delimiter_) return End::field;
    if (letter == '\r' && (!more() || *at_++ != '\n')) refuse_carriage_return();
    return End::line;
  }

  [[noreturn]] void refuse_carriage_return() const {
    refuse("a carriage return without a line feed; end lines in LF or CRLF");
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
  internal::BlockInput input_;
  internal::Dialect dialect_;
  std::string remark_;
  std::string lone_name_;
  char delimiter_ = ',';
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  bool in_header_ = true;
  std::uint64_t row_ = 0;
  std::uint64_t expected_ = 0;     ///< fields kept of a row
  std::size_t field_begin_ = 0;    ///< in text_
  bool last_is_empty_ = false;     ///< of the fields that are not kept
  std::string text_;               ///< the row's fields, one behind another
  std::vector<std::size_t> ends_;  ///< of the fields, in text_
};

CsvReader::CsvReader(internal::BlockInput input, const std::string& name, const TableFormat& format)
    : text_(std::make_unique<Text>(std::move(input), name, format)) {
  name_ = name;
  numbers_ = text_->numbers();
  remark_ = text_->remark();
  read_header();
}
CsvReader::CsvReader(const std::string& path, const TableFormat& format)
    : CsvReader(internal::open_table_input(path, format), table_name(path), format) {}
CsvReader CsvReader::over(std::string_view bytes, const std::string& name,
                          const TableFormat& format) {
  return {internal::table_input_over(bytes, name), name, format};
}
CsvReader::CsvReader(CsvReader&&) noexcept = default;
CsvReader& CsvReader::operator=(CsvReader&&) noexcept = default;
CsvReader::~CsvReader() = default;

void CsvReader::read_header() {
  text_->read_header(columns_);
  // Hardly anybody means the blank of "a, b".
  for (std::string& column : columns_) {
    column.erase(column.find_last_not_of(" \t") + 1);
    column.erase(0, column.find_first_not_of(" \t"));
  }
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
  if (columns_.size() == 1 &&
      (text_->blanks() || columns_[0].find_first_of(";\t,|") != std::string::npos)) {
    throw DataError(name() + ": header: one column, named " + in_quotes(columns_[0]) +
                    "; say by --delimiter what parts the fields" +
                    (text_->blanks() ? ": --delimiter space for blanks" : ""));
  }
  if (columns_.size() == 1 && !text_->lone_name().empty()) {
    throw DataError(name() + ": header: one column, named " + in_quotes(columns_[0]) + "; " +
                    text_->lone_name());
  }
  refuse_numbers();
}

/// Columns may be called 0, 1, 2; numbers such as 0.31 are a row of a table that names no columns.
void CsvReader::refuse_numbers() const {
  bool whole = true;
  for (const std::string& column : columns_) {
    double value = 0;
    if (numbers_.read(column, value) != internal::CsvNumber::number) return;
    whole = whole && std::ranges::all_of(column, [](char c) { return c >= '0' && c <= '9'; });
  }
  if (whole) return;
  throw DataError(name() + ": header: only numbers, " + list_in_quotes(columns_) +
                  "; the first row must name the columns");
}

bool CsvReader::next(std::vector<std::string_view>& fields) { return text_->next(fields); }
std::uint64_t CsvReader::row() const { return text_->row(); }

}  // namespace esscher
