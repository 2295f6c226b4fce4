#pragma once

/// \file
/// What columns of text that nobody took hold, and what to write to use them.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "esscher/io/number_format.h"

namespace esscher::internal {

/// Whether a blank stands inside \p text.
bool holds_blank(std::string_view text);

class TextSurvey {
 public:
  /// \param numbers  of the rows before, which held numbers
  /// \param format   of the table's numbers
  TextSurvey(std::uint64_t numbers, NumberFormat format)
      : format_(std::move(format)), numbers_(numbers) {}

  void add(std::string_view text);

  /// Whether it is a column of text, rather than one of numbers with a slip.
  bool is_text() const { return texts_ > numbers_; }
  /// What to write, a clause such as "--one-hot smiles would take its 37 levels as categories".
  std::string advice(const std::string& name) const;
  /// The first text.
  const std::string& example() const { return example_; }

 private:
  NumberFormat format_;
  std::string example_;
  std::uint64_t numbers_;
  std::uint64_t texts_ = 0;
  std::unordered_set<std::size_t> levels_;  ///< hashes, since texts may be long
  bool many_ = false;                       ///< more levels than are kept
  bool several_ = false;                    ///< a text is more than one number
  bool marked_ = true;                      ///< all are numbers beside a '$', '%' or the like
  std::uint64_t slips_ = 0;                 ///< texts that are no vectors as the first one is
  std::string slip_;                        ///< the first of them
  bool mutations_ = true;
  bool one_length_ = true;
  std::size_t length_ = 0;  ///< of the first text
  std::size_t width_ = 0;   ///< of the first vector
  std::vector<double> row_;
};

}  // namespace esscher::internal
