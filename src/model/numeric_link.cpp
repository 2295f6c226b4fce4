#include "esscher/model/numeric_link.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "model/link_breaks.h"
#include "model/link_growth.h"
#include "model/link_peaks.h"
#include "model/saturate.h"

namespace esscher {
namespace {

/// A function that has been found finite on [-40, 40], made finite everywhere.
class Mended final : public LinkFunction {
 public:
  explicit Mended(std::shared_ptr<const LinkFunction> raw) : raw_(std::move(raw)) {}

  double value(double z) const override { return mended(raw_->value(z), z); }
  void values(std::span<const double> z, std::span<double> out) const override {
    raw_->values(z, out);
    for (std::size_t i = 0; i < z.size(); ++i) out[i] = mended(out[i], z[i]);
  }

 private:
  double mended(double value, double z) const {
    return std::isnan(value) ? value_nearby(z) : internal::saturated(value);
  }

  /// NaN beyond the examined stretch is inf - inf or inf * 0 inside the function: the value nearer
  /// to 0 at which it can be computed stands in. Within the stretch it is a single point that no
  /// check met: its neighbour stands in. NaN where z is.
  double value_nearby(double z) const {
    if (std::isnan(z)) return z;
    z = internal::saturated(z);  // infinity would stay what it is
    while (std::abs(z) > internal::kExamined) {
      z *= 0.9375;
      const double value = raw_->value(z);
      if (!std::isnan(value)) return internal::saturated(value);
    }
    for (double step = 1e-15; step < 1; step *= 4) {
      for (const double side : {-step, step}) {
        const double value = raw_->value(z + side);
        if (!std::isnan(value)) return internal::saturated(value);
      }
    }
    return 0;
  }

  std::shared_ptr<const LinkFunction> raw_;
};

void find_breaks_of(const LinkFunction& function, const std::optional<std::vector<double>>& breaks,
                    Link::Facts& facts) {
  if (breaks) {
    facts.breaks = *breaks;
    internal::require_finite(function, facts.breaks);
    return;
  }
  internal::BreaksFound found = internal::find_breaks(function);
  facts.breaks = std::move(found.breaks);
  facts.peaks = std::move(found.narrow);
}

}  // namespace

Link numeric_link(std::string name, std::string formula,
                  const std::shared_ptr<const LinkFunction>& function,
                  const std::optional<std::vector<double>>& breaks) {
  Link::Facts facts;
  facts.name = std::move(name);
  facts.formula = std::move(formula);
  try {
    find_breaks_of(*function, breaks, facts);
  } catch (const internal::NotFinite& where) {
    throw UsageError(std::string("is ") + (std::isnan(where.value) ? "not a number" : "infinite") +
                     " at z = " + number_text(where.z) +
                     "; a link must be finite on [-40, 40]: limit or replace it there, as in "
                     "clip(exp(z^3),-5,5), sqrt(abs(z)) or (z == 0 ? 1 : sin(z)/z)");
  } catch (const internal::Pole& where) {
    throw UsageError("grows without limit near z = " + number_text(where.z) +
                     "; limit it there, as in clip(1/z,-5,5)");
  } catch (const internal::TooWild& where) {
    throw UsageError(
        "has more than 1000 break points or varies too fast to search for them (near "
        "z = " +
        number_text(where.z) +
        "); simplify it, or give its breaks, as in @breaks:-1,1 or @breaks:none");
  }
  facts.growth = internal::find_growth(*function);
  const auto mended = std::make_shared<const Mended>(function);
  const std::vector<double> far = internal::find_far_peaks(*mended);
  facts.peaks.insert(facts.peaks.end(), far.begin(), far.end());
  std::sort(facts.peaks.begin(), facts.peaks.end());
  facts.peaks.erase(std::unique(facts.peaks.begin(), facts.peaks.end()), facts.peaks.end());
  facts.parity = internal::find_parity(*function, facts.breaks, facts.peaks);
  return {std::move(facts), mended};
}

}  // namespace esscher
