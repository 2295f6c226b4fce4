#include "audit_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/csv_line.h"
#include "common/policy_text.h"
#include "common/text.h"
#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"

namespace esscher::app {
namespace {

std::string calibration_text(const ProxyAudit& proxy) {
  const ProxyCalibration& calibration = proxy.calibration;
  std::string text = fmt::format(
      "correlation with gold {:.3f}; slope {:.3g} +- {:.2g} (gold for one unit of the proxy), "
      "standard deviation {:.3g}",
      calibration.correlation, calibration.slope.value, calibration.slope.standard_error, proxy.sd);
  if (calibration.tied >= 0.005)
    text += fmt::format("; {:.0f} % of rows tied", 100 * calibration.tied);
  return text;
}

/// \param priced  whether proxies are of several units, so that their betas do not compare
std::string policies_text(const ProxyAudit& proxy, double gold_sd, Told told, bool priced) {
  std::string text =
      fmt::format("  {:>9}{} {:>7} {:>9} {:>8} {:>9} {:>8} {:>9} {:<20} {:>7} {:>5}\n", "beta",
                  priced ? "     price" : "", priced ? "price/sd" : "beta/sd", told.gold(), "+-",
                  "proxy", "KL", "gain", "all at once", "ESS", "k");
  for (std::size_t b = 0; b < proxy.policies.size(); ++b) {
    const TablePolicyValue& policy = proxy.policies[b];
    text += fmt::format(
        "{} {:>9.4g}{} {:>{}.3g} {:>9.4g} {:>8} {:>9.4g} {:>8.3g} {:>9.4g} {:<20} {:>7.0f} {:>5}\n",
        policy.reliable ? " " : "!", policy.beta,
        priced ? fmt::format(" {:>9.4g}", policy.beta * proxy.unit) : "",
        policy.beta * proxy.unit / gold_sd, priced ? 8 : 7, told.gold(policy).value,
        or_dash(told.gold(policy).standard_error, 2), told.proxy(policy), policy.kl.value,
        policy.gain.value, interval_text(proxy.gains[b].low, proxy.gains[b].high), policy.ess,
        or_dash(policy.weights.pareto_k, 2));
  }
  return text + labelled_text(proxy.of_labelled) + paragraph(proxy.advice.verdict);
}

std::string trained_text(const TableAudit& audit, Told told) {
  std::string text = fmt::format(
      "\ntrained policies\n  {:<24} {:>9} {:>8} {:>9} {:<20} {:>8} {:>9} {:>10} {:>7} {:>5}\n",
      "log-ratio", told.gold(), "+-", "rise", "all at once", "KL", "worth", "mean ratio", "ESS",
      "k");
  for (const PolicyAudit& policy : audit.policies) {
    const TablePolicyValue& value = policy.value;
    text += fmt::format(
        "{} {:<24} {:>9.4g} {:>8} {:>9.4g} {:<20} {:>8.3g} {:>9} {:>10.3g} {:>7.0f} {:>5}\n",
        value.reliable ? " " : "!", policy.name, told.gold(value).value,
        or_dash(told.gold(value).standard_error, 2), value.rise.value,
        interval_text(policy.rise.low, policy.rise.high), value.kl.value,
        policy.worth ? fmt::format("{:.3g}", *policy.worth) : "-", policy.mean_ratio.value,
        value.ess, or_dash(value.weights.pareto_k, 2));
  }
  return text;
}

std::string recommendation_text(const TableAudit& audit) {
  std::string text;
  if (audit.recommended) {
    const ProxyAudit& proxy = audit.proxies[*audit.recommended];
    const DeploymentAdvice& advice = proxy.advice;
    text += fmt::format(
        "Recommendation: tilt by {} at beta {:.4g}, with a gain of at least {:.3g} over the "
        "reference, KL counted (estimate {:.3g}{}).",
        in_quotes(proxy.name), *advice.recommended, advice.gain->interval->low, advice.gain->value,
        by_labelled_text(advice.of_labelled));
    if (advice.labels_to_halve) {
      text += fmt::format(
          " Some {} more gold labels, of rows drawn from that policy and averaged apart from this "
          "table (in it they would be no random draw), would halve the interval.",
          *advice.labels_to_halve);
    }
  } else {
    text +=
        "Recommendation: no tilt. No policy of any proxy here has a gain that can be told from "
        "zero.";
  }
  if (audit.recommended_best_of_n) {
    const ProxyAudit& proxy = audit.proxies[*audit.recommended_best_of_n];
    const BestOfNAdvice& advice = proxy.best_of_n_advice;
    text += fmt::format(
        " Best-of-n: by {}, the best of {:.4g}, with a gain of at least {:.3g} (estimate "
        "{:.3g}{}).",
        in_quotes(proxy.name), *advice.recommended, advice.gain->interval->low, advice.gain->value,
        by_labelled_text(advice.of_labelled));
  } else {
    text += " Best-of-n: by none of them.";
  }
  return text;
}

}  // namespace

std::string audit_report(const TableAudit& audit, const AuditInput& input) {
  const Told told{!input.table.groups.empty()};
  std::string text = fmt::format(
      "{}{}{}, {} with a gold reward; its standard deviation {:.4g}\n", counted(audit.rows, "row"),
      input.reference_rows > 0 ? fmt::format(" ({} of --reference)", input.reference_rows) : "",
      told.grouped ? " in " + counted(input.groups, "group") : "", audit.known, audit.gold_sd);
  for (const std::string& remark : input.remarks) text += paragraph(remark);
  for (const std::string& remark : audit.remarks) text += paragraph(remark);
  if (!audit.proxies.empty()) text += "\n" + paragraph(recommendation_text(audit));
  if (audit.target) text += "\n" + paragraph(audit.target->verdict);
  const bool priced =
      std::ranges::any_of(audit.proxies, [](const ProxyAudit& proxy) { return proxy.unit != 1; });
  for (const ProxyAudit& proxy : audit.proxies) {
    text += "\n" + proxy.name + "\n" + paragraph(calibration_text(proxy)) +
            policies_text(proxy, audit.gold_sd, told, priced) +
            best_of_n_text(proxy.best_of_n, proxy.best_of_n_gains, told) +
            labelled_best_of_n_text(proxy.of_labelled) + paragraph(proxy.best_of_n_advice.verdict) +
            paragraph(forecast_text(proxy.best_of_n_forecast));
  }
  if (!audit.policies.empty()) text += trained_text(audit, told);
  text +=
      "\n" +
      paragraph(
          std::string(told.grouped
                          ? "rise: mean gold reward under the policy less that under the "
                            "reference; proxy: the rise that the proxy claims; "
                          : "gold: mean gold reward under the policy; proxy: what the proxy "
                            "says there; ") +
          (priced ? "price: gold for a nat of KL, beta in the gold reward's unit; gain: J - "
                    "J(reference), J = gold - price KL, of best-of-n without KL; "
                  : "gain: J - J(reference), J = gold - beta KL, of best-of-n without KL; ") +
          "all at once: intervals that hold for all proxies and temperatures (all n; all trained "
          "policies) at once; ESS and k: effective rows, or clusters, and Pareto k; worth: gold "
          "for a nat of KL; "
          "mean ratio: of pi/pi_0 over the reference; !: few effective rows, or a heavy tail. "
          "Scores matter up to a constant" +
          (told.grouped ? " in each group." : "."));
  if (audit.proxies.size() > 1) {
    text += paragraph(std::string(kMeanOfProxies) +
                      ": of the proxies, each over its standard deviation.");
  }
  return text;
}

std::string audit_csv(const TableAudit& audit) {
  std::string text =
      "score,kind,beta,price,n,gold,gold_se,rise,rise_se,proxy,kl,gain,gain_se,gain_low,gain_high,"
      "ess,reliable\n";
  const auto add = [&](const std::string& name, const char* kind, std::optional<double> beta,
                       std::optional<double> price, std::optional<double> n,
                       std::initializer_list<double> values, bool reliable) {
    CsvLine line;
    line.add(quoted(name));
    line.add(std::string(kind));
    line.add(beta);
    line.add(price);
    line.add(n);
    for (const double value : values) line.add(value);
    line.add(std::string(reliable ? "1" : "0"));
    text += line.text();
  };
  for (const ProxyAudit& proxy : audit.proxies) {
    for (std::size_t b = 0; b < proxy.policies.size(); ++b) {
      const TablePolicyValue& policy = proxy.policies[b];
      add(proxy.name, "tilt", policy.beta, policy.beta * proxy.unit, {},
          {policy.value.value, policy.value.standard_error, policy.rise.value,
           policy.rise.standard_error, policy.proxy.value, policy.kl.value, policy.gain.value,
           policy.gain.standard_error, proxy.gains[b].low, proxy.gains[b].high, policy.ess},
          policy.reliable);
    }
    for (std::size_t k = 0; k < proxy.best_of_n.size(); ++k) {
      const BestOfNValue& best = proxy.best_of_n[k];
      add(proxy.name, "best_of_n", {}, {}, best.n,
          {best.value.value, best.value.standard_error, best.gain.value, best.gain.standard_error,
           best.proxy.value, best.kl.value, best.gain.value, best.gain.standard_error,
           proxy.best_of_n_gains[k].low, proxy.best_of_n_gains[k].high, best.ess},
          best.reliable);
    }
  }
  for (const PolicyAudit& policy : audit.policies) {
    const TablePolicyValue& value = policy.value;
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    add(policy.name, "policy", {}, {}, {},
        {value.value.value, value.value.standard_error, value.rise.value, value.rise.standard_error,
         kNone, value.kl.value, kNone, kNone, kNone, kNone, value.ess},
        value.reliable);
  }
  return text;
}

}  // namespace esscher::app
