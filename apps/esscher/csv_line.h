#pragma once

#include <cmath>
#include <optional>
#include <string>

#include "esscher/base/number_text.h"

namespace esscher::app {

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
