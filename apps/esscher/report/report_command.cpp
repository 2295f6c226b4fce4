#include <memory>
#include <string>
#include <vector>

#include "common/commands.h"
#include "common/options.h"
#include "common/output.h"
#include "common/read_record.h"
#include "common/report_file.h"
#include "esscher/report/record.h"

namespace esscher::app {
namespace {

struct ReportArguments {
  std::string result;
  std::string output;
};

void run_report(const ReportArguments& arguments, const CLI::App& program) {
  Output output(arguments.output);
  const ReportRecord record = read_record(arguments.result);
  const RecordKind kind = record_kind(record.json, record.name);
  // Pairs are no command and have no page, as report_page() says.
  const ReportOptions options =
      kind == RecordKind::pairs
          ? ReportOptions{}
          : report_options(*program.get_subcommand(std::string(record_kind_name(kind))));
  output.write(report_page(record, options));
}

struct CompareArguments {
  std::vector<std::string> results;
  std::string output;
};

void run_compare(const CompareArguments& arguments) {
  Output output(arguments.output);
  std::vector<ReportRecord> records;
  for (const std::string& path : arguments.results) records.push_back(read_record(path));
  output.write(comparison_page(records));
}

void add_page_option(CLI::App& command, std::string& path) {
  command.add_option("-o,--output", path, "the page to write (- for standard output)")
      ->type_name("FILE.html")
      ->required();
}

}  // namespace

void add_report_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand(
      "report",
      "A page to look at, made of what a command has written: one HTML file with charts, numbers "
      "and options that opens from disk without a network");
  const auto arguments = std::make_shared<ReportArguments>();
  command
      ->add_option("result", arguments->result,
                   "a folder of simulate or evaluate, a model of fit, or a file of --format json")
      ->type_name("RESULT")
      ->required();
  add_page_option(*command, arguments->output);
  command->footer(
      "The same page comes from --report of theory, simulate, fit, evaluate and audit.\n"
      "Example: esscher report run -o run.html");
  command->callback([arguments, command, &program] {
    refuse_empty_values(*command);
    run_report(*arguments, program);
  });
}

void add_compare_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand(
      "compare",
      "A page of two to six results of one command over one another, with what differs in their "
      "options");
  const auto arguments = std::make_shared<CompareArguments>();
  command->add_option("results", arguments->results, "as report takes them")
      ->type_name("RESULT")
      ->required();
  add_page_option(*command, arguments->output);
  command->footer("Example: esscher compare run run2 -o comparison.html");
  command->callback([arguments, command] {
    refuse_empty_values(*command);
    run_compare(*arguments);
  });
}

}  // namespace esscher::app
