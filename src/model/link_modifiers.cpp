#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "esscher/model/link.h"
#include "model/link_crossings.h"
#include "model/link_spec.h"
#include "model/saturate.h"

namespace esscher {
namespace {

using internal::Modifier;
using internal::saturated;

/// A function of the value of another link, applied to a block in place.
template <class Change>
class Changed final : public LinkFunction {
 public:
  Changed(std::shared_ptr<const LinkFunction> inner, Change change)
      : inner_(std::move(inner)), change_(std::move(change)) {}
  double value(double z) const override { return change_(inner_->value(z)); }
  void values(std::span<const double> z, std::span<double> out) const override {
    inner_->values(z, out);
    for (double& y : out) y = change_(y);
  }

 private:
  std::shared_ptr<const LinkFunction> inner_;
  Change change_;
};

template <class Change>
Link changed(const Link& link, Link::Facts facts, Change change) {
  return {std::move(facts), std::make_shared<Changed<Change>>(link.function(), std::move(change))};
}

/// Name and formula changed, all else as it was.
Link::Facts modified_facts(const Link& link, const Modifier& modifier) {
  return {link.name() + modifier_text(modifier),
          modified_formula(link.formula(), modifier),
          {link.breaks().begin(), link.breaks().end()},
          link.growth(),
          link.parity(),
          link.peaks()};
}

void scale_tail(TailGrowth& tail, double factor) {
  if (factor < 0) std::swap(tail.upper_quadratic_rate, tail.lower_quadratic_rate);
  // + 0. makes 0 of -0.
  tail.upper_quadratic_rate = tail.upper_quadratic_rate * factor + 0.;
  tail.lower_quadratic_rate = tail.lower_quadratic_rate * factor + 0.;
}

/// The breaks of a clipped link: those of \p link where it is not clipped away on both sides, and
/// the crossings of either limit.
std::vector<double> clipped_breaks(const Link& link, double low, double high) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> breaks;
  for (const double b : link.breaks()) {
    const double before = link(std::nextafter(b, -kInfinity));
    const double after = link(std::nextafter(b, kInfinity));
    const bool gone = (before > high && after > high) || (before < low && after < low);
    if (!gone) breaks.push_back(b);
  }
  const std::size_t own = breaks.size();
  using internal::Beyond;
  for (const auto& [level, beyond] : {std::pair(low, Beyond::below), {high, Beyond::above}}) {
    for (const double z : internal::find_crossings(link, level, beyond)) {
      // A jump through the limit is the break that is there already, or its neighbour.
      const auto is_same = [z](double b) { return b == z || std::nextafter(b, z) == z; };
      const auto end = breaks.begin() + static_cast<std::ptrdiff_t>(own);
      if (std::none_of(breaks.begin(), end, is_same)) breaks.push_back(z);
    }
  }
  std::sort(breaks.begin(), breaks.end());
  breaks.erase(std::unique(breaks.begin(), breaks.end()), breaks.end());
  return breaks;
}

}  // namespace

Link scaled(const Link& link, double factor) {
  const Modifier modifier{internal::ModifierKind::scale, factor};
  require_valid(modifier);
  if (factor == 1) return link;
  Link::Facts facts = modified_facts(link, modifier);
  scale_tail(facts.growth.left, factor);
  scale_tail(facts.growth.right, factor);
  return changed(link, std::move(facts), [factor](double y) { return saturated(factor * y); });
}

Link shifted(const Link& link, double offset) {
  const Modifier modifier{internal::ModifierKind::shift, offset};
  require_valid(modifier);
  if (offset == 0) return link;
  Link::Facts facts = modified_facts(link, modifier);
  if (facts.parity == Parity::odd) facts.parity = Parity::none;
  return changed(link, std::move(facts), [offset](double y) { return saturated(y + offset); });
}

Link clipped(const Link& link, double low, double high) {
  const Modifier modifier{internal::ModifierKind::clip, low, high};
  require_valid(modifier);
  Link::Facts facts = modified_facts(link, modifier);
  facts.breaks = clipped_breaks(link, low, high);
  facts.growth = {};
  if (facts.parity == Parity::odd && low != -high) facts.parity = Parity::none;
  return changed(link, std::move(facts),
                 [low, high](double y) { return std::clamp(y, low, high); });
}

}  // namespace esscher
