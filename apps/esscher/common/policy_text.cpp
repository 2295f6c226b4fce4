#include "policy_text.h"

#include <fmt/format.h>

#include <cmath>

namespace esscher::app {

double low(const TableEstimate& estimate) {
  return estimate.interval ? estimate.interval->low : estimate.lower();
}

double high(const TableEstimate& estimate) {
  return estimate.interval ? estimate.interval->high : estimate.upper();
}

std::string or_dash(double value, int digits) {
  return std::isfinite(value) ? fmt::format("{:.{}g}", value, digits) : "-";
}

std::string interval_text(double low, double high) {
  return fmt::format("[{}, {}]", or_dash(low, 3), or_dash(high, 3));
}

std::string best_of_n_text(const std::vector<BestOfNValue>& choices,
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

namespace {

/// A line each policy, "" where there are none.
template <class Policy, class At>
std::string labelled_lines(const char* name, const std::vector<Policy>& policies,
                           const std::vector<Interval>& gains, const At& at) {
  if (policies.empty()) return "";
  std::string text = fmt::format("  by the labelled rows alone\n  {:>9} {:>9} {:<20} {:>7}\n", name,
                                 "gain", "all at once", "ESS");
  for (std::size_t k = 0; k < policies.size(); ++k) {
    text += fmt::format("{} {:>9.4g} {:>9.4g} {:<20} {:>7.0f}\n", policies[k].reliable ? " " : "!",
                        at(policies[k]), policies[k].gain.value,
                        interval_text(gains[k].low, gains[k].high), policies[k].ess);
  }
  return text;
}

}  // namespace

std::string labelled_text(const ToldByLabelled& labelled) {
  return labelled_lines("beta", labelled.policies, labelled.gains,
                        [](const TablePolicyValue& policy) { return policy.beta; });
}

std::string labelled_best_of_n_text(const ToldByLabelled& labelled) {
  return labelled_lines("n", labelled.best_of_n, labelled.best_of_n_gains,
                        [](const BestOfNValue& best) { return best.n; });
}

std::string by_labelled_text(bool of_labelled) {
  return of_labelled ? "; told by the labelled rows alone" : "";
}

std::string forecast_text(const std::optional<Forecast>& forecast) {
  if (!forecast) return "";
  const double reach = forecast->shown_kl().back();
  const Interval rise = forecast->rise(reach);
  const Interval turn = forecast->turning_kl();
  std::string text = fmt::format(
      "Forecast, an extrapolation of d (a - b d) and d (a - b log d), d = sqrt(KL), from n = "
      "{:.3g} to {:.3g}: at n = {:.3g} a rise within {}; ",
      equivalent_n(forecast->from_kl), equivalent_n(forecast->to_kl), equivalent_n(reach),
      interval_text(rise.low, rise.high));
  if (std::isinf(turn.low)) return text + "neither form turns.";
  if (turn.low < forecast->from_kl) {
    return text + "at least one form has it fall from the first of them on.";
  }
  text += fmt::format("the first form to turn does so at KL {:.3g}", turn.low);
  return text + (std::isinf(turn.high) ? ", the other never."
                                       : fmt::format(", the other at {:.3g}.", turn.high));
}

}  // namespace esscher::app
