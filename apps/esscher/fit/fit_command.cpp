#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "common/commands.h"
#include "common/interrupt.h"
#include "common/options.h"
#include "common/output.h"
#include "common/output_options.h"
#include "common/pair_settings.h"
#include "common/progress_line.h"
#include "common/report_file.h"
#include "common/settings.h"
#include "common/table_settings.h"
#include "common/text.h"
#include "esscher/base/build_info.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/pipeline/table_model.h"
#include "esscher/record/fit_record.h"
#include "esscher/record/table_facts.h"

namespace esscher::app {
namespace {

struct FitArguments {
  Settings settings{joined(joined(data_settings(), pair_settings()), training_settings())};
  std::string data;
  std::string output;
  std::string format = "report";
  std::string page;
  ProgressOptions progress;
};

/// The columns that carry the reward, the first of them by name.
std::string importance_text(const LoadedTable& loaded, const FeatureImportance& importance) {
  constexpr std::size_t kShown = 8;
  std::vector<std::size_t> order(importance.columns.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](std::size_t i) { return importance.columns[i]; });
  const std::vector<std::string>& names = loaded.names;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, order.size()); ++i) {
    const double share = importance.columns[order[i]];
    if (share < 0.005) break;
    text += fmt::format("{}{} {:.0f} %", i == 0 ? "the reward turns on " : ", ", names[order[i]],
                        100 * share);
  }
  if (text.empty()) return "the reward turns on many columns, none of them above half a percent";
  if (!importance.directions.empty()) {
    text += "; leading directions of its average gradient outer product:";
    for (std::size_t i = 0; i < std::min<std::size_t>(4, importance.directions.size()); ++i) {
      text += fmt::format("{} {:.0f} %", i == 0 ? "" : ",", 100 * importance.directions[i]);
    }
  }
  return text;
}

std::string report(const LoadedTable& loaded, const TrainedReward& reward) {
  const Dataset& dataset = loaded.dataset;
  const bool pairs = dataset.preferences.has_value();
  const std::string clusters =
      dataset.clusters.empty() ? "" : "; in " + counted(dataset.cluster_count, "cluster");
  std::string text =
      pairs ? fmt::format("{}; {}{}\n", dataset.preferences->text(),
                          counted(dataset.feature_names.size(), "feature"), clusters)
            : fmt::format("{}, {}; reward's standard deviation {:.4g}{}\n",
                          counted(dataset.rewards.size(), "row"),
                          counted(dataset.feature_names.size(), "feature"), reward.reward_sd,
                          (dataset.groups.empty()
                               ? ""
                               : " within " + counted(dataset.group_names.size(), "group")) +
                              clusters);
  if (!pairs && reward.preferences) {
    text += paragraph("learned from the order within groups: " + reward.preferences->text());
  }
  for (const std::string& remark : dataset.remarks) text += paragraph(remark);
  if (reward.replicates) text += paragraph(reward.replicates->text());
  text += paragraph(reward.transform.remark());
  if (reward.reward_transform.request.kind != RewardTransformKind::none) {
    text += paragraph("regressed: the reward's " + reward.reward_transform.text());
  }
  std::string errors;
  for (const MetricRound& round : reward.rounds) {
    errors += fmt::format("{}{:.3f}", errors.empty() ? "" : ", ", 1 - round.error);
  }
  text += paragraph(fmt::format(
      "features: on {}, after round {} of gradient products{}; R2 on rows not seen, by round: {}",
      counted(reward.landmarks.rows(), "row"), reward.chosen_round,
      std::isfinite(reward.feature_temperature)
          ? fmt::format(" weighted at beta1 = {:.4g} ({:.3g} sd)", reward.feature_temperature,
                        reward.feature_temperature / reward.reward_sd)
          : std::string(" without weights"),
      errors));
  std::string kernels;
  for (const RewardKernel& kernel : reward.kernels) {
    kernels += fmt::format("{}{} {:.0f} %", kernels.empty() ? "" : ", ", kernel.name(),
                           100 * kernel.share);
  }
  text += paragraph("kernels, by what they predict of rows not seen: " + kernels);
  text += paragraph(importance_text(loaded, reward.importance));
  text += paragraph(
      fmt::format("readout: lambda = {:.3g} for equal weights; linear ridge: lambda = {:.3g}",
                  reward.heads.front().penalty, reward.linear.penalty));
  for (const std::string& remark : reward.remarks) text += paragraph(remark);
  // Equal weights are for every temperature.
  if (pairs) return text + paragraph(pair_unit_text());
  text +=
      fmt::format("\n  {:>10}{:>10}  {:<10}{:>8}  why\n", "beta", "beta/sd", "weights", "scale");
  for (const Deployment& deployment : reward.deployments) {
    text += fmt::format("  {:>10.4g}{:>10.3g}  {:<10}{:>8.3g}  {}\n", deployment.beta,
                        deployment.beta / reward.reward_sd, fit_weights_name(deployment.weights),
                        deployment.scale, deployment.reason);
  }
  return text;
}

void run_fit(FitArguments& arguments, const CLI::App& command) {
  Settings& settings = arguments.settings;
  settings.resolve();
  settle_pairs(settings);
  require_writable(arguments.output);
  ReportFile page(arguments.page);
  const LoadedTable loaded = load_table(settings, arguments.data);
  TrainingOptions options = read_training(settings, reward_sd(loaded.table()));
  const Interrupt interrupt;
  TableModel model;
  {
    ProgressLine line(arguments.progress);
    options.callbacks.cancellation = &interrupt.token();
    options.callbacks.progress = [&](const Progress& progress) { line.show(progress); };
    std::vector<std::uint64_t> rows(loaded.dataset.rewards.size());
    std::iota(rows.begin(), rows.end(), std::uint64_t{0});
    model.reward = train_reward(loaded.table(), rows, options);
  }
  if (interrupt.token().requested()) throw Interrupted("nothing is written");
  model.encoding = loaded.dataset.encoding;
  model.facts["data"] = arguments.data;
  model.facts["within_groups"] = loaded.dataset.groups.empty() ? "no" : "yes";
  const auto& counts =
      loaded.dataset.preferences ? loaded.dataset.preferences : model.reward.preferences;
  if (counts) model.facts["preferences"] = counts->text();
  if (loaded.dataset.preferences) model.facts["reward_unit"] = "log-odds of a preference";
  model.interactions = read_interactions(settings);
  model.facts["options"] = settings.toml();
  model.facts["built_with"] = build_line();
  const std::string json = fit_record(
      model.reward, loaded.names, table_facts(loaded.dataset),
      settings.run({"esscher", "fit", arguments.data, "-o", "reward.safetensors"}, arguments.data));
  model.facts[kRecordFact] = json;
  save_table_model(arguments.output, model);
  page.write(json, command);
  if (arguments.format == "json") {
    Output("").write(json);
  } else if (!arguments.progress.quiet) {
    Output("").write(report(loaded, model.reward) + "\nModel in " + arguments.output +
                     "; 'esscher evaluate' with the same options says " +
                     (loaded.dataset.preferences ? "how well it tells pairs that it has not seen."
                                                 : "how low beta may go.") +
                     "\n");
  }
}

}  // namespace

void add_fit_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand(
      "fit",
      "A reward learned from a table of features and rewards, for the policies that will be "
      "deployed");
  const auto arguments = std::make_shared<FitArguments>();
  command
      ->add_option("data", arguments->data,
                   std::string("features: ") + kDataFiles + "; not for pairs of npy files")
      ->type_name("DATA");
  arguments->settings.define(*command);
  command->add_option("-o,--output", arguments->output, "the model to write")
      ->type_name("FILE.safetensors")
      ->required();
  add_report_option(*command, arguments->page);
  add_progress_options(*command, arguments->progress, "no progress and no report");
  add_format_option(*command, arguments->format, {"report", "json"});
  command->footer(
      "Example: esscher fit data.csv --reward y --beta 0.5 -o reward.safetensors\n"
      "Example: esscher fit variants.csv --one-hot seq --reward y --beta 1,0.5 --beta-unit sd "
      "-o variants.safetensors\n"
      "Example: esscher fit pairs.csv --chosen chosen_ --rejected rejected_ -o "
      "preferences.safetensors");
  command->callback([arguments, command] {
    refuse_empty_values(*command);
    run_fit(*arguments, *command);
  });
}

}  // namespace esscher::app
