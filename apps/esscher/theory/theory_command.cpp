#include <memory>
#include <string>
#include <vector>

#include "common/commands.h"
#include "common/options.h"
#include "common/output.h"
#include "common/output_options.h"
#include "common/report_file.h"
#include "common/text.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/model/multi_link.h"
#include "esscher/record/theory_record.h"
#include "esscher/theory/analysis.h"
#include "theory_report.h"

namespace esscher::app {
namespace {

/// As typed: each is read by the function that also says what is wrong with it.
struct TheoryArguments {
  std::string link;
  std::string noise = "none";
  std::string beta;
  std::string max_order = "12";
  std::string learned;
  std::string overlap = "1";
  std::string format = "table";
  std::string output;
  std::string page;
};

/// \throws UsageError for a link of several variables, which only simulations know
Link one_variable(const std::string& text) {
  const MultiLink link = parse_multi_link(text, "--link");
  if (link.single() != nullptr) return *link.single();
  throw UsageError(rejection("--link", text,
                             "has " + std::to_string(link.directions()) +
                                 " variables, and theory speaks of one hidden direction",
                             "simulate it: 'esscher simulate --link ...'"));
}

TheoryOptions options_from(const TheoryArguments& arguments) {
  if (arguments.link.empty()) {
    throw UsageError(
        "--link: missing; name a link, for example --link damped_hermite:3, or see "
        "'esscher links'");
  }
  TheoryOptions options{{one_variable(arguments.link), parse_noise(arguments.noise, "--noise")},
                        {},
                        static_cast<int>(parse_integer(arguments.max_order, "--max-order", 1, 64)),
                        {},
                        parse_number(arguments.overlap, "--overlap")};
  if (!(options.overlap >= -1 && options.overlap <= 1)) {
    throw UsageError(rejection("--overlap", options.overlap, "must be in [-1, 1]",
                               "it is the cosine between the learned direction and theta*"));
  }
  if (!arguments.learned.empty()) options.learned = parse_link(arguments.learned, "--learned");
  if (!arguments.beta.empty()) options.betas = parse_temperatures(arguments.beta, "--beta");
  for (const double beta : options.betas) {
    require_finite_tilt(options.model.link, beta, "--beta");
    if (options.learned) require_finite_tilt(*options.learned, beta, "--beta");
  }
  return options;
}

/// The command line that asks for the same.
std::string command_of(const TheoryArguments& arguments) {
  const TheoryArguments defaults;
  std::vector<std::string> words{"esscher", "theory"};
  const auto add = [&](const char* name, const std::string& value, const std::string& usual) {
    if (value != usual) words.insert(words.end(), {name, value});
  };
  add("--link", arguments.link, defaults.link);
  add("--noise", arguments.noise, defaults.noise);
  add("--beta", arguments.beta, defaults.beta);
  add("--max-order", arguments.max_order, defaults.max_order);
  add("--learned", arguments.learned, defaults.learned);
  add("--overlap", arguments.overlap, defaults.overlap);
  return shell_line(words);
}

void run_theory(const TheoryArguments& arguments, const CLI::App& command) {
  const TheoryOptions options = options_from(arguments);
  Output output(arguments.output);
  ReportFile page(arguments.page);
  const TheoryReport report = analyse(options);
  const auto record = [&] {
    RunRecord run;
    run.command = command_of(arguments);
    return theory_record(report, run);
  };
  if (!arguments.page.empty()) page.write(record(), command);
  output.write(arguments.format == "json"  ? record()
               : arguments.format == "csv" ? theory_csv(report)
                                           : theory_table(report));
}

}  // namespace

void add_theory_command(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("theory",
                             "What exponential reward weighting does to a link: exponents, "
                             "signals, dead temperatures, the exact tilted policy, and what a "
                             "learned reward is worth under it");
  const auto arguments = std::make_shared<TheoryArguments>();
  command
      ->add_option(
          "--link", arguments->link,
          "the reward along theta*: a name with parameters ('esscher links' lists them), a "
          "formula in z, or table:FILE.csv; modifiers @clip:LO,HI @scale:A @shift:C, and right "
          "behind a formula @breaks:B1,B2 or @breaks:none, its break points where they are not to "
          "be searched for. " +
              std::string(kFormulaHelp))
      ->type_name("LINK");
  command
      ->add_option("--noise", arguments->noise,
                   "label noise: none, gaussian:TAU, uniform:TAU or rademacher:TAU (TAU: standard "
                   "deviation)")
      ->type_name("NOISE")
      ->capture_default_str();
  command
      ->add_option("--beta", arguments->beta,
                   "temperatures: a list 4,2,1,0.5, a range 0.25:8:log33 or 1:2:lin5, or a mix "
                   "(default: 8 to 0.125 in steps of sqrt 2)")
      ->type_name("LIST");
  command->add_option("--max-order", arguments->max_order, "highest Hermite order, 1 to 64")
      ->type_name("K")
      ->capture_default_str();
  CLI::Option* learned =
      command
          ->add_option(
              "--learned", arguments->learned,
              "a learned reward of one direction, as a link of u = <w, x>; adds its gold and "
              "proxy value, value gap and efficiency")
          ->type_name("LINK");
  command
      ->add_option("--overlap", arguments->overlap,
                   "<w, theta*> of the learned direction, in [-1, 1]")
      ->type_name("M")
      ->capture_default_str()
      ->needs(learned);
  add_format_option(*command, arguments->format, {"table", "json", "csv"});
  add_file_option(*command, arguments->output);
  add_report_option(*command, arguments->page);
  command->footer(
      "Example: esscher theory --link damped_hermite:3 --noise gaussian:0.3 --beta 0.25:4:log9\n"
      "Example: esscher theory --link 'tanh(z^3-3*z)' --learned 'max(0,u-1)' --overlap 0.9");
  command->callback([arguments, command] {
    refuse_empty_values(*command);
    run_theory(*arguments, *command);
  });
}

}  // namespace esscher::app
