#include "simulation_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "common/text.h"
#include "esscher/base/build_info.h"

namespace esscher::app {
namespace {

constexpr int kFactLabel = 46;
constexpr int kFactColumn = 18;
constexpr int kWideColumn = 23;
constexpr int kBeta = 9;

std::string figure(double value, int digits = 4) { return fmt::format("{:.{}g}", value, digits); }

std::string row(const std::string& label, const std::vector<std::string>& cells) {
  std::string text = fmt::format("  {:<{}}", label, kFactLabel);
  for (const std::string& cell : cells) text += fmt::format("{:>{}}", cell, kWideColumn);
  return text + "\n";
}

std::string share_text(const Share& share) {
  return fmt::format("{:.1f} % [{:.1f}, {:.1f}]", 100 * share.value, 100 * share.lower,
                     100 * share.upper);
}

std::string time_text(const RecoveryTimes& times) {
  return times.median ? figure(*times.median, 3) : "never";
}

std::string head(const SimulationResult& result) {
  const FeatureOptions& features = result.plan.features;
  const MultiIndexModel& model = result.options.model;
  const std::size_t q = model.link.directions();
  return fmt::format(
      "Reward r*(x) = f({}), f = {}, x ~ N(0, I_d), d = {}\n"
      "  link {}, noise {}, {} neurons ({}), seed {}\n",
      q == 1 ? "<theta*, x>" : fmt::format("<theta_1, x>, ..., <theta_{}, x>", q),
      model.link.formula(), figure(static_cast<double>(features.dim), 7), model.link.name(),
      model.noise.name(), features.width, features.activation.name(), features.seed);
}

std::string exponent_text(const std::optional<int>& order) {
  return order ? std::to_string(*order) : "> 12";
}

std::string stage_one_words(const SimulationResult& result) {
  const FeatureOptions& features = result.plan.features;
  const FeatureSummary& summary = result.features;
  std::string text;
  if (result.plan.feature_temperature) {
    text += fmt::format("Each sample is weighted by e^{{y/beta1}}, beta1 = {} (transform {}). ",
                        figure(*result.plan.feature_temperature),
                        weighting_name(features.label.weighting));
  } else {
    text += "Samples are not weighted. ";
  }
  if (features.hidden == 1) {
    text += fmt::format(
        "Plain regression sees the information exponent {}, the best label transform the "
        "generative exponent {}. ",
        exponent_text(result.plan.information_exponent),
        exponent_text(result.plan.generative_exponent));
  }
  text += fmt::format("Engine {}: {} samples in batches of {}, step size {}; {} after {:.1f} s.",
                      engine_name(summary.engine), figure(static_cast<double>(summary.samples), 3),
                      features.batch, figure(features.step_size, 3),
                      feature_status_name(summary.status), result.seconds.features);
  return text;
}

std::string stage_one(const SimulationResult& result) {
  const FeatureOptions& options = result.plan.features;
  const FeatureSummary& summary = result.features;
  std::string text = "\n1. Features: does the first layer find theta*?\n";
  text += paragraph(stage_one_words(result));
  const auto line = [&](const std::string& label, auto cell) {
    std::vector<std::string> cells{cell(summary)};
    if (result.control) cells.push_back(cell(*result.control));
    text += row(label, cells);
  };
  if (result.control) text += row("", {"weighted", "without weights"});
  line(fmt::format("neurons with |overlap| > {}", figure(options.weak)),
       [](const FeatureSummary& run) { return share_text(run.weak); });
  line(fmt::format("neurons with |overlap| > {}", figure(options.strong)),
       [](const FeatureSummary& run) { return share_text(run.strong); });
  line(fmt::format("median samples until |overlap| > {}", figure(options.weak)),
       [](const FeatureSummary& run) { return time_text(run.weak_times); });
  line("largest |overlap|", [](const FeatureSummary& run) {
    return run.trajectory.empty() ? "-" : figure(run.trajectory.back().quantiles.back(), 3);
  });
  line("early drift of the overlap, x 1e6 / sample", [](const FeatureSummary& run) {
    return run.drift ? fmt::format("{} +-{}", figure(1e6 * run.drift->observed, 3),
                                   figure(1e6 * run.drift->standard_error, 2))
                     : std::string("-");
  });
  line("  as theory predicts it", [](const FeatureSummary& run) {
    return run.drift ? figure(1e6 * run.drift->predicted, 3) : std::string("-");
  });
  text += "  Shares carry 95 % Wilson intervals.";
  text += result.control ? " Both columns used the same samples.\n" : "\n";
  for (const auto& remark : result.plan.remarks) text += paragraph(remark);
  for (const auto& remark : summary.remarks) text += paragraph(remark);
  return text;
}

double largest_size(const std::vector<double>& values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

std::string refinement_words(const SimulationResult& result) {
  const RefineSummary& summary = *result.refinement;
  const double first = static_cast<double>(result.features.samples);
  std::string text = fmt::format(
      "Both layers are trained jointly on the squared loss, whose gradients carry the residual's "
      "noise alone; the average gradient outer product of the trained reward then tells the "
      "directions on which it turns. {} more samples, {} with those of stage 1; {} after {:.1f} s.",
      figure(static_cast<double>(summary.samples), 3),
      figure(first + static_cast<double>(summary.samples), 3), refine_status_name(summary.status),
      result.seconds.refinement);
  if (summary.status == RefineStatus::refined) {
    text += fmt::format(
        " {} drawn anew from the leading {}.",
        result.overlaps.size() == 1 ? "The neuron's row is"
                                    : fmt::format("All {} rows are", result.overlaps.size()),
        summary.directions == 1 ? "direction" : fmt::format("{} directions", summary.directions));
  }
  return text;
}

std::string error_text(const HeldOutError& error) {
  return fmt::format("{} +-{}", figure(error.value), figure(error.standard_error, 2));
}

std::string refinement(const SimulationResult& result) {
  if (!result.refinement) return "";
  const RefineSummary& summary = *result.refinement;
  std::string text = "\n1b. Refinement: on which directions does the reward turn?\n";
  text += paragraph(refinement_words(result));
  if (!summary.by_directions.empty()) {
    text += row("", {"stage 1", "refined"});
    text += row("largest |overlap|",
                {figure(largest_size(result.features.overlaps), 3),
                 figure(summary.principal_cosines.empty() ? 0 : summary.principal_cosines[0], 5)});
    if (summary.principal_cosines.size() > 1) {
      std::string cosines;
      for (const double cosine : summary.principal_cosines) {
        cosines += fmt::format("{}{:.5f}", cosines.empty() ? "" : ", ", cosine);
      }
      text += fmt::format(
          "  {:<{}}{:>{}}\n",
          fmt::format("cosines of angles to the {} hidden directions", result.plan.features.hidden),
          kFactLabel, cosines, 2 * kWideColumn);
    }
    text += row("held-out squared error, noise and all",
                {error_text(summary.pilot), error_text(summary.refined)});
    double total = 0;
    for (const double value : summary.spectrum) total += value;
    std::string shares;
    for (std::size_t i = 0; i < std::min<std::size_t>(summary.spectrum.size(), 4); ++i) {
      shares += fmt::format("{}{:.4f}", i == 0 ? "" : ", ", summary.spectrum[i] / total);
    }
    text += fmt::format("  {:<{}}{:>{}}\n", "shares of the gradients' outer product", kFactLabel,
                        shares, 2 * kWideColumn);
  }
  for (const auto& remark : summary.remarks) text += paragraph(remark);
  return text;
}

/// Whether the sample could not bear weights at the deployment temperature.
bool fell_back(const PolicyRow& row) {
  return row.weights != ReadoutWeights::automatic &&
         row.weight_temperature.value_or(row.beta) > row.beta;
}

/// "0.873 +-0.004", and marks where it is not to be relied on, and where weights are not as named.
std::string efficiency_text(const PolicyRow& row) {
  const std::string other = fell_back(row) ? "*" : "";
  if (!row.policy_remark.empty()) return "no policy" + other;
  if (!row.policy || !row.policy->efficiency) return "-";
  const Estimate& efficiency = *row.policy->efficiency;
  const std::string mark = (row.policy->reliable ? "" : "?") + other;
  if (std::abs(efficiency.value) + efficiency.standard_error < 1000) {
    if (efficiency.standard_error == 0) return fmt::format("{:.4f}{}", efficiency.value, mark);
    // A small error is not to look like none.
    const int digits = efficiency.standard_error < 5e-4 ? 4 : 3;
    return fmt::format("{:.{}f} +-{:.{}f}{}", efficiency.value, digits, efficiency.standard_error,
                       digits, mark);
  }
  return fmt::format("{:.2g} +-{:.1g}{}", efficiency.value, efficiency.standard_error, mark);
}

const PolicyRow* find(const SimulationResult& result, ReadoutWeights weights, double beta) {
  for (const PolicyRow& row : result.rows) {
    if (row.weights == weights && row.beta == beta) return &row;
  }
  return nullptr;
}

std::string efficiency_table(const SimulationResult& result) {
  std::string text = fmt::format("  {:>{}}{:>12}", "beta2", kBeta, "to gain");
  for (const ReadoutWeights weights : result.options.weights) {
    text += fmt::format("{:>{}}", readout_weights_name(weights), kFactColumn);
  }
  text += "\n";
  std::vector<TiltedLaw> optimal = result.optimal;
  std::sort(optimal.begin(), optimal.end(),
            [](const TiltedLaw& a, const TiltedLaw& b) { return a.beta > b.beta; });
  for (const TiltedLaw& law : optimal) {
    text += fmt::format("  {:>{}}{:>12}", figure(law.beta), kBeta, figure(law.gain));
    for (const ReadoutWeights weights : result.options.weights) {
      const PolicyRow* found = find(result, weights, law.beta);
      text += fmt::format("{:>{}}", found == nullptr ? "-" : efficiency_text(*found), kFactColumn);
    }
    text += "\n";
  }
  return text;
}

/// What automatic weights came to at each temperature.
std::string automatic_table(const SimulationResult& result) {
  std::vector<const PolicyRow*> rows;
  for (const PolicyRow& each : result.rows) {
    if (each.weights == ReadoutWeights::automatic && each.calibration) rows.push_back(&each);
  }
  if (rows.empty()) return "";
  std::ranges::sort(rows, [](const auto* a, const auto* b) { return a->beta > b->beta; });
  std::string text =
      "\n" + paragraph(
                 "What auto did: readouts with equal weights, with label weights, and with "
                 "surrogate weights at beta_w, 2 beta_w and 4 beta_w, mixed by their held-out "
                 "error where the tilt goes; times a factor, below 1 where held-out labels do not "
                 "bear out the reward's whole tilt. 'Seen' is the share of the tilt that leaves 30 "
                 "effective samples to look at.");
  text += fmt::format("  {:>{}}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}\n", "beta2", kBeta,
                      "beta_w", "equal", "label", "at beta_w", "at 2", "at 4", "factor", "seen");
  for (const PolicyRow* each : rows) {
    text += fmt::format("  {:>{}}{:>12}", figure(each->beta), kBeta,
                        figure(each->weight_temperature.value_or(0)));
    for (const double share : each->shares) text += fmt::format("{:>10.0f} %", 100 * share);
    text += fmt::format("{:>12.3f}{:>10.0f} %\n", each->calibration->scale,
                        100 * each->calibration->reach);
  }
  return text;
}

std::string stage_two(const SimulationResult& result) {
  const auto valued = [](const PolicyRow& each) {
    return each.policy || !each.policy_remark.empty();
  };
  if (std::none_of(result.rows.begin(), result.rows.end(), valued)) return "";
  std::string text = "\n2. Readouts and the policies tilted by them\n";
  text += paragraph(fmt::format(
      "On {} fresh samples the second layer is fitted by ridge regression, with weights: uniform "
      "(plain regression), label e^{{y/beta2}}, surrogate e^{{pilot(x)/beta2}} with a pilot fitted "
      "on other folds, oracle e^{{r*(x)/beta2}} (only a simulation can), or auto, what the sample "
      "itself suggests. Each reward r then tilts the policy, pi(x) ~ N(0, I) e^{{r(x)/beta2}}.",
      figure(static_cast<double>(result.options.readout_samples))));
  text += paragraph(
      "'To gain' is what the optimal policy gains over not optimising, in units of the reward less "
      "beta2 KL. The other columns are efficiencies, the share of it that each policy gets: 1 is "
      "optimal, 0 no better than not optimising, negative is over-optimised. +- is one standard "
      "error of the valuation; without it a value is exact.");
  text += efficiency_table(result);
  bool doubtful = false;
  for (const PolicyRow& each : result.rows) doubtful |= each.policy && !each.policy->reliable;
  if (doubtful) text += "  ? marks values that the sampler could not make sure of.\n";
  if (std::ranges::any_of(result.rows, fell_back)) {
    text += paragraph(
        "* marks weights at a higher temperature than beta2: the lowest at which they leave as "
        "many effective samples as plain regression has effective parameters.");
  }
  return text + automatic_table(result);
}

std::string stage_three(const SimulationResult& result) {
  if (result.summaries.empty()) return "";
  std::string text = "\n3. Which deployment temperatures beta2 are admissible?\n";
  text += paragraph(fmt::format(
      "Admissible: efficiency of at least {}. Predicted is the same set by the large-sample "
      "formula (sandwich variance and approximation error, both under the optimal policy, over 2 "
      "beta2), which holds for small errors and cannot see a collapse at low temperatures. Below "
      "the gold-optimal temperature more optimisation earns less true reward. "
      "Intervals are as fine as the temperatures that were tried.",
      figure(1 - result.options.tolerance)));
  text += fmt::format("  {:<12}{:>22}{:>22}{:>22}{:>16}\n", "weights", "admissible", "predicted",
                      "gains anything", "gold-optimal");
  for (const WeightsSummary& summary : result.summaries) {
    const AdmissibleSets& measured = summary.measured;
    std::string gold = "-";
    if (measured.gold_optimal_beta) {
      gold = (measured.gold_optimal_at_end ? "<= " : "") + figure(*measured.gold_optimal_beta);
    }
    const bool predicted = std::ranges::any_of(result.rows, [&](const PolicyRow& each) {
      return each.weights == summary.weights && each.predicted;
    });
    text += fmt::format("  {:<12}{:>22}{:>22}{:>22}{:>16}\n", readout_weights_name(summary.weights),
                        intervals_text(measured.efficient),
                        predicted ? intervals_text(summary.predicted.efficient) : "-",
                        intervals_text(measured.gaining), gold);
  }
  return text;
}

/// Least and largest efficiency of the policies with such weights, where all have one.
std::optional<std::pair<double, double>> efficiency_range(const SimulationResult& result,
                                                          ReadoutWeights weights) {
  std::optional<std::pair<double, double>> range;
  for (const PolicyRow& each : result.rows) {
    if (each.weights != weights) continue;
    if (!each.policy || !each.policy->efficiency) return {};
    const double value = each.policy->efficiency->value;
    if (!range) range.emplace(value, value);
    range->first = std::min(range->first, value);
    range->second = std::max(range->second, value);
  }
  return range;
}

/// What the run has shown, for a reader who reads nothing else.
std::string conclusion(const SimulationResult& result) {
  if (result.status != SimulationStatus::completed || result.overlaps.empty()) return "";
  const FeatureSummary& features = result.features;
  auto samples = static_cast<double>(features.samples);
  std::string text = fmt::format(
      "In short: of {} neurons in {} dimensions {} found the hidden direction{} in part (overlap "
      "above {}) from {} samples{}.",
      features.overlaps.size(), figure(static_cast<double>(result.plan.features.dim), 7),
      features.weak.count, result.plan.features.hidden == 1 ? "" : "s",
      figure(result.plan.features.weak), figure(samples, 3),
      result.plan.feature_temperature ? " weighted with e^{y/beta1}" : "");
  if (result.control) {
    text += fmt::format(
        " Without weights {} did on the same samples.",
        result.control->weak.count == 0 ? "none" : std::to_string(result.control->weak.count));
  }
  if (result.refinement && result.refinement->status == RefineStatus::refined) {
    samples += static_cast<double>(result.refinement->samples);
    text += fmt::format(
        " Joint training brought the largest overlap from {:.3f} to {:.4f}; {} samples in all.",
        largest_size(features.overlaps), largest_size(result.overlaps), figure(samples, 3));
  }
  const ReadoutWeights weights = result.options.weights.front();
  if (const auto range = efficiency_range(result, weights)) {
    const auto [low, high] = std::minmax_element(result.options.deployment_temperatures.begin(),
                                                 result.options.deployment_temperatures.end());
    text += fmt::format(
        " Policies tilted by the {} readout then get {} of what the optimal ones gain, at all "
        "temperatures beta2 from {} to {}.",
        readout_weights_name(weights),
        range->first < 0
            ? fmt::format("{:.2f} to {:.2f} times", range->first, range->second)
            : fmt::format("{:.1f} to {:.1f} %", 100 * range->first, 100 * range->second),
        figure(*low), figure(*high));
  }
  return "\n" + paragraph(text);
}

}  // namespace

std::string simulation_report(const SimulationResult& result) {
  std::string text = head(result) + stage_one(result) + refinement(result) + stage_two(result) +
                     stage_three(result);
  if (!result.remarks.empty()) text += "\n";
  for (const auto& remark : result.remarks) text += paragraph(remark);
  text += conclusion(result);
  text += "\n" + build_line() + "\n";
  return text;
}

}  // namespace esscher::app
