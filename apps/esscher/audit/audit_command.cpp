#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit_report.h"
#include "common/commands.h"
#include "common/interrupt.h"
#include "common/options.h"
#include "common/output.h"
#include "common/output_options.h"
#include "common/progress_line.h"
#include "common/report_file.h"
#include "common/run_folder.h"
#include "common/table_settings.h"
#include "common/text.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/record/audit_record.h"

namespace esscher::app {
namespace {

std::vector<Setting> audit_settings() {
  return {
      {"beta", "LIST", "auto",
       "deployment temperatures, of proxies as they are: a list 2,1,0.5, a range 0.1:2:log9, or "
       "auto: 4, and from 2 down to 1/16 in steps of 2^{1/2}, standard deviations of the gold "
       "reward"},
      {"beta-unit", "UNIT", "reward",
       "of --beta: reward, or sd (standard deviations of the gold reward, within groups)"},
      best_of_setting(),
      target_setting(),
      {"enumerated", "", "false",
       "the table is the whole reference (every variant), not a sample of it: values are exact"},
      {"bootstrap", "N", "1000",
       "replicates behind the intervals of single values, where every row has a gold reward; 0: "
       "normal theory"},
      {"alpha", "ALPHA", "0.05",
       "nominal chance that any gain lies outside its interval, of all proxies and temperatures; "
       "as much again for best-of-n, and for trained policies"},
      {"seed", "SEED", "1", "of the replicates"},
      {"threads", "N", "0", "threads, 0 for all cores; results do not depend on it"},
  };
}

struct AuditArguments {
  Settings settings{joined(audit_data_settings(), audit_settings())};
  std::string data;
  RunOutput out;
};

AuditOptions read_audit_options(const Settings& settings) {
  AuditOptions options;
  const std::string& unit = settings["beta-unit"];
  if (unit != "reward" && unit != "sd") {
    throw UsageError(rejection("--beta-unit", unit, "must be reward or sd"));
  }
  const bool open = settings["beta"] == "auto";
  options.temperatures =
      open ? automatic_temperatures() : parse_temperatures(settings["beta"], "--beta");
  options.in_sd = open || unit == "sd";
  options.best_of = read_best_of(settings);
  options.enumerated = settings.is_set("enumerated");
  options.bootstrap = read_bootstrap(settings);
  options.alpha = read_alpha(settings);
  options.target = read_target(settings);
  options.seed = parse_count(settings["seed"], "--seed", 0);
  options.threads = static_cast<int>(parse_integer(settings["threads"], "--threads", 0, 1024));
  return options;
}

TableFacts facts_of(const AuditInput& input) {
  TableFacts facts;
  facts.groups = input.groups;
  facts.reference_rows = input.reference_rows;
  facts.remarks = input.remarks;
  return facts;
}

void run_audit(AuditArguments& arguments, const CLI::App& command) {
  Settings& settings = arguments.settings;
  settings.resolve();
  AuditOptions options = read_audit_options(settings);
  const AuditInput input = read_audit(settings, arguments.data);
  std::optional<RunFolder> folder;
  if (!arguments.out.folder.empty()) folder.emplace(arguments.out.folder, arguments.out.force);
  ReportFile page(arguments.out.page);
  const Interrupt interrupt;
  const TableAudit audit = [&] {
    ProgressLine line(arguments.out.progress);
    options.callbacks.cancellation = &interrupt.token();
    options.callbacks.progress = [&](const Progress& progress) { line.show(progress); };
    return audit_table(input.table, options);
  }();
  if (audit.cancelled) throw Interrupted("nothing is written");
  const std::string json = audit_record(
      audit, facts_of(input), settings.run({"esscher", "audit", arguments.data}, arguments.data));
  page.write(json, command);
  if (folder) {
    folder->write("config.toml", settings.toml());
    folder->write("report.txt", audit_report(audit, input));
    folder->write("result.json", json);
    folder->write("policies.csv", audit_csv(audit));
  }
  if (arguments.out.progress.quiet && folder) return;
  Output("").write(arguments.out.format == "json"  ? json
                   : arguments.out.format == "csv" ? audit_csv(audit)
                                                   : audit_report(audit, input));
}

}  // namespace

void add_audit_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand(
      "audit",
      "How far a reward model that you have may be optimised: what policies tilted by its scores, "
      "best-of-n by them, and trained policies are worth by a gold reward. Nothing is fitted");
  const auto arguments = std::make_shared<AuditArguments>();
  command
      ->add_option("data", arguments->data, std::string("scores and gold rewards: ") + kDataFiles)
      ->type_name("DATA")
      ->required();
  arguments->settings.define(*command);
  add_run_options(*command, arguments->out, "report.txt, result.json, policies.csv and config.toml",
                  {"report", "json", "csv"});
  command->footer(
      "Example: esscher audit scores.csv --proxy judge,model --gold human --group prompt\n"
      "Example: esscher audit labelled.csv --proxy model --gold y --reference pool.csv\n"
      "Example: esscher audit labelled.csv --proxy model --gold y --reference pool.csv --target 2\n"
      "Example: esscher audit samples.csv --log-ratio 'policy_*' --gold human --group prompt");
  command->callback([arguments, command] {
    refuse_empty_values(*command);
    run_audit(*arguments, *command);
  });
}

}  // namespace esscher::app
