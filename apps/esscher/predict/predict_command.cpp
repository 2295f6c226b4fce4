#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "common/commands.h"
#include "common/csv_line.h"
#include "common/options.h"
#include "common/output.h"
#include "common/table_predictions.h"
#include "esscher/base/error.h"
#include "esscher/base/shown_text.h"
#include "esscher/io/npy.h"

namespace esscher::app {
namespace {

struct PredictArguments {
  PredictionArguments prediction;
  std::string output;
};

/// One line a row, numbered from 1; of features by prompt with the prompt and the candidate.
std::string prediction_csv(const Predictions& predictions) {
  const std::uint64_t candidates = predictions.dataset.candidates;
  std::string text = candidates > 0 ? "row,prompt,candidate,reward\n" : "row,reward\n";
  for (std::size_t i = 0; i < predictions.rewards.size(); ++i) {
    const std::uint64_t row = predictions.dataset.source_rows[i];
    CsvLine line;
    line.add(std::to_string(row + 1));
    if (candidates > 0) {
      line.add(std::to_string(row / candidates + 1));
      line.add(std::to_string(row % candidates + 1));
    }
    line.add(predictions.rewards[i]);
    text += line.text();
  }
  return text;
}

/// As an array: of features by prompt prompts x candidates, else a column.
void write_array(const std::string& path, const Predictions& predictions) {
  const bool by_prompt = predictions.dataset.candidates > 0;
  NpyWriter writer(path, by_prompt ? predictions.dataset.prompts : predictions.rewards.size(),
                   by_prompt ? static_cast<std::size_t>(predictions.dataset.candidates) : 1);
  writer.append(predictions.rewards);
  writer.commit();
}

/// \throws UsageError for a name that promises another kind of file
void require_kind(const std::string& output) {
  const std::string extension = std::filesystem::path(output).extension().string();
  if (extension.empty() || extension == ".npy" || extension == ".csv") return;
  throw UsageError(rejection("-o", shown(output), "rewards are written as a NumPy array or a table",
                             "let the name end in .npy or .csv"));
}

void run_predict(const PredictArguments& arguments) {
  require_kind(arguments.output);
  if (arguments.prediction.skip_unknown && !arguments.output.ends_with(".csv")) {
    throw UsageError(rejection("-o", shown(arguments.output),
                               "an array would not say which rows --skip-unknown leaves out",
                               "write a table, its name ending in .csv"));
  }
  require_writable(arguments.output);
  const Predictions predictions = predict_table(arguments.prediction);
  for (const std::string& remark : predictions.remarks) {
    std::fprintf(stderr, "esscher: %s\n", remark.c_str());
  }
  if (arguments.output.ends_with(".csv")) {
    Output(arguments.output).write(prediction_csv(predictions));
  } else {
    write_array(arguments.output, predictions);
  }
}

}  // namespace

void add_predict_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand(
      "predict", "Rewards of new rows by a fitted model, as a NumPy array or a table");
  const auto arguments = std::make_shared<PredictArguments>();
  arguments->prediction.define(*command);
  command
      ->add_option("--beta", arguments->prediction.beta,
                   "temperature at which the reward will be deployed, as the fit prints it; left "
                   "out, the one that the model holds or, where it holds several, equal weights")
      ->type_name("BETA");
  command
      ->add_option("--beta-unit", arguments->prediction.beta_unit,
                   "of --beta: reward, or sd (standard deviations of the reward)")
      ->type_name("UNIT")
      ->capture_default_str();
  command
      ->add_option("-o,--output", arguments->output,
                   "file to write: FILE.npy, N x 1 float64, or FILE.csv with the row's number; of "
                   "features by prompt prompts x candidates, or with both numbers")
      ->type_name("FILE")
      ->required();
  command->footer("Example: esscher predict reward.safetensors new.csv -o r.npy");
  command->callback([arguments, command] {
    refuse_empty_values(*command);
    run_predict(*arguments);
  });
}

}  // namespace esscher::app
