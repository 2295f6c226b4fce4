#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/commands.h"
#include "common/interrupt.h"
#include "common/options.h"
#include "common/output.h"
#include "common/output_options.h"
#include "common/pair_settings.h"
#include "common/progress_line.h"
#include "common/reference_file.h"
#include "common/report_file.h"
#include "common/run_folder.h"
#include "common/table_settings.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"
#include "esscher/record/evaluation_record.h"
#include "esscher/record/pair_record.h"
#include "esscher/record/table_facts.h"
#include "evaluation_report.h"
#include "pair_report.h"

namespace esscher::app {
namespace {

struct EvaluateArguments {
  Settings settings{joined(joined(data_settings(), pair_settings()),
                           joined(joined(training_settings(), evaluation_settings()),
                                  reference_settings("the same columns of features and groups, and "
                                                     "no rewards, of which the rows of DATA are a "
                                                     "random draw; with --group, its groups of all "
                                                     "groups, and rows of their group")))};
  std::string data;
  RunOutput out;
};

RunRecord run_of(const EvaluateArguments& arguments) {
  return arguments.settings.run({"esscher", "evaluate", arguments.data}, arguments.data);
}

/// Stated pairs, which have no reward to value policies by.
void run_pairs(EvaluateArguments& arguments, const LoadedTable& loaded) {
  const Settings& settings = arguments.settings;
  TrainingOptions training = read_training(settings, 1);
  const auto folds =
      static_cast<int>(parse_integer(settings["evaluation-folds"], "--evaluation-folds", 2, 100));
  std::optional<RunFolder> folder;
  if (!arguments.out.folder.empty()) folder.emplace(arguments.out.folder, arguments.out.force);
  const Interrupt interrupt;
  const PairEvaluation evaluation = [&] {
    ProgressLine line(arguments.out.progress);
    training.callbacks.cancellation = &interrupt.token();
    training.callbacks.progress = [&](const Progress& progress) { line.show(progress); };
    return evaluate_pairs(loaded.table(), training, folds);
  }();
  if (evaluation.cancelled) throw Interrupted("nothing is written");
  const std::string json = pair_record(evaluation, table_facts(loaded.dataset), run_of(arguments));
  if (folder) {
    folder->write("config.toml", settings.toml());
    folder->write("report.txt", pair_report(evaluation, loaded.dataset));
    folder->write("result.json", json);
    folder->write("pairs.csv", pair_csv(evaluation));
  }
  if (arguments.out.progress.quiet && folder) return;
  Output("").write(arguments.out.format == "json"  ? json
                   : arguments.out.format == "csv" ? pair_csv(evaluation)
                                                   : pair_report(evaluation, loaded.dataset));
}

void run_evaluate(EvaluateArguments& arguments, const CLI::App& command) {
  Settings& settings = arguments.settings;
  settings.resolve();
  settle_pairs(settings);
  check_reference(settings, arguments.data);
  LoadedTable loaded = load_table(settings, arguments.data);
  if (!loaded.dataset.folds.empty() && settings["evaluation-folds"] != "5") {
    throw UsageError(rejection("--evaluation-folds", settings["evaluation-folds"],
                               "--fold names the folds already", "leave one of them out"));
  }
  if (loaded.dataset.preferences) {
    if (!settings["reference"].empty()) {
      throw UsageError(rejection("--reference", shown(settings["reference"]),
                                 "stated pairs have no reward to value policies by",
                                 "leave it out"));
    }
    if (!settings["target"].empty()) {
      throw UsageError(rejection("--target", settings["target"],
                                 "stated pairs have no reward to value policies by",
                                 "leave it out"));
    }
    if (!arguments.out.page.empty()) {
      throw UsageError(rejection("--report", arguments.out.page,
                                 "stated pairs have no reward to value policies by, and no page",
                                 "take -o FOLDER for their report"));
    }
    run_pairs(arguments, loaded);
    return;
  }
  const double sd = reward_sd(loaded.table());
  EvaluationOptions options{.training = read_training(settings, sd)};
  options.folds =
      static_cast<int>(parse_integer(settings["evaluation-folds"], "--evaluation-folds", 2, 100));
  options.bootstrap = read_bootstrap(settings);
  options.alpha = read_alpha(settings);
  options.target = read_target(settings);
  options.best_of = read_best_of(settings);
  options.gold = loaded.dataset.gold;
  options.enumerated = settings.is_set("enumerated");
  std::optional<LoadedReference> reference;
  if (!settings["reference"].empty()) {
    reference.emplace(load_reference(settings, loaded));
    options.reference.emplace(reference->rows());
    for (const std::string& remark : reference->dataset.remarks) {
      loaded.dataset.remarks.push_back("Reference: " + remark);
    }
  }
  const std::vector<ColumnBlock> columns = column_blocks(loaded.dataset.encoding);
  options.columns = columns;
  if (settings["noise"] != "replicates") {
    options.label_noise = read_positive(settings, "noise", ", or replicates");
  }
  std::optional<RunFolder> folder;
  if (!arguments.out.folder.empty()) folder.emplace(arguments.out.folder, arguments.out.force);
  ReportFile page(arguments.out.page);

  const Interrupt interrupt;
  const TableEvaluation evaluation = [&] {
    ProgressLine line(arguments.out.progress);
    options.training.callbacks.cancellation = &interrupt.token();
    options.training.callbacks.progress = [&](const Progress& progress) { line.show(progress); };
    return evaluate_table(loaded.table(), options);
  }();
  if (evaluation.cancelled) throw Interrupted("nothing is written");
  const std::string json =
      evaluation_record(evaluation, sd, table_facts(loaded.dataset), run_of(arguments));
  page.write(json, command);
  if (folder) {
    folder->write("config.toml", settings.toml());
    folder->write("report.txt", evaluation_report(evaluation, loaded.dataset, sd));
    folder->write("result.json", json);
    folder->write("policies.csv", evaluation_csv(evaluation, sd));
  }
  if (arguments.out.progress.quiet && folder) return;
  Output("").write(arguments.out.format == "json" ? json
                   : arguments.out.format == "csv"
                       ? evaluation_csv(evaluation, sd)
                       : evaluation_report(evaluation, loaded.dataset, sd));
}

}  // namespace

void add_evaluate_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand(
      "evaluate",
      "How low may beta go: what policies tilted by the learned reward are worth, measured on rows "
      "that it has not seen, and the temperatures that this supports");
  const auto arguments = std::make_shared<EvaluateArguments>();
  command
      ->add_option("data", arguments->data,
                   std::string("features: ") + kDataFiles + "; not for pairs of npy files")
      ->type_name("DATA");
  arguments->settings.define(*command);
  add_run_options(*command, arguments->out,
                  "report.txt, result.json, policies.csv (of pairs pairs.csv) and config.toml",
                  {"report", "json", "csv"});
  command->footer(
      "Example: esscher evaluate variants.csv --one-hot seq --reward y -o evaluation\n"
      "Example: esscher evaluate data.csv --reward y --group prompt\n"
      "Example: esscher evaluate variants.csv --one-hot seq --reward y --reference library.csv\n"
      "Example: esscher evaluate pairs.csv --chosen chosen_ --rejected rejected_");
  command->callback([arguments, command] {
    refuse_empty_values(*command);
    run_evaluate(*arguments, *command);
  });
}

}  // namespace esscher::app
