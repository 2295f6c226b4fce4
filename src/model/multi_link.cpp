#include "esscher/model/multi_link.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "model/formula_evaluator.h"
#include "model/link_breaks.h"
#include "model/link_spec.h"
#include "model/multi_link_growth.h"
#include "model/saturate.h"
#include "model/trimmed.h"

namespace esscher {

static_assert(kMostDirections == internal::RawMultiFormula::kMostVariables);

struct MultiLink::Content {
  std::optional<Link> one;
  Facts facts;
  Function function;
};

MultiLink::MultiLink(Link link)
    : content_(std::make_shared<const Content>(Content{std::move(link), {}, {}})) {}

MultiLink::MultiLink(Facts facts, Function function) {
  if (facts.directions < 2 || facts.directions > kMostDirections) {
    throw UsageError(rejection("directions", std::to_string(facts.directions),
                               "must be from 2 to " + std::to_string(kMostDirections)));
  }
  if (!function) throw InternalError("a link needs a function");
  content_ =
      std::make_shared<const Content>(Content{std::nullopt, std::move(facts), std::move(function)});
}

std::size_t MultiLink::directions() const { return content_->one ? 1 : content_->facts.directions; }

const Link* MultiLink::single() const { return content_->one ? &*content_->one : nullptr; }

const std::string& MultiLink::name() const {
  return content_->one ? content_->one->name() : content_->facts.name;
}

const std::string& MultiLink::formula() const {
  return content_->one ? content_->one->formula() : content_->facts.formula;
}

double MultiLink::upper_quadratic_rate() const {
  if (!content_->one) return content_->facts.upper_quadratic_rate;
  const Growth& growth = content_->one->growth();
  return std::max(growth.left.upper_quadratic_rate, growth.right.upper_quadratic_rate);
}

double MultiLink::operator()(std::span<const double> z) const {
  return content_->one ? (*content_->one)(z[0]) : content_->function(z);
}

void MultiLink::evaluate(MatrixView<const double> z, std::span<double> out) const {
  if (z.columns != directions() || z.rows != out.size()) {
    throw InternalError("link " + name() + " evaluated at " + std::to_string(z.rows) + " x " +
                        std::to_string(z.columns) + " coordinates into " +
                        std::to_string(out.size()) + " places");
  }
  if (content_->one) {
    if (z.stride == 1) {
      content_->one->evaluate({z.data, z.rows}, out);
      return;
    }
    std::vector<double> line(z.rows);
    for (std::size_t i = 0; i < z.rows; ++i) line[i] = z(i, 0);
    content_->one->evaluate(line, out);
    return;
  }
  for (std::size_t i = 0; i < z.rows; ++i) out[i] = content_->function(z.row(i));
}

namespace {

using internal::Modifier;
using internal::ModifierKind;
using internal::RawMultiFormula;

double norm(std::span<const double> z) {
  double square = 0;
  for (const double value : z) square += value * value;
  return std::sqrt(square);
}

/// Made finite everywhere, as formulas of one variable are (link_formula.cpp): overflow is held at
/// the largest double, and NaN gives way to the value nearer to 0, or beside it.
double mended_value(const RawMultiFormula& raw, std::span<const double> at) {
  double value = raw.value(at);
  if (!std::isnan(value)) return internal::saturated(value);
  std::vector<double> z(at.begin(), at.end());
  for (double& coordinate : z) {
    if (std::isnan(coordinate)) return coordinate;
    coordinate = internal::saturated(coordinate);  // infinity would stay what it is
  }
  while (norm(z) > internal::kExamined) {
    for (double& coordinate : z) coordinate *= 0.9375;
    value = raw.value(z);
    if (!std::isnan(value)) return internal::saturated(value);
  }
  for (double step = 1e-15; step < 1; step *= 4) {
    for (const double side : {-step, step}) {
      std::vector<double> beside = z;
      for (double& coordinate : beside) coordinate += side;
      value = raw.value(beside);
      if (!std::isnan(value)) return internal::saturated(value);
    }
  }
  return 0;
}

/// A word of a formula, as "tanh" and "z1" are of "tanh(z1)+1e3".
struct Word {
  std::size_t begin;
  std::size_t length;
};

std::vector<Word> words_of(std::string_view text) {
  const auto in_word = [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '.'; };
  std::vector<Word> words;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && in_word(static_cast<unsigned char>(text[end]))) ++end;
    if (end > begin && internal::is_word(text.substr(begin, end - begin))) {
      words.push_back({begin, end - begin});
    }
    begin = std::max(end, begin + 1);
  }
  return words;
}

/// 3 for "z3", empty for what is no numbered variable.
std::optional<std::size_t> number_of(std::string_view word) {
  if (word.size() < 2 || word[0] != 'z') return {};
  if (!std::all_of(word.begin() + 1, word.end(), [](unsigned char c) { return std::isdigit(c); })) {
    return {};
  }
  return word.size() > 3 ? 999 : static_cast<std::size_t>(std::stoi(std::string(word.substr(1))));
}

/// How many numbered variables a formula has: 0 for none.
/// \throws UsageError where one is left out, or there are too many
std::size_t count_variables(std::string_view formula) {
  std::array<bool, kMostDirections> seen{};
  std::size_t most = 0;
  for (const Word& word : words_of(formula)) {
    const std::string_view name = formula.substr(word.begin, word.length);
    const std::optional<std::size_t> number = number_of(name);
    if (!number) continue;
    if (*number < 1 || *number > kMostDirections) {
      throw UsageError("mentions " + std::string(name) +
                       "; a link has one to four variables, called z1, z2, z3 and z4");
    }
    seen[*number - 1] = true;
    most = std::max(most, *number);
  }
  for (std::size_t i = 0; i < most; ++i) {
    if (seen[i]) continue;
    throw UsageError("mentions z" + std::to_string(most) + " but not z" + std::to_string(i + 1) +
                     "; number its variables from z1 on, none left out");
  }
  return most;
}

/// The formula with z in the place of z1.
std::string in_one_variable(std::string_view formula) {
  std::string text(formula);
  const std::vector<Word> words = words_of(formula);
  // From the end, so that the places before stay where they are.
  for (std::size_t i = words.size(); i-- > 0;) {
    const Word& word = words[i];
    if (formula.substr(word.begin, word.length) == "z1") text.replace(word.begin, 2, "z");
  }
  return text;
}

std::string point_text(std::span<const double> z) {
  std::string text;
  for (const double value : z) text += (text.empty() ? "(" : ", ") + number_text(value, 4);
  return text + ")";
}

void require_finite_values(const RawMultiFormula& raw, std::size_t variables) {
  for (const std::vector<double>& z : internal::examined_points(variables)) {
    const double value = raw.value(z);
    if (std::isfinite(value)) continue;
    throw UsageError(std::string("is ") + (std::isnan(value) ? "not a number" : "infinite") +
                     " at z = " + point_text(z) +
                     "; a link must be finite within |z| <= 40: limit or replace it there, as in "
                     "clip(exp(z1*z2),-5,5) or (z1 == 0 ? 1 : sin(z1)/z1)");
  }
}

/// As for links of one variable (link_parse.cpp): E f^2 must exist, and must not overflow.
void require_square(const MultiLink& link, double log_rate) {
  if (log_rate >= 0.24) {
    throw UsageError("grows like exp(" + number_text(log_rate) +
                     " |z|^2) in some direction, so that E f^2 under N(0, I) is " +
                     (log_rate < 0.25 ? "too nearly infinite to be computed" : "infinite") +
                     "; clip it, as in @clip:-10,10");
  }
  for (const std::vector<double>& z : internal::examined_points(link.directions())) {
    const double value = link(z);
    const double length = norm(z);
    if (!(std::abs(value) * std::exp(-0.25 * length * length) > 1e100)) continue;
    throw UsageError("is " + number_text(value, 5) + " at z = " + point_text(z) +
                     ", so that E f^2 under N(0, I) overflows: scale it down, as in "
                     "@scale:1e-100, or clip it");
  }
}

void modify(const Modifier& modifier, MultiLink::Facts& facts, internal::MultiGrowth& growth) {
  facts.name += modifier_text(modifier);
  facts.formula = modified_formula(facts.formula, modifier);
  if (modifier.kind == ModifierKind::clip) growth = {};
  if (modifier.kind == ModifierKind::scale) {
    if (modifier.first < 0) std::swap(growth.upper_quadratic_rate, growth.lower_quadratic_rate);
    growth.upper_quadratic_rate = growth.upper_quadratic_rate * modifier.first + 0.;
    growth.lower_quadratic_rate = growth.lower_quadratic_rate * modifier.first + 0.;
  }
}

MultiLink multi_formula(std::string_view formula, std::size_t variables,
                        std::span<const std::string_view> modifier_texts) {
  const std::string expression(formula);
  const auto raw = std::make_shared<const RawMultiFormula>(expression, variables);
  require_finite_values(*raw, variables);
  const MultiLink::Function mended = [raw](std::span<const double> z) {
    return mended_value(*raw, z);
  };
  internal::MultiGrowth growth = internal::find_multi_growth(
      [raw](std::span<const double> z) { return raw->value(z); }, mended, variables);
  MultiLink::Facts facts{expression, expression, variables, 0};
  std::vector<Modifier> modifiers;
  for (const std::string_view text : modifier_texts) {
    const Modifier modifier = internal::parse_modifier(text);
    require_valid(modifier);
    modify(modifier, facts, growth);
    modifiers.push_back(modifier);
  }
  facts.upper_quadratic_rate = growth.upper_quadratic_rate;
  MultiLink link(std::move(facts), [mended, modifiers](std::span<const double> z) {
    double value = mended(z);
    for (const Modifier& modifier : modifiers) value = modified_value(value, modifier);
    return value;
  });
  require_square(link, growth.log_rate);
  return link;
}

/// Empty where the text is for parse_link(): \p one is what that shall read then.
std::optional<MultiLink> parse_several(std::string_view spec, std::string& one) {
  const auto parts = internal::split_modifiers(internal::trimmed(spec));
  std::string_view formula = parts[0];
  if (formula.starts_with("table:")) return {};
  if (formula.starts_with("formula:")) formula = internal::trimmed(formula.substr(8));
  const std::size_t variables = count_variables(formula);
  if (variables >= 2) return multi_formula(formula, variables, std::span(parts).subspan(1));
  if (variables == 1) {
    one = "formula:" + in_one_variable(formula);
    if (parts.size() > 1) one += spec.substr(spec.find('@'));
  }
  return {};
}

}  // namespace

MultiLink parse_multi_link(std::string_view spec, std::string_view field) {
  std::string one(spec);
  try {
    if (const std::optional<MultiLink> several = parse_several(spec, one)) return *several;
  } catch (const UsageError& error) {
    throw UsageError(rejection(field, internal::shown_spec(spec), error.what()));
  }
  return parse_link(one, field);
}

}  // namespace esscher
