#include "model/link_spec.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "model/saturate.h"
#include "model/trimmed.h"

namespace esscher::internal {
namespace {

constexpr std::string_view kModifierForms =
    "a modifier is @scale:A, @shift:C, @clip:LO,HI or, right behind a formula, @breaks:B1,B2,... "
    "or @breaks:none";

std::string limits_text(const Modifier& clip, const char* comma) {
  return number_text(clip.first) + comma + number_text(clip.second);
}

}  // namespace

bool is_word(std::string_view text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0]))) return false;
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

std::vector<std::string_view> split_modifiers(std::string_view spec) {
  const bool is_table = spec.starts_with("table:");
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  for (std::size_t at = spec.find('@'); at != std::string_view::npos; at = spec.find('@', at + 1)) {
    const std::string_view rest = spec.substr(at + 1);
    const std::size_t colon = rest.find(':');
    if (is_table && (colon == std::string_view::npos || !is_word(rest.substr(0, colon)))) continue;
    parts.push_back(trimmed(spec.substr(begin, at - begin)));
    begin = at + 1;
  }
  parts.push_back(trimmed(spec.substr(begin)));
  return parts;
}

std::vector<double> number_fields(std::string_view text, std::string_view what) {
  std::vector<double> values;
  std::size_t begin = 0;
  while (true) {
    const std::size_t comma = text.find(',', begin);
    const std::string_view part = trimmed(text.substr(begin, comma - begin));
    values.push_back(parse_number(part, what));
    if (comma == std::string_view::npos) return values;
    begin = comma + 1;
  }
}

Modifier parse_modifier(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view word = text.substr(0, colon);
  const std::vector<std::string> known = {"scale", "shift", "clip", "breaks"};
  if (std::find(known.begin(), known.end(), word) == known.end()) {
    const std::string nearest = nearest_name(word, known);
    throw UsageError("unknown modifier @" + std::string(word) + "; " +
                     (nearest.empty() ? "" : "did you mean @" + nearest + "? ") +
                     std::string(kModifierForms));
  }
  if (word == "breaks" || colon == std::string_view::npos) {
    throw UsageError("@" + std::string(text) + " is out of place or incomplete; " +
                     std::string(kModifierForms));
  }
  const std::vector<double> values = number_fields(text.substr(colon + 1), word);
  if (values.size() != (word == "clip" ? 2u : 1u)) {
    throw UsageError("@" + std::string(text) + " has the wrong number of values; " +
                     std::string(kModifierForms));
  }
  if (word == "clip") return {ModifierKind::clip, values[0], values[1]};
  return {word == "scale" ? ModifierKind::scale : ModifierKind::shift, values[0], 0};
}

void require_valid(const Modifier& modifier) {
  const double first = modifier.first;
  switch (modifier.kind) {
    case ModifierKind::scale:
      // f^2 and its integrals must neither overflow nor vanish.
      if (std::abs(first) >= 1e-100 && std::abs(first) <= 1e100) return;
      throw UsageError(rejection("scale", first, "must be from 1e-100 to 1e100 in size",
                                 "choose units in which the reward is of order one"));
    case ModifierKind::shift:
      if (std::isfinite(first)) return;
      throw UsageError(rejection("shift", first, "must be finite"));
    case ModifierKind::clip:
      if (std::isfinite(first) && std::isfinite(modifier.second) && first < modifier.second) return;
      throw UsageError(rejection("clip", limits_text(modifier, ","),
                                 "needs two finite limits, the lower one first"));
  }
}

std::string modifier_text(const Modifier& modifier) {
  switch (modifier.kind) {
    case ModifierKind::scale:
      return "@scale:" + number_text(modifier.first);
    case ModifierKind::shift:
      return "@shift:" + number_text(modifier.first);
    case ModifierKind::clip:
      return "@clip:" + limits_text(modifier, ",");
  }
  throw InternalError("no such modifier");
}

std::string modified_formula(const std::string& formula, const Modifier& modifier) {
  const double first = modifier.first;
  switch (modifier.kind) {
    case ModifierKind::scale:
      return number_text(first) + " * [" + formula + "]";
    case ModifierKind::shift:
      return "[" + formula + "] " + (first < 0 ? "- " : "+ ") + number_text(std::abs(first));
    case ModifierKind::clip:
      return "clip(" + formula + ", " + limits_text(modifier, ", ") + ")";
  }
  throw InternalError("no such modifier");
}

double modified_value(double value, const Modifier& modifier) {
  switch (modifier.kind) {
    case ModifierKind::scale:
      return saturated(modifier.first * value);
    case ModifierKind::shift:
      return saturated(value + modifier.first);
    case ModifierKind::clip:
      break;
  }
  return std::clamp(value, modifier.first, modifier.second);
}

std::string shown_spec(std::string_view spec) {
  constexpr std::size_t kMost = 200;
  if (spec.empty()) return "''";
  std::string text(spec.substr(0, kMost));
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 32 || c == 127; }, ' ');
  if (spec.size() > kMost) text += "...";
  return text;
}

}  // namespace esscher::internal
