#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/model/link.h"
#include "esscher/model/link_catalogue.h"
#include "esscher/model/link_table.h"
#include "model/link_breaks.h"
#include "model/link_formula.h"
#include "model/link_spec.h"
#include "model/trimmed.h"

namespace esscher {
namespace {

using internal::trimmed;

// Messages thrown in here lack the caller's field and the text given; parse_link puts both before.

const CatalogueEntry* find_entry(std::string_view name) {
  for (const CatalogueEntry& entry : link_catalogue()) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

Link named_link(const CatalogueEntry& entry, std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return entry.make({});
  return entry.make(internal::number_fields(text.substr(colon + 1), "parameter of " + entry.name));
}

[[noreturn]] void refuse_name(std::string_view word) {
  std::vector<std::string> names;
  for (const CatalogueEntry& entry : link_catalogue()) names.push_back(entry.name);
  std::string lower(word);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string nearest = nearest_name(lower, names);
  throw UsageError("no link is called " + std::string(word) + "; " +
                   (nearest.empty() ? "" : "did you mean " + nearest + "? ") +
                   "`esscher links` lists the names, and a formula is written in z, as in "
                   "tanh(z^3-3*z)");
}

/// Words that are formulas all the same: the variable and the constants.
bool is_formula_word(std::string_view word) {
  return word == "z" || word == "u" || word == "pi" || word == "e" || word == "_pi" || word == "_e";
}

Link base_link(std::string_view text, const std::optional<std::vector<double>>& breaks) {
  const std::size_t colon = text.find(':');
  const std::string_view word = trimmed(text.substr(0, colon));
  if (word == "formula" && colon != std::string_view::npos) {
    return internal::formula_link(std::string(text.substr(colon + 1)), breaks);
  }
  const bool is_name =
      internal::is_word(word) && !(colon == std::string_view::npos && is_formula_word(word));
  if (!is_name) return internal::formula_link(std::string(text), breaks);
  if (breaks) throw UsageError("@breaks is for formulas: a named link or a table knows its own");
  if (word == "table" && colon != std::string_view::npos) {
    return read_table_link(std::string(trimmed(text.substr(colon + 1))));
  }
  const CatalogueEntry* entry = find_entry(word);
  if (!entry) refuse_name(word);
  return named_link(*entry, text);
}

std::optional<std::vector<double>> explicit_breaks(std::string_view modifier) {
  if (!modifier.starts_with("breaks:")) return std::nullopt;
  const std::string_view list = trimmed(modifier.substr(7));
  if (list == "none") return std::vector<double>{};
  std::vector<double> breaks = internal::number_fields(list, "breaks");
  for (const double b : breaks) {
    if (!std::isfinite(b)) throw UsageError(rejection("breaks", b, "must be finite"));
  }
  std::sort(breaks.begin(), breaks.end());
  breaks.erase(std::unique(breaks.begin(), breaks.end()), breaks.end());
  return breaks;
}

Link modified(const Link& link, std::string_view text) {
  const internal::Modifier modifier = internal::parse_modifier(text);
  switch (modifier.kind) {
    case internal::ModifierKind::scale:
      return scaled(link, modifier.first);
    case internal::ModifierKind::shift:
      return shifted(link, modifier.first);
    case internal::ModifierKind::clip:
      break;
  }
  return clipped(link, modifier.first, modifier.second);
}

/// E f^2 under N(0, 1) is infinite from log|f| = z^2/4 on. Already from 0.24 z^2 on it cannot be
/// computed: f^2 saturates in double before the integral has converged, and exp(0.249 z^2) would
/// give E f^2 = 15.54 instead of 15.81.
void require_growth(const Link& link) {
  const double rate = std::max(link.growth().left.log_rate, link.growth().right.log_rate);
  if (rate < 0.24) return;
  throw UsageError("grows like exp(" + number_text(rate) + " z^2), so that E f^2 under N(0,1) is " +
                   (rate < 0.25 ? "too nearly infinite to be computed" : "infinite") +
                   "; clip it, as in @clip:-10,10");
}

/// E f^2 and what is made of it must neither overflow nor underflow: |f| e^{-z^2/4}, whose square
/// is integrated, and the range of f are looked at on a grid and at the landmarks.
void require_size(const Link& link) {
  constexpr double kMost = 1e100;
  constexpr double kLeast = 1e-100;
  constexpr int kCells = 4096;
  std::vector<double> z(link.landmarks().begin(), link.landmarks().end());
  for (int i = 0; i <= kCells; ++i) {
    z.push_back(internal::kExamined * (2. * i / kCells - 1));
  }
  std::vector<double> f(z.size());
  link.evaluate(z, f);
  for (std::size_t i = 0; i < z.size(); ++i) {
    if (!(std::abs(f[i]) * std::exp(-0.25 * z[i] * z[i]) > kMost)) continue;
    throw UsageError(
        "is " + number_text(f[i], 5) + " at z = " + number_text(z[i], 5) +
        ", so that E f^2 under N(0,1) overflows; |f| e^{-z^2/4} must be at most 1e100: "
        "scale it down, as in @scale:1e-100, or clip it");
  }
  const auto [low, high] = std::minmax_element(f.begin(), f.end());
  const double range = *high - *low;
  if (range > 0 && range < kLeast) {
    throw UsageError("varies by " + number_text(range, 5) +
                     " on [-40, 40] at most, so that its variance underflows; it must vary by "
                     "1e-100: scale it up, as in @scale:1e100");
  }
}

Link parse(std::string_view spec) {
  const auto parts = internal::split_modifiers(trimmed(spec));
  if (parts[0].empty()) {
    throw UsageError("needs the name of a link or a formula; `esscher links` lists the names");
  }
  std::size_t next = 1;
  std::optional<std::vector<double>> breaks;
  if (parts.size() > 1) breaks = explicit_breaks(parts[1]);
  if (breaks) next = 2;
  Link link = base_link(parts[0], breaks);
  for (; next < parts.size(); ++next) link = modified(link, parts[next]);
  require_computable(link);
  return link;
}

}  // namespace

void require_computable(const Link& link) {
  require_growth(link);
  require_size(link);
}

Link parse_link(std::string_view spec, std::string_view field) {
  try {
    return parse(spec);
  } catch (const UsageError& error) {
    throw UsageError(rejection(field, internal::shown_spec(spec), error.what()));
  }
}

}  // namespace esscher
