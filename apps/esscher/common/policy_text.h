#pragma once

/// \file
/// How reports tell values of policies.

#include <optional>
#include <string>
#include <vector>

#include "esscher/policy/best_of_n.h"
#include "esscher/policy/table_policy.h"
#include "esscher/temperature/best_of_n_advice.h"
#include "esscher/temperature/forecast.h"

namespace esscher::app {

/// Ends of its own interval, or by normal theory.
double low(const TableEstimate& estimate);
double high(const TableEstimate& estimate);

/// A number in so few digits, or a dash where there is none.
std::string or_dash(double value, int digits);

/// "[0.1, 0.4]".
std::string interval_text(double low, double high);

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
std::string best_of_n_text(const std::vector<BestOfNValue>& choices,
                           const std::vector<Interval>& gains, Told told);

/// Tables of the gains that the labelled rows alone tell, a line each policy or n; "" where they do
/// not.
std::string labelled_text(const ToldByLabelled& labelled);
std::string labelled_best_of_n_text(const ToldByLabelled& labelled);
/// Behind a gain: whether it is one of those.
std::string by_labelled_text(bool of_labelled);

/// A sentence on what best-of-n would come to beyond the n that rows can tell; "" without a
/// forecast.
std::string forecast_text(const std::optional<Forecast>& forecast);

}  // namespace esscher::app
