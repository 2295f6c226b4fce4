#pragma once

/// \file
/// Numbers as tables write them, read exactly and without regard to the system's locale.

#include <string>
#include <string_view>
#include <vector>

namespace esscher::internal {

enum class CsvNumber {
  number,
  missing,
  infinite,
  too_large,
  grouped,  ///< a number only if a mark in it parts thousands
  text,
};

/// How the numbers of one table are written.
struct NumberFormat {
  char decimal = '.';  ///< or ','
  /// Whether thousands may be parted, in groups of three, by the other of the two, a space (also a
  /// narrow or unbreakable one) or an apostrophe.
  bool grouped = false;
  /// What stands for a missing number beside the usual words (missing_words()), in capitals or not.
  /// A number among them means its value, however it is written.
  std::vector<std::string> missing = {};
  bool fixed = false;  ///< no option turns it, as in JSON
  /// The one mark that may part thousands; empty: any of them.
  std::string thousands = {};
  /// Whether a comma or point before the last three digits may still be either mark: alone it is
  /// `grouped`.
  bool unsettled = false;

  /// What \p field is, spaces around it ignored; \p value is set for `number` and `infinite`, and
  /// for `grouped` to what it would be. Any spelling of C is a number ("1", "+.5", "-1e-3"); below
  /// the least double it is 0.
  CsvNumber read(std::string_view field, double& value) const;

  /// Whether it would be a number with the other decimal mark, thousands parted or not.
  bool reads_turned(std::string_view field, double& value) const;

  /// Why \p field, which read() did not find to be a number or missing, is refused, and what helps.
  std::string refusal(std::string_view field) const;

 private:
  CsvNumber read_marks(std::string_view field, double& value) const;
  bool is_missing(std::string_view field) const;
};

/// What read_csv_number() finds with a decimal point, no marks between thousands and the usual
/// words for missing values.
CsvNumber read_csv_number(std::string_view field, double& value);

/// "NA, N/A, ...": the words that stand for a missing number in every table, beside nothing at all.
std::string missing_words();

}  // namespace esscher::internal
