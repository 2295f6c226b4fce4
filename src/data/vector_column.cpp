#include "vector_column.h"

#include <algorithm>

#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"

namespace esscher::internal {

std::string read_vector(std::string_view text, const NumberFormat& numbers,
                        std::vector<double>& values) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const bool by_comma = numbers.decimal != ',';  // it parts numbers
  const std::string_view between = by_comma ? " \t\r\n;," : " \t\r\n;";
  values.clear();
  const auto trim = [&] {
    while (!text.empty() && kBlanks.find(text.front()) != std::string_view::npos) {
      text.remove_prefix(1);
    }
    while (!text.empty() && kBlanks.find(text.back()) != std::string_view::npos) {
      text.remove_suffix(1);
    }
  };
  trim();
  for (const std::string_view pair : {"[]", "()", "{}"}) {
    if (text.size() < 2 || text.front() != pair[0] || text.back() != pair[1]) continue;
    text = text.substr(1, text.size() - 2);
    trim();
    break;
  }
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(between), text.size());
    const std::string_view part = text.substr(0, end);
    double value = 0;
    if (numbers.read(part, value) != CsvNumber::number) {
      return in_quotes(part) + " is no finite number";
    }
    values.push_back(value);
    text.remove_prefix(end);
    // One comma or semicolon at most stands between two numbers.
    trim();
    if ((by_comma && text.starts_with(',')) || text.starts_with(';')) {
      text.remove_prefix(1);
      trim();
      if (text.empty()) return "no number stands behind the last comma";
    }
  }
  if (values.size() < 2) return "a vector has two numbers or more";
  return "";
}

void VectorColumn::add(const DatasetTables& tables) {
  const std::string problem = read_vector(tables.text(at_), tables.numbers(at_), row_);
  if (!problem.empty()) {
    tables.refuse(at_,
                  in_quotes(tables.text(at_)) + " is no vector such as [0.1, 0.2]: " + problem);
  }
  if (length_ == 0) {
    length_ = row_.size();
    first_row_ = tables.rows();
  }
  if (row_.size() != length_) {
    const std::string where = first_row_ > 0 ? "row " + std::to_string(first_row_) + " has "
                                             : "the model has vectors of ";
    tables.refuse(at_, counted(row_.size(), "number") + " where " + where +
                           std::to_string(length_) + "; vectors must have one length");
  }
  values_.insert(values_.end(), row_.begin(), row_.end());
}

EncodedColumn VectorColumn::encoded(const std::string& name) const {
  EncodedColumn column{name, EncodedColumn::Kind::vector};
  column.length = length_;
  return column;
}

std::vector<double> VectorColumn::component(std::size_t place) const {
  std::vector<double> values;
  values.reserve(values_.size() / length_);
  for (std::size_t i = place; i < values_.size(); i += length_) values.push_back(values_[i]);
  return values;
}

}  // namespace esscher::internal
