#pragma once

/// \file
/// How reports tell values of policies.

#include <fmt/format.h>

#include <cmath>
#include <string>

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

}  // namespace esscher::app
