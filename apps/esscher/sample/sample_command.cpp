#include <memory>
#include <string>

#include "common/commands.h"
#include "common/options.h"
#include "common/output.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/io/npy.h"
#include "esscher/pipeline/reward_model.h"
#include "esscher/policy/policy_samples.h"

namespace esscher::app {
namespace {

struct SampleArguments {
  std::string model;
  std::string weights = "surrogate";
  std::string beta;
  std::string weight_temperature;
  std::string samples;
  std::string seed = "1";
  std::string threads = "0";
  std::string output;
};

void run_sample(const SampleArguments& arguments) {
  const double beta = parse_number(arguments.beta, "--beta");
  require_temperature(beta, "--beta");
  const double weight_temperature =
      arguments.weight_temperature.empty()
          ? beta
          : parse_number(arguments.weight_temperature, "--weight-temperature");
  const ReadoutWeights weights = parse_readout_weights(arguments.weights, "--weights");
  const std::uint64_t count = parse_count(arguments.samples, "--samples");
  PolicyOptions options;
  options.seed = parse_count(arguments.seed, "--seed", 0);
  options.threads = static_cast<int>(parse_integer(arguments.threads, "--threads", 0, 1024));
  require_writable(arguments.output);
  const RewardModel model = load_reward_model(arguments.model);
  const Network network = model.network(find_head(model, weights, weight_temperature));
  const PolicySamples samples = sample_policy(network, beta, count, options);
  write_npy(arguments.output, samples.x.view());
}

}  // namespace

void add_sample_command(CLI::App& program) {
  CLI::App* command = program.add_subcommand(
      "sample", "Draw from the policy that a saved reward model tilts, as a NumPy array");
  const auto arguments = std::make_shared<SampleArguments>();
  command->add_option("model", arguments->model, "model.safetensors of 'esscher simulate'")
      ->type_name("MODEL")
      ->required();
  command->add_option("--beta", arguments->beta, "temperature of the policy")
      ->type_name("BETA")
      ->required();
  command
      ->add_option("--weights", arguments->weights,
                   "which readout: auto, uniform, label, surrogate or oracle")
      ->type_name("KIND")
      ->capture_default_str();
  command
      ->add_option("--weight-temperature", arguments->weight_temperature,
                   "temperature at which the readout was fitted (default: --beta)")
      ->type_name("BETA");
  command->add_option("--samples", arguments->samples, "rows to draw")->type_name("N")->required();
  command->add_option("--seed", arguments->seed, "of the draws")
      ->type_name("SEED")
      ->capture_default_str();
  command->add_option("--threads", arguments->threads, "threads, 0 for all cores")
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("-o,--output", arguments->output,
                   "file to write: N x d, float64; coordinate 0 lies along theta*")
      ->type_name("FILE.npy")
      ->required();
  command->footer(
      "Example: esscher sample run/model.safetensors --beta 0.5 --weights uniform --samples 100 "
      "-o x.npy");
  command->callback([arguments, command] {
    refuse_empty_values(*command);
    run_sample(*arguments);
  });
}

}  // namespace esscher::app
