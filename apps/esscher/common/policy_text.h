#pragma once

/// \file
/// How reports tell values of policies.

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

#include "esscher/policy/best_of_n.h"
#include "esscher/policy/table_policy.h"

namespace esscher::app {

inline double low(const TableEstimate& estimate) {
  return estimate.interval ? estimate.interval->low : estimate.lower();
}

inline double high(const TableEstimate& estimate) {
  return estimate.interval ? estimate.interval->high : estimate.upper();
}

/// A number in so few digits, or a dash where there is none.
inline std::string or_dash(double value, int digits) {
  return std::isfinite(value) ? fmt::format("{:.{}g}", value, digits) : "-";
}

/// "[0.1, 0.4]".
inline std::string interval_text(double low, double high) {
  return fmt::format("[{}, {}]", or_dash(low, 3), or_dash(high, 3));
}

/// Values are told as they are or, within groups, as rises over the reference: its level, which
/// differs from group to group, would drown every error.
struct Told {
  bool grouped = false;

  const char* gold() const { return grouped ? "rise" : "gold"; }
  const TableEstimate& gold(const TablePolicyValue& policy) const {
    return grouped ? policy.rise : policy.value;
  }
  const Estimate& gold(const BestOfNValue& best) const { return grouped ? best.gain : best.value; }
  double proxy(const TablePolicyValue& policy) const {
    return policy.proxy.value - (grouped ? policy.reference.value : 0);
  }
};

/// A table of best-of-n, a line each n. \param gains  that hold for all at once
inline std::string best_of_n_text(const std::vector<BestOfNValue>& choices,
                                  const std::vector<Interval>& gains, Told told) {
  std::string text = fmt::format("  {:>9} {:>9} {:>8} {:>8} {:>9} {:<20} {:>7}\n", "n", told.gold(),
                                 "+-", "KL", "gain", "all at once", "ESS");
  for (std::size_t k = 0; k < choices.size(); ++k) {
    const BestOfNValue& best = choices[k];
    text += fmt::format("{} {:>9.4g} {:>9.4g} {:>8} {:>8.3g} {:>9.4g} {:<20} {:>7.0f}\n",
                        best.reliable ? " " : "!", best.n, told.gold(best).value,
                        or_dash(told.gold(best).standard_error, 2), best.kl.value, best.gain.value,
                        interval_text(gains[k].low, gains[k].high), best.ess);
  }
  return text;
}

}  // namespace esscher::app
