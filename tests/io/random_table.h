#pragma once

/// \file
/// A table of numbers and texts, and the ways in which programs write such a table.

#include <rapidcheck.h>

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

namespace esscher {

/// Columns c0, c1, ... of numbers and a column t of text. NaN is missing.
struct RandomTable {
  std::vector<std::vector<double>> numbers;  ///< by rows; c0 is a whole number and a half
  std::vector<std::string> texts;
};

inline RandomTable random_table() {
  const auto rows = *rc::gen::inRange<std::size_t>(1, 8);
  const auto columns = *rc::gen::inRange<std::size_t>(1, 5);
  const auto number = rc::gen::oneOf(
      rc::gen::map(rc::gen::inRange(-2'000'000, 2'000'000), [](int i) { return double(i); }),
      rc::gen::map(rc::gen::inRange(-2'000'000, 2'000'000), [](int i) { return i / 1000.0; }),
      rc::gen::suchThat(rc::gen::arbitrary<double>(), [](double x) { return std::isfinite(x); }),
      rc::gen::just(std::nan("")));
  const auto letters = rc::gen::container<std::string>(
      rc::gen::element('a', ',', ';', '|', '\t', '"', '\n', ' ', '7', '.', '{'));
  RandomTable table;
  for (std::size_t i = 0; i < rows; ++i) {
    std::vector<double> row{*rc::gen::inRange(-2000, 2000) + 0.5};
    for (std::size_t j = 1; j < columns; ++j) row.push_back(*number);
    table.numbers.push_back(row);
    // No number, which would speak for its own mark.
    table.texts.push_back(*letters +
                          *rc::gen::element<std::string>("x", "\u00E9", "\u20AC", "\U0001D11E"));
  }
  return table;
}

struct TextDialect {
  char delimiter = ',';
  char decimal = '.';
  std::string thousands = {};
  std::string end = "\n";
  std::string missing = {};
  bool quotes = false;
  bool byte_order_mark = false;
  bool comments = false;
  bool empty_lines = false;
};

inline std::string shortest_text(double value) {
  std::array<char, 32> buffer;
  return {buffer.data(), std::to_chars(buffer.data(), buffer.data() + 32, value).ptr};
}

inline std::string number_in(const TextDialect& dialect, double value) {
  if (std::isnan(value)) return dialect.missing;
  std::string text = shortest_text(value);
  const std::size_t point = text.find('.');
  if (point != std::string::npos) text[point] = dialect.decimal;
  const std::size_t first = text[0] == '-' ? 1 : 0;
  std::size_t end = first;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  if (dialect.thousands.empty()) return text;
  for (std::size_t at = end; at > first + 3;) text.insert(at -= 3, dialect.thousands);
  return text;
}

inline std::string table_text(const RandomTable& table, const TextDialect& dialect) {
  const auto field = [&](const std::string& text) {
    const bool needs =
        text.find_first_of(std::string("\"\r\n") + dialect.delimiter) != std::string::npos;
    if (!dialect.quotes && !needs) return text;
    std::string quoted = "\"";
    for (const char letter : text) quoted += letter == '"' ? "\"\"" : std::string(1, letter);
    return quoted + '"';
  };
  std::string bytes = dialect.byte_order_mark ? "\xEF\xBB\xBF" : "";
  if (dialect.comments) bytes += "# a table; of numbers, and one text" + dialect.end;
  for (std::size_t j = 0; j < table.numbers[0].size(); ++j) {
    bytes += field("c" + std::to_string(j)) + dialect.delimiter;
  }
  bytes += field("t") + dialect.end;
  for (std::size_t i = 0; i < table.numbers.size(); ++i) {
    if (dialect.empty_lines) bytes += dialect.end;
    for (const double value : table.numbers[i]) {
      bytes += field(number_in(dialect, value)) + dialect.delimiter;
    }
    bytes += field(table.texts[i]) + dialect.end;
  }
  return bytes;
}

/// The same as JSON lines. \param lists  numbers from c1 on as a list; else missing ones are left
/// out
inline std::string table_jsonl(const RandomTable& table, bool lists) {
  std::string bytes;
  for (std::size_t i = 0; i < table.numbers.size(); ++i) {
    const std::vector<double>& row = table.numbers[i];
    bytes += "{\"c0\": " + shortest_text(row[0]);
    if (lists) bytes += ", \"c\": [";
    for (std::size_t j = 1; j < row.size(); ++j) {
      const std::string value = std::isnan(row[j]) ? "null" : shortest_text(row[j]);
      if (lists) {
        bytes += (j == 1 ? "" : ", ") + value;
      } else if (i == 0 || !std::isnan(row[j])) {
        bytes += ", \"c" + std::to_string(j) + "\": " + value;
      }
    }
    bytes += std::string(lists ? "]" : "") + ", \"t\": \"";
    for (const char letter : table.texts[i]) {
      if (letter == '"') bytes += '\\';
      bytes += letter == '\n' ? "\\n" : letter == '\t' ? "\\t" : std::string(1, letter);
    }
    bytes += "\"}\n";
  }
  return bytes;
}

}  // namespace esscher
