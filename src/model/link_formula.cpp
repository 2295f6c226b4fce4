#include "model/link_formula.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "model/formula_evaluator.h"
#include "model/link_breaks.h"
#include "model/link_growth.h"
#include "model/link_peaks.h"
#include "model/saturate.h"
#include "model/trimmed.h"

namespace esscher::internal {
namespace {

/// A formula that has been found finite on [-40, 40], made finite everywhere.
class Formula final : public LinkFunction {
 public:
  explicit Formula(std::shared_ptr<const RawFormula> raw) : raw_(std::move(raw)) {}

  double value(double z) const override { return mended(raw_->value(z), z); }
  void values(std::span<const double> z, std::span<double> out) const override {
    raw_->values(z, out);
    for (std::size_t i = 0; i < z.size(); ++i) out[i] = mended(out[i], z[i]);
  }

 private:
  double mended(double value, double z) const {
    return std::isnan(value) ? value_nearby(z) : saturated(value);
  }

  /// NaN beyond the examined stretch is inf - inf or inf * 0 inside the formula: the value nearer
  /// to 0 at which it can be computed stands in. Within the stretch it is a single point that no
  /// check met: its neighbour stands in.
  double value_nearby(double z) const {
    while (std::abs(z) > kExamined) {
      z *= 0.9375;
      const double value = raw_->value(z);
      if (!std::isnan(value)) return saturated(value);
    }
    for (double step = 1e-15; step < 1; step *= 4) {
      for (const double side : {-step, step}) {
        const double value = raw_->value(z + side);
        if (!std::isnan(value)) return saturated(value);
      }
    }
    return 0;
  }

  std::shared_ptr<const RawFormula> raw_;
};

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
  Link::Facts facts;
  facts.name = (needs_prefix(expression) ? "formula:" : "") + expression;
  facts.formula = expression;
  try {
    if (breaks) {
      facts.breaks = *breaks;
      facts.name += "@breaks:" + breaks_text(*breaks);
      require_finite(*raw, facts.breaks);
    } else if (raw->depends_on_z()) {
      BreaksFound found = find_breaks(*raw);
      facts.breaks = std::move(found.breaks);
      facts.peaks = std::move(found.narrow);
    } else {
      require_finite(*raw, {});
    }
  } catch (const NotFinite& where) {
    throw UsageError(std::string("is ") + (std::isnan(where.value) ? "not a number" : "infinite") +
                     " at z = " + number_text(where.z) +
                     "; a link must be finite on [-40, 40]: limit or replace it there, as in "
                     "clip(exp(z^3),-5,5), sqrt(abs(z)) or (z == 0 ? 1 : sin(z)/z)" +
                     (expression.find("h(") == std::string::npos
                          ? ""
                          : "; in h(k,x) k must be a whole number from 0 to 64"));
  } catch (const Pole& where) {
    throw UsageError("grows without limit near z = " + number_text(where.z) +
                     "; limit it there, as in clip(1/z,-5,5)");
  } catch (const TooWild& where) {
    throw UsageError(
        "has more than 1000 break points or varies too fast to search for them (near "
        "z = " +
        number_text(where.z) +
        "); simplify it, or give its breaks, as in @breaks:-1,1 or @breaks:none");
  }
  facts.growth = find_growth(*raw);
  const auto formula = std::make_shared<const Formula>(raw);
  const std::vector<double> far = find_far_peaks(*formula);
  facts.peaks.insert(facts.peaks.end(), far.begin(), far.end());
  std::sort(facts.peaks.begin(), facts.peaks.end());
  facts.peaks.erase(std::unique(facts.peaks.begin(), facts.peaks.end()), facts.peaks.end());
  facts.parity = find_parity(*raw, facts.breaks, facts.peaks);
  return {std::move(facts), formula};
}

}  // namespace esscher::internal
