#pragma once

/// \file
/// The text of a link's specification, taken apart: what links of one and of several variables
/// share. Messages thrown in here lack the caller's field and the text given.

#include <string>
#include <string_view>
#include <vector>

namespace esscher::internal {

/// A word: letters, digits and underscores, no digit first.
bool is_word(std::string_view text);

/// "hermite:3@clip:-2,2" -> {"hermite:3", "clip:-2,2"}. A file may have '@' in its name: behind
/// "table:" only '@' with a word and a colon begins a modifier.
std::vector<std::string_view> split_modifiers(std::string_view spec);

/// "1, 2.5" -> {1, 2.5}. \throws UsageError naming \p what where a part is no number
std::vector<double> number_fields(std::string_view text, std::string_view what);

enum class ModifierKind { scale, shift, clip };
struct Modifier {
  ModifierKind kind = ModifierKind::scale;
  double first = 0;   ///< the factor, the offset or the lower limit
  double second = 0;  ///< the upper limit
};
/// "clip:-2,2". \throws UsageError for an unknown modifier (the nearest is offered), one out of
/// place, or a wrong number of values.
Modifier parse_modifier(std::string_view text);

/// \throws UsageError unless the modifier's values are within their range
void require_valid(const Modifier& modifier);
/// "@clip:-2,2"
std::string modifier_text(const Modifier& modifier);
/// The formula so modified, in words for reports.
std::string modified_formula(const std::string& formula, const Modifier& modifier);
/// The value so modified, held at +-DBL_MAX.
double modified_value(double value, const Modifier& modifier);

/// \p spec as a message may show it: one line, of a length to read.
std::string shown_spec(std::string_view spec);

}  // namespace esscher::internal
