#include "pair_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/csv_line.h"
#include "common/pair_settings.h"
#include "common/text.h"
#include "esscher/base/number_text.h"

namespace esscher::app {
namespace {

std::string with_error(const std::optional<Estimate>& estimate) {
  if (!estimate) return "-";
  return std::isfinite(estimate->standard_error)
             ? fmt::format("{:.3f} +- {:.2g}", estimate->value, estimate->standard_error)
             : fmt::format("{:.3f}", estimate->value);
}

std::string bins_table(const PairEvaluation::Reward& reward) {
  std::string text = fmt::format("\n{}, by how sure it is\n  {:<12}{:>7} {:>10} {:>18}\n",
                                 reward.name, "predicted", "pairs", "mean", "wins");
  for (const CalibrationBin& bin : reward.quality.bins) {
    text += fmt::format("  {:<12}{:>7} {:>10.3f} {:>18}\n",
                        fmt::format("{:.1f} to {:.1f}", bin.low, bin.high), bin.pairs,
                        bin.predicted, with_error(bin.observed));
  }
  return text;
}

}  // namespace

std::string accuracy_text(const PreferenceQuality& quality) {
  return fmt::format("held-out accuracy {} on {} pairs", with_error(quality.accuracy),
                     quality.pairs);
}

std::string pair_report(const PairEvaluation& evaluation, const Dataset& dataset) {
  std::string text = fmt::format(
      "{}; {}{}\n", dataset.preferences->text(), counted(dataset.feature_names.size(), "feature"),
      dataset.clusters.empty() ? "" : "; in " + counted(dataset.cluster_count, "cluster"));
  for (const std::string& remark : dataset.remarks) text += paragraph(remark);
  text +=
      paragraph(fmt::format("fitted {} times, each time without one fold; lambda = {:.3g} to "
                            "{:.3g}",
                            evaluation.folds, std::ranges::min(evaluation.penalties),
                            std::ranges::max(evaluation.penalties)));
  text += fmt::format("\n  {:<10}{:>18} {:>18} {:>18}\n", "reward", "accuracy", "log-loss",
                      "calibration");
  for (const PairEvaluation::Reward& reward : evaluation.rewards) {
    text += fmt::format("  {:<10}{:>18} {:>18} {:>18}\n", reward.name,
                        with_error(reward.quality.accuracy), with_error(reward.quality.log_loss),
                        with_error(reward.quality.calibration));
  }
  text += bins_table(evaluation.rewards.front()) + "\n";
  text += paragraph(
      "accuracy: share of pairs without ties whose preferred side is ahead, on pairs that the "
      "reward has not seen; log-loss: nats a pair, 0.693 where nothing is known; calibration: the "
      "likeliest factor on predicted log-odds, 1 where they are right and less where the reward is "
      "too sure; wins: share of pairs that the side ahead wins, ties half; +-: standard errors, "
      "over clusters where pairs share features.");
  text += paragraph(pair_unit_text());
  text += paragraph(
      "Pairs tell which side is preferred and no reward, so that no policy can be valued in the "
      "unit of one, and no temperature is called admissible: a reward to evaluate by (--reward "
      "with --group) would be needed for that.");
  for (const std::string& remark : evaluation.remarks) text += paragraph(remark);
  return text;
}

std::string pair_csv(const PairEvaluation& evaluation) {
  std::string text =
      "reward,pairs,accuracy,accuracy_se,log_loss,log_loss_se,calibration,calibration_se\n";
  for (const PairEvaluation::Reward& reward : evaluation.rewards) {
    const PreferenceQuality& quality = reward.quality;
    CsvLine line;
    line.add(reward.name);
    line.add(std::to_string(quality.pairs));
    for (const std::optional<Estimate>& estimate :
         {std::optional(quality.accuracy), quality.log_loss, quality.calibration}) {
      line.add(estimate ? std::optional(estimate->value) : std::nullopt);
      line.add(estimate ? std::optional(estimate->standard_error) : std::nullopt);
    }
    text += line.text();
  }
  return text;
}

}  // namespace esscher::app
