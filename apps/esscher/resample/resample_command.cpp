#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "common/commands.h"
#include "common/csv_line.h"
#include "common/options.h"
#include "common/output.h"
#include "common/table_predictions.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"
#include "esscher/policy/resample.h"

namespace esscher::app {
namespace {

struct ResampleArguments {
  PredictionArguments prediction;
  std::string kind = "tilted";
  std::string group;
  std::string weight;
  std::string n;
  std::string best_of;
  std::string seed = "1";
  std::string output;
};

/// Draws without replacement take each row of a group once at most.
void require_enough_rows(const Dataset& dataset, std::uint64_t draws) {
  std::vector<std::uint64_t> rows(std::max<std::size_t>(dataset.group_names.size(), 1));
  for (std::size_t i = 0; i < dataset.source_rows.size(); ++i) {
    const bool drawn = dataset.log_weights.empty() || std::isfinite(dataset.log_weights[i]);
    if (drawn) ++rows[dataset.groups.empty() ? 0 : dataset.groups[i]];
  }
  const auto least = std::ranges::min_element(rows);
  if (draws <= *least) return;
  const auto at = static_cast<std::size_t>(least - rows.begin());
  throw UsageError(
      rejection("--n", std::to_string(draws),
                (dataset.groups.empty() ? "the table" : "group '" + dataset.group_names[at] + "'") +
                    " has only " + std::to_string(*least) + " rows to draw without replacement",
                "lower it, or draw with replacement (--kind tilted)"));
}

/// \throws UsageError for a name that promises an array
void require_table_name(const std::string& output) {
  if (!output.ends_with(".npy")) return;
  throw UsageError(
      rejection("-o", shown(output), "draws are written as a table", "let the name end in .csv"));
}

void run_resample(const ResampleArguments& arguments) {
  ResampleOptions options;
  options.kind = parse_resample_kind(arguments.kind, "--kind");
  options.count = parse_count(arguments.n, "--n");
  options.seed = parse_count(arguments.seed, "--seed", 0);
  options.threads = arguments.prediction.thread_count();
  const bool best = options.kind == ResampleKind::best_of_n;
  if (best == arguments.best_of.empty()) {
    throw UsageError(
        best ? "--best-of: missing; say of how many candidates each draw is the best, "
               "for example --best-of 16"
             : rejection("--best-of", arguments.best_of, "is for --kind best_of_n only"));
  }
  if (best) {
    options.n = parse_number(arguments.best_of, "--best-of");
    if (!(options.n >= 1 && options.n <= 1e15)) {
      throw UsageError(rejection("--best-of", arguments.best_of, "must be from 1 to 1e15"));
    }
  }
  require_table_name(arguments.output);
  Output output(arguments.output);
  PredictionArguments asked = arguments.prediction;
  asked.draws_at_beta = !best;
  const Predictions predictions = predict_table(asked, arguments.group, arguments.weight);
  if (!best) options.beta = predictions.beta.value();
  const Dataset& dataset = predictions.dataset;
  for (const std::string& remark : predictions.remarks) {
    std::fprintf(stderr, "esscher: %s\n", remark.c_str());
  }
  if (predictions.within_groups && dataset.groups.empty()) {
    throw UsageError(
        "--group: missing; the model was fitted within groups, between which its rewards cannot be "
        "compared: name their column");
  }
  if (options.kind == ResampleKind::soft_best_of_n) require_enough_rows(dataset, options.count);
  TableReference reference;
  reference.rows = predictions.rewards.size();
  reference.groups = dataset.groups;
  reference.log_weights = dataset.log_weights;
  std::string text = "group,draw,row,reward\n";
  for (const ResampledRow& drawn : resample(predictions.rewards, reference, options)) {
    CsvLine line;
    line.add(dataset.groups.empty() ? std::string() : quoted(dataset.group_names[drawn.group]));
    line.add(std::to_string(drawn.draw + 1));
    line.add(std::to_string(dataset.source_rows[drawn.row] + 1));
    line.add(predictions.rewards[drawn.row]);
    text += line.text();
  }
  output.write(text);
}

}  // namespace

void add_resample_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand(
      "resample", "Rows of a table drawn anew as a policy tilted by a fitted model would");
  const auto arguments = std::make_shared<ResampleArguments>();
  arguments->prediction.define(*command);
  command
      ->add_option(
          "--beta", arguments->prediction.beta,
          "temperature of the policy, and of its reward as in predict; left out, the one that "
          "the model holds. --kind best_of_n has none but that of its reward")
      ->type_name("BETA");
  command->add_option("--n", arguments->n, "draws; with --group, in each group")
      ->type_name("N")
      ->required();
  command
      ->add_option("--kind", arguments->kind,
                   "tilted (independent draws), soft_best_of_n (without replacement, by Gumbel "
                   "top-k) or best_of_n")
      ->type_name("KIND")
      ->capture_default_str();
  command->add_option("--best-of", arguments->best_of, "candidates of a draw of best_of_n")
      ->type_name("K");
  command->add_option("--group", arguments->group, "column whose candidates compete")
      ->type_name("NAME");
  command
      ->add_option("--weight", arguments->weight,
                   "column of the rows' prior importance, where the model was fitted with one")
      ->type_name("NAME");
  command->add_option("--seed", arguments->seed, "of the draws")
      ->type_name("SEED")
      ->capture_default_str();
  command
      ->add_option("-o,--output", arguments->output,
                   "csv file of group, draw, row (from 1) and reward (default: standard output)")
      ->type_name("FILE.csv");
  command->footer("Example: esscher resample reward.safetensors new.csv --beta 0.5 --n 10");
  command->callback([arguments, command] {
    refuse_empty_values(*command);
    run_resample(*arguments);
  });
}

}  // namespace esscher::app
