#include "io/lone_name.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>
#include <vector>

namespace esscher::internal {
namespace {

constexpr std::size_t kLines = 100;

/// The first lines that hold something.
std::vector<std::string_view> first_lines(std::string_view body) {
  std::vector<std::string_view> lines;
  for (std::size_t at = 0; at < body.size() && lines.size() <= kLines;) {
    const std::size_t end = std::min(body.find('\n', at), body.size());
    const std::string_view line = body.substr(at, end - at);
    if (line.find_first_not_of(" \r") != std::string_view::npos) lines.push_back(line);
    at = end + 1;
  }
  return lines;
}

std::size_t count_words(std::string_view line) {
  std::size_t words = 0;
  bool blank = true;
  for (const char letter : line) {
    const bool is_blank = letter == ' ' || letter == '\t' || letter == '\r';
    words += blank && !is_blank ? 1 : 0;
    blank = is_blank;
  }
  return words;
}

/// Fields that the mark outside quotes parts; a list such as [0.1, 0.2] is one.
std::size_t count_fields(std::string_view line, char mark) {
  if (std::string_view("[({").find(line[0]) != std::string_view::npos) return 1;
  std::size_t fields = 1;
  bool quoted = false;
  for (const char letter : line) {
    if (letter == '"') quoted = !quoted;
    fields += !quoted && letter == mark ? 1 : 0;
  }
  return fields;
}

/// The commonest of the lines' values behind the first line, if most have it; else 0.
template <class Value>
std::size_t usual(const std::vector<std::string_view>& lines, Value value) {
  std::map<std::size_t, std::size_t> counts;
  for (std::size_t i = 1; i < lines.size(); ++i) ++counts[value(lines[i])];
  if (counts.empty()) return 0;
  const auto most =
      std::ranges::max_element(counts, {}, [](const auto& each) { return each.second; });
  return 2 * most->second > lines.size() - 1 ? most->first : 0;
}

}  // namespace

std::string lone_name_advice(std::string_view body) {
  const std::vector<std::string_view> lines = first_lines(body);
  if (lines.empty()) return "";
  for (const char mark : {',', ';', '\t', '|'}) {
    const std::size_t fields =
        usual(lines, [mark](std::string_view line) { return count_fields(line, mark); });
    // Two may be a number with a decimal comma.
    if (fields < 3) continue;
    return "most lines behind it have " + std::to_string(fields) +
           " fields: remove what stands before the names of columns, or begin it with '#'; if it "
           "is one column, say --delimiter " +
           (mark == '\t' ? "comma" : "tab");
  }
  const std::size_t words = count_words(lines[0]);
  const bool wide = std::ranges::any_of(
      lines, [](std::string_view line) { return line.find("  ") != std::string_view::npos; });
  if (words < 2 || !wide || usual(lines, count_words) != words) return "";
  return "several blanks between fields are not read: awk '{$1=$1; print}' OFS=, puts commas there";
}

}  // namespace esscher::internal
