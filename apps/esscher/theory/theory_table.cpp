#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "common/text.h"
#include "esscher/base/build_info.h"
#include "theory_report.h"

namespace esscher::app {
namespace {

constexpr int kColumn = 12;
constexpr int kBetaColumn = 9;
constexpr int kLabel = 11;

/// Five digits are for reading, JSON has them all; fewer where \p width would not hold them.
std::string fitted(double value, std::size_t width) {
  std::string text = fmt::format("{:.5g}", value);
  for (int digits = 4; digits > 0 && text.size() > width; --digits) {
    text = fmt::format("{:.{}g}", value, digits);
  }
  return text;
}

/// At most 11 characters. Rounding's leftovers of a zero, beside the \p scale of what it was made
/// of, are printed as one.
std::string number(double value, double scale = 0) {
  if (value == 0 || std::abs(value) < 1e-13 * scale) return "0";
  return fitted(value, kColumn - 1);
}

std::string number(const std::optional<double>& value) { return value ? number(*value) : "-"; }

/// Columns to the right of the temperature, each set off by a blank at least.
std::string line(const std::string& beta, const std::vector<std::string>& cells) {
  std::string text = fmt::format("  {:>{}}", beta, kBetaColumn);
  for (const std::string& cell : cells) text += fmt::format("{:>{}}", cell, kColumn);
  return text + "\n";
}

std::string line(double beta, const std::vector<std::string>& cells) {
  return line(fitted(beta, kBetaColumn), cells);
}

/// Whether nothing but rounding is left of a signal.
bool is_rounding(const TransformSignal& signal, int order) {
  const auto k = static_cast<std::size_t>(order);
  return std::abs(signal.scaled[k]) <= 10 * signal.errors[k];
}

/// C_k itself, or its sign and logarithm where it does not fit into a double.
std::string signal_text(const TiltedSignal& signal, LabelTransform transform, int order) {
  const double value = signal.signal(transform, order);
  const double scaled = signal[transform].scaled[static_cast<std::size_t>(order)];
  if (is_rounding(signal[transform], order)) return "0";
  if (scaled == 0 || std::isnormal(value)) return number(value);
  const double logarithm = signal.log_scale + std::log(std::abs(scaled));
  const char* const format = std::abs(logarithm) < 1e6 ? "{}e^{:.0f}" : "{}e^{:.3g}";
  return fmt::format(fmt::runtime(format), scaled < 0 ? "-" : "", logarithm);
}

std::string percent(double share) {
  return share >= 0.0995 ? fmt::format("{:.1f} %", 100 * share)
                         : fmt::format("{:.2g} %", 100 * share);
}

std::string percent(const std::optional<double>& share) { return share ? percent(*share) : "-"; }

std::string samples_text(const std::optional<SampleComplexity>& complexity) {
  return complexity ? complexity->text() : "none known";
}

std::string head(const TheoryReport& report) {
  const SingleIndexModel& model = report.options.model;
  std::string text = fmt::format("Reward r*(x) = f(<theta*, x>), x ~ N(0, I_d)\n  f(z) = {}\n",
                                 model.link.formula());
  const double deviation = std::sqrt(report.exponents.variance);
  const std::string link = "  link " + model.link.name() + ",";
  const std::string rest = fmt::format(" noise {}, E f = {}, sd f = {}\n", model.noise.name(),
                                       number(report.exponents.hermite[0], deviation),
                                       report.exponents.constant ? "0" : number(deviation));
  text += link + (link.size() + rest.size() > kPageWidth + 1 ? "\n " : "") + rest;
  return text + "  " + wrapped(report.finiteness.sentence, kPageWidth - 2, "  ") + "\n";
}

/// An exponent with what it means for one-pass SGD; \p seen says what there is none of, where
/// rounding and tolerance leave no exponent to report.
std::string exponent_line(std::string_view name, const std::optional<int>& order,
                          std::string_view label, const std::optional<SampleComplexity>& complexity,
                          const std::string& seen) {
  if (!order) return fmt::format("  {:<24}{:<6}{}\n", name, "-", seen);
  return fmt::format("  {:<24}{:<6}{:<37}n ~ {}\n", name, *order,
                     fmt::format("one-pass SGD on the {} label:", label), samples_text(complexity));
}

std::string exponents_text(const TheoryReport& report) {
  const Exponents& exponents = report.exponents;
  if (exponents.constant) return "";
  std::string text = "\nHow many samples find theta*\n";
  text += exponent_line("information exponent", exponents.information, "plain",
                        report.complexities.unweighted,
                        fmt::format("no |E f h_k| above {} sd f and its error up to order {}",
                                    number(exponents.information_tolerance), exponents.max_order));
  text += exponent_line("generative exponent", exponents.generative, "weighted",
                        report.complexities.weighted,
                        fmt::format("no lambda_k^2 above {} and its error up to order {}",
                                    number(exponents.generative_tolerance), exponents.max_order));
  if (exponents.generative) {
    text += fmt::format("  {:<30}best known efficient algorithms:     n ~ {}\n", "",
                        samples_text(report.complexities.efficient));
  }
  if (exponents.generative) {
    const auto k = static_cast<std::size_t>(*exponents.generative);
    text += fmt::format(
        "  lambda_{}^2 = {} (error {:.1g}): what the label can tell of h_{}(z) at best\n", k,
        number(exponents.lambda_squared[k]), exponents.lambda_squared_errors[k], k);
  }
  if (exponents.spectral_threshold) {
    text += fmt::format("  spectral methods see theta* from n/d = {:.5g} on\n",
                        *exponents.spectral_threshold);
  }
  const double deviation = std::sqrt(exponents.variance);
  const std::size_t shown = std::min<std::size_t>(exponents.hermite.size(), 7);
  std::string orders = fmt::format("\n  {:<{}}", "k", kLabel);
  std::string hermite = fmt::format("\n  {:<{}}", "E f h_k", kLabel);
  std::string lambda = fmt::format("\n  {:<{}}", "lambda_k^2", kLabel);
  for (std::size_t k = 0; k < shown; ++k) {
    orders += fmt::format("{:>{}}", k, kColumn);
    hermite += fmt::format("{:>{}}", number(exponents.hermite[k], deviation), kColumn);
    const bool rounding = exponents.lambda_squared[k] <= 10 * exponents.lambda_squared_errors[k] &&
                          exponents.lambda_squared[k] < exponents.generative_tolerance;
    lambda += fmt::format("{:>{}}", rounding ? "0" : number(exponents.lambda_squared[k]), kColumn);
  }
  return text + orders + hermite + lambda +
         fmt::format(
             "\n  In the exponents zero means |E f h_k| < {} sd f, lambda_k^2 < {} without "
             "noise.\n",
             number(exponents.information_tolerance), number(exponents.generative_tolerance));
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
  text += fmt::format("  {:<16}{:>12}{:>14}{:>12}   {}\n", "label transform", "best beta1",
                      "efficiency", "threshold", "dead temperatures");
  const char* const formulas[] = {"e^{sy}", "y e^{sy}", "(y-c) e^{sy}"};
  for (const FeatureTemperature& found : all) {
    const std::string cells = fmt::format(
        "  {:<16}{:>12}{:>14}{:>12}   ", formulas[static_cast<int>(found.transform)],
        found.best_beta ? number(*found.best_beta) + (found.best_at_search_end ? "*" : "")
                        : "no weight",
        percent(found.best_efficiency), number(found.threshold));
    std::istringstream dead(wrapped(dead_text(found), kPageWidth - cells.size()));
    std::string before = cells;
    for (std::string part; std::getline(dead, part);) {
      text += before + part + "\n";
      before = std::string(cells.size(), ' ');
    }
  }
  text += fmt::format(
      "  s = 1/beta1. Efficiency: share of the best possible transform's signal-to-noise. Above "
      "the\n"
      "  threshold no temperature is dead. Searched beta1 from {} to {}.\n",
      number(all[0].searched_from), number(all[0].searched_to));
  if (std::any_of(all.begin(), all.end(), [](auto& f) { return f.best_at_search_end; })) {
    text += "  * the end of the search: temperatures beyond it may serve better.\n";
  }
  return text;
}

/// A temperature, marked where the row's integrals are not what they should be.
std::string beta_text(const TheoryRow& row) {
  if (row.law.relative_error <= kToldError) return fitted(row.law.beta, kBetaColumn);
  return fitted(row.law.beta, kBetaColumn - 1) + "~";
}

std::string law_text(const TheoryReport& report) {
  if (report.rows.empty() || (report.exponents.constant && !report.tilts())) return "";
  const int order = report.exponents.generative.value_or(1);
  const auto k = static_cast<std::size_t>(order);
  std::string text =
      "\nThe policy pi ~ e^{r*/beta} N(0, I), exactly, and the weighted label's signal\n";
  text += line("beta", {"value J*", "E_pi r*", "sd_pi r*", "KL (nats)", "ESS",
                        fmt::format("C_{}", order), fmt::format("rho_{}", order)});
  for (const TheoryRow& row : report.rows) {
    const TransformSignal& label = row.signal[LabelTransform::label_exp];
    const std::vector<double>& rho = label.signal_to_noise;
    text += line(beta_text(row), {number(row.law.optimal_value), number(row.law.mean_reward),
                                  number(std::sqrt(row.law.reward_variance)), number(row.law.kl),
                                  percent(row.law.ess_fraction),
                                  signal_text(row.signal, LabelTransform::label_exp, order),
                                  rho.empty()                 ? "-"
                                  : is_rounding(label, order) ? "0"
                                                              : number(rho[k])});
  }
  text += fmt::format(
      "  J* = E_pi r* - beta KL; not optimising is worth {}. ESS: effective share of reference\n"
      "  samples. C_{} = E[y e^{{y/beta}} h_{}(z)], rho_{} = C_{} / sqrt(E (y e^{{y/beta}})^2).\n",
      number(report.rows.front().law.reference_value, std::sqrt(report.exponents.variance)), order,
      order, order, order);
  return text;
}

std::string divergence_text(const TheoryReport& report) {
  if (report.rows.empty() || !report.tilts()) return "";
  std::string text = "\nWhat the divergence buys: the tilted policy, and best-of-n at equal KL\n";
  text += line("beta", {"KL (nats)", "chi-square", "E_pi r*", "n", "E_n r*", "gain kept"});
  for (const TheoryRow& row : report.rows) {
    std::vector<std::string> cells{number(row.law.kl), number(row.law.chi_square),
                                   number(row.law.mean_reward)};
    if (row.best_of_n) {
      const double risen = row.law.mean_reward - row.law.reference_value;
      const double kept = (row.best_of_n->mean_reward - row.law.reference_value) / risen;
      const bool sure = risen > 100 * row.best_of_n->error;
      cells.insert(cells.end(), {number(row.best_of_n->n), number(row.best_of_n->mean_reward),
                                 sure ? percent(kept) : "-"});
    } else {
      cells.insert(cells.end(), {"-", "-", "-"});
    }
    text += line(beta_text(row), cells);
  }
  return text +
         "  E_n r*: of the best of n draws of the reference, n chosen so that its KL is the same; "
         "at most\n  1e15. Gain kept: share of the tilt's E_pi r* - E r*.\n";
}

std::string learned_text(const TheoryReport& report) {
  if (!report.options.learned || report.rows.empty()) return "";
  std::string text = fmt::format(
      "\nThe policy pi_r ~ e^{{r/beta}} N(0, I) of the learned reward r(x) = g(<w, x>),\n"
      "  overlap <w, theta*> = {}, g(u) = {}\n",
      number(report.options.overlap), report.options.learned->formula());
  text +=
      line("beta", {"gold E r*", "proxy E r", "KL (nats)", "value J", "gap", "efficiency", "ESS"});
  for (const TheoryRow& row : report.rows) {
    const LearnedPolicy& policy = *row.learned;
    text += line(policy.beta, {number(policy.gold_value), number(policy.proxy_value),
                               number(policy.kl), number(policy.value), number(policy.value_gap),
                               number(policy.efficiency), percent(policy.ess_fraction)});
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
         divergence_text(report) + learned_text(report) + remarks_text(report) + "\n" +
         build_line() + "\n";
}

}  // namespace esscher::app
