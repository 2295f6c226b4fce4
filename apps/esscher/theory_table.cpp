#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "esscher/base/build_info.h"
#include "text.h"
#include "theory_report.h"

namespace esscher::app {
namespace {

/// Six digits are for reading; JSON has them all. Rounding's leftovers of a zero are printed as
/// one.
std::string number(double value) {
  if (std::abs(value) < 1e-13) return "0";
  return fmt::format("{:.6g}", value);
}

std::string number(const std::optional<double>& value) { return value ? number(*value) : "-"; }

std::string percent(double share) {
  return share >= 0.0995 ? fmt::format("{:.1f} %", 100 * share)
                         : fmt::format("{:.2g} %", 100 * share);
}

std::string percent(const std::optional<double>& share) { return share ? percent(*share) : "-"; }

std::string order_text(const std::optional<int>& order, int max_order) {
  return order ? std::to_string(*order) : fmt::format("> {}", max_order);
}

std::string samples_text(const std::optional<SampleComplexity>& complexity) {
  return complexity ? complexity->text() : "none known";
}

std::string head(const TheoryReport& report) {
  const SingleIndexModel& model = report.options.model;
  std::string text = fmt::format("Reward r*(x) = f(<theta*, x>), x ~ N(0, I_d)\n  f(z) = {}\n",
                                 model.link.formula());
  text += fmt::format("  link {}, noise {}, E f = {}, sd f = {}\n", model.link.name(),
                      model.noise.name(), number(report.exponents.hermite[0]),
                      number(std::sqrt(report.exponents.variance)));
  return text + "  " + wrapped(report.finiteness.sentence, kPageWidth - 2, "  ") + "\n";
}

std::string exponents_text(const TheoryReport& report) {
  const Exponents& exponents = report.exponents;
  std::string text = "\nHow many samples find theta*\n";
  text +=
      fmt::format("  {:<24}{:<6}one-pass SGD on the plain label:     n ~ {}\n",
                  "information exponent", order_text(exponents.information, exponents.max_order),
                  samples_text(report.complexities.unweighted));
  text += fmt::format("  {:<24}{:<6}one-pass SGD on the weighted label:  n ~ {}\n",
                      "generative exponent", order_text(exponents.generative, exponents.max_order),
                      samples_text(report.complexities.weighted));
  text += fmt::format("  {:<30}best known efficient algorithms:     n ~ {}\n", "",
                      samples_text(report.complexities.efficient));
  if (exponents.generative) {
    const auto k = static_cast<std::size_t>(*exponents.generative);
    text += fmt::format(
        "  lambda_{}^2 = {:.6g} (error {:.1g}): what the label can tell of h_{}(z) at best\n", k,
        exponents.lambda_squared[k], exponents.lambda_squared_errors[k], k);
  }
  if (exponents.spectral_threshold) {
    text += fmt::format("  spectral methods see theta* from n/d = {:.5g} on\n",
                        *exponents.spectral_threshold);
  }
  text += "\n  k          ";
  const std::size_t shown = std::min<std::size_t>(exponents.hermite.size(), 7);
  for (std::size_t k = 0; k < shown; ++k) text += fmt::format("{:>11}", k);
  text += "\n  E f h_k    ";
  for (std::size_t k = 0; k < shown; ++k)
    text += fmt::format("{:>11}", number(exponents.hermite[k]));
  text += "\n  lambda_k^2 ";
  for (std::size_t k = 0; k < shown; ++k) {
    text += fmt::format("{:>11}", number(exponents.lambda_squared[k]));
  }
  return text + "\n";
}

std::string dead_text(const FeatureTemperature& found) {
  if (found.dead.empty()) return "none";
  std::string text;
  for (const DeadTemperature& zero : found.dead) {
    text += fmt::format("{}{:.7g}{}", text.empty() ? "" : ", ", zero.beta,
                        zero.tangent ? " (touches)" : "");
  }
  return text;
}

std::string temperatures_text(const TheoryReport& report) {
  if (!report.feature_temperatures) return "";
  const auto& all = *report.feature_temperatures;
  std::string text = fmt::format(
      "\nFeature temperature beta1: where weighting shows theta* (order k = {}), and where not\n",
      all[0].order);
  text += fmt::format("  {:<16}{:>11}{:>14}{:>12}   {}\n", "label transform", "best beta1",
                      "efficiency", "threshold", "dead temperatures");
  const char* const formulas[] = {"e^{sy}", "y e^{sy}", "(y-c) e^{sy}"};
  for (const FeatureTemperature& found : all) {
    text += fmt::format(
        "  {:<16}{:>11}{:>14}{:>12}   {}\n", formulas[static_cast<int>(found.transform)],
        found.best_beta ? number(*found.best_beta) + (found.best_at_search_end ? "*" : "")
                        : "no weight",
        percent(found.best_efficiency), number(found.threshold), dead_text(found));
  }
  text += fmt::format(
      "  s = 1/beta1. Efficiency: share of the best possible transform's signal-to-noise. Above "
      "the\n"
      "  threshold no temperature is dead. Searched beta1 from {} to {}.\n",
      number(all[0].searched_from), number(all[0].searched_to));
  if (std::any_of(all.begin(), all.end(), [](auto& f) { return f.best_at_search_end; })) {
    text += "  * the end of the search: still lower temperatures may serve better.\n";
  }
  return text;
}

std::string law_text(const TheoryReport& report) {
  if (report.rows.empty()) return "";
  const int order = report.exponents.generative.value_or(1);
  const auto k = static_cast<std::size_t>(order);
  std::string text =
      "\nThe policy pi ~ e^{r*/beta} N(0, I), exactly, and the weighted label's signal\n";
  text += fmt::format("  {:>9}{:>11}{:>11}{:>10}{:>11}{:>10}{:>13}{:>11}{:>11}\n", "beta",
                      "value J*", "E_pi r*", "sd_pi r*", "KL (nats)", "ESS", "log E e^r/b",
                      fmt::format("C_{}", order), fmt::format("rho_{}", order));
  for (const TheoryRow& row : report.rows) {
    const TransformSignal& signal = row.signal[LabelTransform::label_exp];
    const std::string rho =
        signal.signal_to_noise.empty() ? "-" : number(signal.signal_to_noise[k]);
    text += fmt::format("  {:>9}{:>11}{:>11}{:>10}{:>11}{:>10}{:>13}{:>11}{:>11}\n",
                        number(row.law.beta), number(row.law.optimal_value),
                        number(row.law.mean_reward), number(std::sqrt(row.law.reward_variance)),
                        number(row.law.kl), percent(row.law.ess_fraction),
                        number(row.law.log_partition),
                        number(row.signal.signal(LabelTransform::label_exp, order)), rho);
  }
  text += fmt::format(
      "  J* = E_pi r* - beta KL; not optimising is worth {}. ESS: effective share of reference\n"
      "  samples. C_{} = E[y e^{{y/beta}} h_{}(z)], rho_{} = C_{} / sqrt(E (y e^{{y/beta}})^2).\n",
      number(report.rows.front().law.reference_value), order, order, order, order);
  return text;
}

std::string learned_text(const TheoryReport& report) {
  if (!report.options.learned || report.rows.empty()) return "";
  std::string text = fmt::format(
      "\nThe policy pi_r ~ e^{{r/beta}} N(0, I) of the learned reward r(x) = g(<w, x>),\n"
      "  g(u) = {}, overlap <w, theta*> = {}\n",
      report.options.learned->formula(), number(report.options.overlap));
  text += fmt::format("  {:>9}{:>13}{:>13}{:>12}{:>12}{:>12}{:>12}{:>10}\n", "beta", "gold E r*",
                      "proxy E r", "KL (nats)", "value J", "gap", "efficiency", "ESS");
  for (const TheoryRow& row : report.rows) {
    const LearnedPolicy& policy = *row.learned;
    text += fmt::format("  {:>9}{:>13}{:>13}{:>12}{:>12}{:>12}{:>12}{:>10}\n", number(policy.beta),
                        number(policy.gold_value), number(policy.proxy_value), number(policy.kl),
                        number(policy.value), number(policy.value_gap), number(policy.efficiency),
                        percent(policy.ess_fraction));
  }
  text +=
      "  Efficiency: 1 is optimal, 0 no better than not optimising, negative is over-optimised.\n";
  return text;
}

std::string remarks_text(const TheoryReport& report) {
  std::string text;
  for (const std::string& remark : report.remarks) {
    text += "\n" + wrapped("Note: " + remark + ".", kPageWidth) + "\n";
  }
  return text;
}

}  // namespace

std::string theory_table(const TheoryReport& report) {
  return head(report) + exponents_text(report) + temperatures_text(report) + law_text(report) +
         learned_text(report) + remarks_text(report) + "\n" + build_line() + "\n";
}

}  // namespace esscher::app
