#include "model/link_formula.h"

#include <memory>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/model/numeric_link.h"
#include "model/formula_evaluator.h"
#include "model/trimmed.h"

namespace esscher::internal {
namespace {

/// Whether the text alone would be read as a formula again (link_parse.cpp): words are names.
bool needs_prefix(const std::string& expression) {
  return expression.starts_with("formula:") ||
         expression.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
             std::string::npos;
}

std::string breaks_text(const std::vector<double>& breaks) {
  if (breaks.empty()) return "none";
  std::string text;
  for (const double b : breaks) {
    if (!text.empty()) text += ",";
    text += number_text(b);
  }
  return text;
}

}  // namespace

Link formula_link(const std::string& text, const std::optional<std::vector<double>>& breaks) {
  const std::string expression(trimmed(text));
  const auto raw = std::make_shared<const RawFormula>(expression);
  const std::string name = (needs_prefix(expression) ? "formula:" : "") + expression +
                           (breaks ? "@breaks:" + breaks_text(*breaks) : "");
  // A constant has no breaks to be searched for.
  const auto known = breaks || raw->depends_on_z() ? breaks : std::vector<double>();
  try {
    return numeric_link(name, expression, raw, known);
  } catch (const UsageError& error) {
    const std::string message = error.what();
    if (!message.starts_with("is ") || expression.find("h(") == std::string::npos) throw;
    throw UsageError(message + "; in h(k,x) k must be a whole number from 0 to 64");
  }
}

}  // namespace esscher::internal
