#include "esscher/io/jsonl.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"
#include "io/byte_source.h"
#include "io/table_input.h"

namespace esscher {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::size_t kFirstRows = 1000;
constexpr std::size_t kFirstBytes = std::size_t{1} << 24;
constexpr std::size_t kLongestRow = std::size_t{1} << 24;
constexpr int kDeepest = 16;

/// What a key has in all rows, but for those that lack it.
enum class Shape { unknown, scalar, numbers, list, object };

const char* shape_text(Shape shape) {
  switch (shape) {
    case Shape::scalar:
      return "a single value";
    case Shape::numbers:
      return "a list of numbers";
    case Shape::list:
      return "a list";
    default:
      return "an object";
  }
}

struct Key {
  Shape shape = Shape::unknown;
  std::size_t length = 0;        ///< of a list of numbers
  std::uint64_t shaped_row = 0;  ///< the first that has it
  std::uint64_t last_row = 0;    ///< the last one seen
  std::size_t column = 0;        ///< its only or first one
};

struct TextHash {
  using is_transparent = void;  // NOLINT(readability-identifier-naming): the library's name
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};
using Keys = std::unordered_map<std::string, Key, TextHash, std::equal_to<>>;

bool is_blank(char letter) { return letter == ' ' || letter == '\t' || letter == '\r'; }

/// Whether it is a number after RFC 8259.
bool is_json_number(std::string_view token) {
  const auto take_digits = [&] {
    std::size_t count = 0;
    while (count < token.size() && token[count] >= '0' && token[count] <= '9') ++count;
    token.remove_prefix(count);
    return count;
  };
  if (token.starts_with('-')) token.remove_prefix(1);
  const bool zero = token.starts_with('0');
  const std::size_t whole = take_digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (token.starts_with('.')) {
    token.remove_prefix(1);
    if (take_digits() == 0) return false;
  }
  if (token.starts_with('e') || token.starts_with('E')) {
    token.remove_prefix(1);
    if (token.starts_with('-') || token.starts_with('+')) token.remove_prefix(1);
    if (take_digits() == 0) return false;
  }
  return token.empty();
}

/// A scalar that is no text, as the field of a table; nothing where it is none.
std::optional<std::string_view> field_of(std::string_view token) {
  while (!token.empty() && (is_blank(token.back()) || token.back() == '\n')) token.remove_suffix(1);
  if (token == "null") return "";
  if (token == "true") return "1";
  if (token == "false") return "0";
  if (token == "NaN" || token == "Infinity" || token == "-Infinity") return token;
  if (is_json_number(token)) return token;
  return {};
}

bool is_scalar(std::string_view token) {
  return !token.starts_with('{') && !token.starts_with('[') && !token.starts_with('"');
}

}  // namespace

/// The lines, cut into fields. Holds the first rows until they have been given, and one row.
class JsonlReader::Rows {
 public:
  Rows(internal::BlockInput input, const std::string& name)
      : name_(name), input_(std::move(input)) {
    const std::string_view first = internal::text_of(input_.first());
    at_ = first.data();
    end_ = at_ + first.size();
    std::size_t bytes = 0;
    std::string line;
    while (held_.size() < kFirstRows && bytes < kFirstBytes && read_line(line)) {
      bytes += line.size();
      held_.push_back(line);
    }
    if (held_.empty()) {
      throw DataError(name_ + ": the file is empty; it must hold an object a line");
    }
    learning_ = true;
    for (std::string& text : held_) {
      ++row_;
      read_row(text);
    }
    first_rows_ = row_;
    learning_ = false;
    row_ = 0;
    for (auto& [key_name, key] : keys_) key.last_row = 0;
  }

  /// Names the columns, in the order in which keys come.
  std::vector<std::string> columns() {
    std::vector<std::string> names;
    for (const std::string& name : order_) {
      Key& key = keys_.find(name)->second;
      key.column = names.size();
      if (key.shape == Shape::object) continue;
      if (key.shape != Shape::numbers) names.push_back(name);
      for (std::size_t i = 0; i < key.length; ++i) {
        names.push_back(name + "[" + std::to_string(i) + "]");
      }
    }
    if (names.empty()) throw DataError(name_ + ": its objects have no keys; keys name the columns");
    std::unordered_set<std::string_view> seen;
    for (const std::string& name : names) {
      if (seen.insert(name).second) continue;
      throw DataError(name_ + ": two columns would be named " + in_quotes(name) +
                      ", one of them from within a list or an object; rename one");
    }
    width_ = names.size();
    return names;
  }

  bool next(std::vector<std::string_view>& fields) {
    if (next_held_ < held_.size()) {
      line_ = std::move(held_[next_held_++]);
    } else if (!read_line(line_)) {
      return false;
    }
    ++row_;
    fields.assign(width_, {});
    fields_ = &fields;
    read_row(line_);
    return true;
  }

  std::uint64_t row() const { return row_; }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw DataError(name_ + ": row " + std::to_string(row_) + ": " + what);
  }
  [[noreturn]] void refuse(std::string_view key, const std::string& what) const {
    refuse("key " + in_quotes(key) + ": " + what);
  }
  template <class Result>
  auto must(Result result) const {
    if (result.error() != simdjson::SUCCESS) {
      refuse(std::string("no JSON (") + simdjson::error_message(result.error()) +
             "); each line must be a whole object, as jq -c writes it");
    }
    return std::move(result).value_unsafe();
  }

  /// The next line that is not empty, without its end; false behind the last.
  bool read_line(std::string& line) {
    line.clear();
    while (true) {
      if (at_ == end_) {
        const std::string_view block = input_.next();
        at_ = block.data();
        end_ = at_ + block.size();
        if (block.empty()) return !std::ranges::all_of(line, is_blank);
      }
      const void* found = std::memchr(at_, '\n', static_cast<std::size_t>(end_ - at_));
      const char* stop = found == nullptr ? end_ : static_cast<const char*>(found);
      line.append(at_, stop);
      if (line.size() > kLongestRow) {
        throw DataError(name_ + ": a row is longer than 16 MiB; end each object's line");
      }
      at_ = found == nullptr ? end_ : stop + 1;
      if (found == nullptr) continue;
      if (!std::ranges::all_of(line, is_blank)) return true;
      line.clear();
    }
  }

  void read_row(std::string& line) {
    const char first = *std::ranges::find_if_not(line, is_blank);
    if (first == '[' && row_ == 1) {
      refuse("a list; write its objects one a line, as jq -c '.[]' does");
    }
    if (first != '{') refuse("no object; each line must be one, {\"column\": value, ...}");
    line.reserve(line.size() + simdjson::SIMDJSON_PADDING);
    ondemand::document document = must(parser_.iterate(line.data(), line.size(), line.capacity()));
    read_object(must(document.get_object()), "", 1);
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS)
      refuse("text behind the object; write one object a line");
  }

  void read_object(ondemand::object object, const std::string& prefix, int depth) {
    if (depth > kDeepest) refuse("objects within objects, more than 16 deep");
    for (auto result : object) {
      ondemand::field field = must(std::move(result));
      const std::string_view key = must(field.unescaped_key());
      if (prefix.empty()) {
        read_value(key, field.value(), depth);
      } else {
        read_value(prefix + "." + std::string(key), field.value(), depth);
      }
    }
  }

  void read_value(std::string_view name, ondemand::value value, int depth) {
    Key& key = find(name);
    if (key.last_row == row_) refuse(name, "there twice; rename one");
    key.last_row = row_;
    const std::string_view token = value.raw_json_token();
    if (token.starts_with('{')) {
      settle(name, key, Shape::object, 0);
      read_object(must(value.get_object()), std::string(name), depth + 1);
    } else if (token.starts_with('[')) {
      read_list(name, key, must(value.get_array()));
    } else if (token.starts_with('"')) {
      settle(name, key, Shape::scalar, 0);
      const std::string_view text = must(value.get_string());
      if (!learning_) (*fields_)[key.column] = text;
    } else {
      const std::optional<std::string_view> field = field_of(token);
      if (!field) refuse(name, in_quotes(token) + " is no JSON; write numbers, texts or null");
      if (field->empty()) return;  // null, whatever the others are
      settle(name, key, Shape::scalar, 0);
      if (!learning_) (*fields_)[key.column] = *field;
    }
  }

  void read_list(std::string_view name, Key& key, ondemand::array list) {
    if (key.shape == Shape::list && !learning_) {
      (*fields_)[key.column] = must(list.raw_json());
      return;
    }
    std::size_t length = 0;
    bool numbers = true;
    for (auto result : list) {
      ondemand::value value = must(result);
      const std::string_view token = value.raw_json_token();
      const std::optional<std::string_view> field =
          is_scalar(token) ? field_of(token) : std::nullopt;
      numbers = numbers && field.has_value();
      if (numbers && !learning_ && length < key.length) (*fields_)[key.column + length] = *field;
      ++length;
    }
    settle(name, key, numbers ? Shape::numbers : Shape::list, length);
  }

  Key& find(std::string_view name) {
    const auto found = keys_.find(name);
    if (found != keys_.end()) return found->second;
    if (!learning_) {
      refuse(name,
             "in none of the first " + std::to_string(first_rows_) +
                 " rows, which tell the columns; write it there, as null where it is missing");
    }
    if (name.empty()) refuse("a key without a name; keys name the columns");
    order_.emplace_back(name);
    return keys_.emplace(name, Key{}).first->second;
  }

  /// Refuses what is not of the key's shape; while rows are learned from, the first ones give it.
  void settle(std::string_view name, Key& key, Shape shape, std::size_t length) const {
    // Of the first rows, one list of texts makes all lists texts.
    const bool lists = (key.shape == Shape::numbers && shape == Shape::list) ||
                       (key.shape == Shape::list && shape == Shape::numbers);
    if (learning_ && (key.shape == Shape::unknown || lists)) {
      key.shape = lists ? Shape::list : shape;
      key.length = key.shape == Shape::numbers ? length : 0;
      if (!lists) key.shaped_row = row_;
      return;
    }
    const std::string before = " where row " + std::to_string(key.shaped_row) + " has ";
    if (key.shape == Shape::unknown) {
      refuse(name, std::string(shape_text(shape)) + " where the first " +
                       std::to_string(first_rows_) + " rows have null; write one of them there");
    }
    if (key.shape != shape) {
      refuse(name, shape_text(shape) + before + shape_text(key.shape) + "; write all alike");
    }
    if (shape == Shape::numbers && key.length != length) {
      refuse(name, "a list of " + std::to_string(length) + before + std::to_string(key.length) +
                       "; lists of numbers must have one length");
    }
  }

  std::string name_;
  internal::BlockInput input_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  ondemand::parser parser_;
  Keys keys_;
  std::vector<std::string> order_;  ///< the keys as they came
  bool learning_ = false;           ///< reads for the keys, not for the values
  std::vector<std::string> held_;   ///< the first rows
  std::size_t next_held_ = 0;
  std::uint64_t first_rows_ = 0;
  std::size_t width_ = 0;
  std::string line_;
  std::uint64_t row_ = 0;
  std::vector<std::string_view>* fields_ = nullptr;  ///< of the row that is read
};

JsonlReader::JsonlReader(internal::BlockInput input, const std::string& name,
                         const TableFormat& format)
    : rows_(std::make_unique<Rows>(std::move(input), name)) {
  name_ = name;
  columns_ = rows_->columns();
  numbers_.missing = format.missing;
  numbers_.fixed = true;
  if (!internal::is_named_jsonl(name)) remark_ = name + ": read as JSON lines.";
}
JsonlReader JsonlReader::over(std::string_view bytes, const std::string& name,
                              const TableFormat& format) {
  return {internal::table_input_over(bytes, name), name, format};
}
JsonlReader::JsonlReader(JsonlReader&&) noexcept = default;
JsonlReader& JsonlReader::operator=(JsonlReader&&) noexcept = default;
JsonlReader::~JsonlReader() = default;

bool JsonlReader::next(std::vector<std::string_view>& fields) { return rows_->next(fields); }
std::uint64_t JsonlReader::row() const { return rows_->row(); }

}  // namespace esscher
