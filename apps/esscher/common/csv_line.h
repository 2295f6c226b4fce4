#pragma once

#include <cmath>
#include <optional>
#include <string>

#include "esscher/base/number_text.h"

namespace esscher::app {

/// \p text as a field: in quotes where it holds what would end it.
inline std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + "\"";
}

/// A line of a CSV file under construction. Numbers that are not finite are left empty.
class CsvLine {
 public:
  void add(const std::string& cell) {
    if (!first_) text_ += ',';
    first_ = false;
    text_ += cell;
  }
  void add(double value) { add(std::isfinite(value) ? number_text(value) : std::string()); }
  void add(const std::optional<double>& value) { add(value.value_or(NAN)); }
  std::string text() const { return text_ + "\n"; }

 private:
  std::string text_;
  bool first_ = true;
};

}  // namespace esscher::app
