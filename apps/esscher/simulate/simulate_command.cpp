#include <memory>
#include <optional>
#include <string>

#include "common/commands.h"
#include "common/interrupt.h"
#include "common/options.h"
#include "common/output.h"
#include "common/output_options.h"
#include "common/progress_line.h"
#include "common/report_file.h"
#include "common/run_folder.h"
#include "common/settings.h"
#include "esscher/base/error.h"
#include "esscher/record/simulation_record.h"
#include "simulation_report.h"
#include "simulation_settings.h"

namespace esscher::app {
namespace {

struct SimulateArguments {
  Settings settings{simulation_settings()};
  RunOutput out;
  bool dry_run = false;
};

std::string record_of(const SimulationResult& result, const Settings& settings) {
  return simulation_record(result, settings.run({"esscher", "simulate"}));
}

void write_files(const RunFolder& folder, const SimulationResult& result,
                 const Settings& settings) {
  folder.write("config.toml", settings.toml());
  folder.write("result.json", record_of(result, settings));
  folder.write("report.txt", simulation_report(result));
  folder.write("policies.csv", policies_csv(result));
  folder.write("trajectory.csv", trajectory_csv(result));
  save_reward_model(folder.path_of("model.safetensors"), result.model);
}

void run_simulate(SimulateArguments& arguments, const CLI::App& command) {
  Settings& settings = arguments.settings;
  settings.resolve();
  SimulationOptions options = read_simulation(settings);
  validate(options);
  write_plan(plan_features(options), settings);
  if (arguments.dry_run) {
    Output("").write(settings.toml());
    return;
  }
  std::optional<RunFolder> folder;
  if (!arguments.out.folder.empty()) folder.emplace(arguments.out.folder, arguments.out.force);
  ReportFile page(arguments.out.page);

  const Interrupt interrupt;
  SimulationResult result = [&] {
    ProgressLine line(arguments.out.progress);
    options.callbacks.cancellation = &interrupt.token();
    options.callbacks.progress = [&](const Progress& progress) { line.show(progress); };
    return simulate(options);
  }();
  if (folder) write_files(*folder, result, settings);
  if (!arguments.out.page.empty()) page.write(record_of(result, settings), command);
  if (!arguments.out.progress.quiet || !folder) {
    std::string text =
        arguments.out.format == "json" ? record_of(result, settings) : simulation_report(result);
    if (folder && arguments.out.format == "report") {
      text += "Files in " + arguments.out.folder +
              ": report.txt, result.json (everything), policies.csv, trajectory.csv, "
              "model.safetensors, config.toml (--config repeats this run)\n";
    }
    Output("").write(text);
  }
  if (result.status == SimulationStatus::cancelled)
    throw Interrupted("what was done so far is written");
}

}  // namespace

void add_simulate_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand(
      "simulate",
      "The whole system in any dimension: features learned from exponentially weighted samples, "
      "readouts, the policies tilted by them, and the temperatures at which these may be deployed");
  const auto arguments = std::make_shared<SimulateArguments>();
  arguments->settings.define(*command);
  command->add_flag("--dry-run", arguments->dry_run,
                    "prints the resolved options as a configuration file and ends");
  add_run_options(*command, arguments->out,
                  "report.txt, result.json, policies.csv, trajectory.csv, model.safetensors and "
                  "config.toml",
                  {"report", "json"});
  command->footer(
      "Example: esscher simulate --link damped_hermite:3 --dim 1e4 --width 32 --noise gaussian:0.3 "
      "--control -o run\n"
      "Example: esscher simulate --config run/config.toml --set seed=2 -o run2");
  command->callback([arguments, command] {
    refuse_empty_values(*command);
    run_simulate(*arguments, *command);
  });
}

}  // namespace esscher::app
