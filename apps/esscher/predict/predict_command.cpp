#include <cstdio>
#include <memory>
#include <string>

#include "common/commands.h"
#include "common/options.h"
#include "common/output.h"
#include "common/table_predictions.h"
#include "esscher/io/npy.h"

namespace esscher::app {
namespace {

struct PredictArguments {
  PredictionArguments prediction;
  std::string output;
};

void run_predict(const PredictArguments& arguments) {
  require_writable(arguments.output);
  const Predictions predictions = predict_table(arguments.prediction);
  for (const std::string& remark : predictions.remarks) {
    std::fprintf(stderr, "esscher: %s\n", remark.c_str());
  }
  write_npy(arguments.output, {predictions.rewards.data(), predictions.rewards.size(), 1, 1});
}

}  // namespace

void add_predict_command(CLI::App& program) {
  CLI::App* command =
      program.add_subcommand("predict", "Rewards of new rows by a fitted model, as a NumPy array");
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
  command->add_option("-o,--output", arguments->output, "file to write: N x 1, float64")
      ->type_name("FILE.npy")
      ->required();
  command->footer("Example: esscher predict reward.safetensors new.csv -o r.npy");
  command->callback([arguments, command] {
    refuse_empty_values(*command);
    run_predict(*arguments);
  });
}

}  // namespace esscher::app
