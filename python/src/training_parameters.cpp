#include "training_parameters.h"

#include <algorithm>
#include <limits>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "evaluation_parameters.h"

namespace esscher::python {
namespace {

double unit_of(const Parameters& parameters, double sd) { return in_sd(parameters) ? sd : 1; }

std::vector<double> betas(const Parameters& parameters, double sd) {
  const bool open = parameters.is("beta", "auto");
  std::vector<double> list = open ? automatic_temperatures() : parameters.numbers("beta");
  for (double& beta : list) {
    if (!open) require_temperature(beta, "beta");
    beta *= open ? sd : unit_of(parameters, sd);
  }
  return list;
}

void read_weights(const Parameters& parameters, double unit, TrainingOptions& options) {
  options.weights.clear();
  for (const std::string& name : parameters.words("weights")) {
    options.weights.push_back(parse_fit_weights(name, "weights"));
  }
  if (parameters.is("weight_temperature", "beta")) return;
  const auto takes_one = [](FitWeights weights) {
    return weights == FitWeights::label || weights == FitWeights::surrogate;
  };
  if (std::ranges::none_of(options.weights, takes_one)) {
    throw UsageError(rejection("weight_temperature", parameters.shown("weight_temperature"),
                               "is for label and surrogate weights only",
                               "leave it out, or take weights='surrogate'"));
  }
  options.weight_temperature = unit * positive(parameters, "weight_temperature", ", or beta");
}

}  // namespace

double positive(const Parameters& parameters, const char* name, const char* choices) {
  try {
    const double value = parameters.number(name);
    require_temperature(value, name);
    return value;
  } catch (const UsageError&) {
    throw UsageError(rejection(name, parameters.shown(name),
                               "must be a number " + temperature_limits() + choices));
  }
}

TrainingOptions training_options(const Parameters& parameters, double sd) {
  TrainingOptions options;
  const double unit = unit_of(parameters, sd);
  options.deployment_temperatures = betas(parameters, sd);
  read_weights(parameters, unit, options);
  options.transform = parse_transform(parameters.text("feature_transform"), "feature_transform");
  options.reward_transform =
      parse_reward_transform(parameters.text("reward_transform"), "reward_transform");
  options.most_rounds = parameters.integer("rounds", 0, 20);
  if (!parameters.is("landmarks", "auto")) {
    options.landmarks = parameters.count("landmarks", 2, 16384);
  }
  if (parameters.is("feature_temperature", "none")) {
    options.feature_temperature = std::numeric_limits<double>::infinity();
  } else if (!parameters.is("feature_temperature", "auto")) {
    options.feature_temperature =
        unit * positive(parameters, "feature_temperature", ", none or auto");
  }
  options.loss = parse_readout_loss(parameters.text("loss"), "loss");
  if (!parameters.is("penalty", "folds")) {
    options.ridge.rule = PenaltyRule::fixed;
    options.ridge.penalty = positive(parameters, "penalty", ", or folds");
  }
  if (!parameters.is("folds", "auto")) options.folds = parameters.integer("folds", 2, 20);
  options.ceiling = parameters.flag("ceiling");
  options.seed = parameters.count("seed", 0);
  options.threads = parameters.integer("threads", 0, 1024);
  return options;
}

}  // namespace esscher::python
