#include "simulation_parameters.h"

#include <initializer_list>
#include <string>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher::python {
namespace {

constexpr std::uint64_t kGreatestDim = 1'000'000'000'000'000;

/// The choice of that name. \param name_of  gives a choice's name
template <class Choice, class Name>
Choice choice_of(const Parameters& parameters, const char* name,
                 std::initializer_list<Choice> choices, Name name_of) {
  const std::string text = parameters.text(name);
  std::vector<std::string> names{"auto"};
  for (const Choice choice : choices) {
    if (text == name_of(choice)) return choice;
    names.emplace_back(name_of(choice));
  }
  std::string listed;
  for (const std::string& known : names) listed += (listed.empty() ? "" : ", ") + known;
  const std::string nearest = nearest_name(text, names);
  throw UsageError(rejection(name, text, "must be one of " + listed,
                             nearest.empty() ? "" : "did you mean " + nearest + "?"));
}

void read_label(const Parameters& parameters, SimulationOptions& options) {
  options.weighting = parse_weighting(parameters.text("weighting"), "weighting");
  if (parameters.is("feature_temperature", "none")) {
    options.weighting = Weighting::none;
  } else if (!parameters.is("feature_temperature", "auto")) {
    options.temperature_rule = FeatureTemperatureRule::given;
    options.feature_temperature = parameters.number("feature_temperature");
    require_temperature(options.feature_temperature, "feature_temperature");
  }
  if (parameters.is_none("label_clip")) return;
  const std::vector<double> limits = parameters.numbers("label_clip");
  if (limits.size() != 2 || !(limits[0] < limits[1])) {
    throw UsageError(rejection("label_clip", parameters.shown("label_clip"),
                               "must be (low, high) with low < high, or None",
                               "for example (-3, 3)"));
  }
  options.label_clip_low = limits[0];
  options.label_clip_high = limits[1];
}

void read_features(const Parameters& parameters, SimulationOptions& options) {
  if (!parameters.is("engine", "auto")) {
    options.engine =
        choice_of(parameters, "engine", {Engine::direct, Engine::order_parameter, Engine::marginal},
                  engine_name);
  }
  options.schedule = parse_schedule(parameters.text("schedule"), "schedule");
  options.epochs = parameters.integer("epochs", 1, 1'000'000);
  if (!parameters.is("batch", "auto")) options.batch = parameters.count("batch", 1);
  options.step_scale = parameters.number("step_scale");
  options.cooldown = parameters.number("cooldown");
  if (!parameters.is("step_size", "auto")) options.step_size = parameters.number("step_size");
  if (!parameters.is("feature_samples", "auto")) {
    options.feature_samples = parameters.count("feature_samples", 1);
  }
  options.start = parse_start(parameters.text("start"), "start");
  const std::string biases = parameters.text("feature_biases");
  if (biases != "normal" && biases != "uniform") {
    throw UsageError(rejection("feature_biases", biases, "must be normal or uniform"));
  }
  options.feature_biases = biases == "normal" ? BiasLaw::normal : BiasLaw::uniform;
  options.stop_when_settled = !parameters.flag("use_all_samples");
  options.control = parameters.flag("control");
  options.refine = parameters.flag("refine");
  if (!parameters.is("refine_samples", "auto")) {
    options.refine_samples = parameters.count("refine_samples", kLeastRefineSamples);
  }
}

void read_penalty(const Parameters& parameters, SimulationOptions& options) {
  if (parameters.is("penalty", "shared")) return;
  options.shared_penalty = SharedPenalty::no;
  if (parameters.is("penalty", "gcv")) return;
  const std::string shown = parameters.shown("penalty");
  if (shown.starts_with("kfold")) {
    options.ridge.rule = PenaltyRule::kfold;
    if (shown == "kfold") return;
    if (shown[5] == ':') {
      try {
        options.ridge.folds = static_cast<int>(parse_integer(shown.substr(6), "penalty", 2, 20));
        return;
      } catch (const UsageError&) {
      }
    }
    throw UsageError(rejection("penalty", shown, "K of kfold:K must be a whole number from 2 to 20",
                               "for example kfold:5"));
  }
  options.ridge.rule = PenaltyRule::fixed;
  try {
    options.ridge.penalty = parameters.number("penalty");
  } catch (const UsageError&) {
    throw UsageError(rejection("penalty", shown, "must be shared, gcv, kfold:K or a number"));
  }
}

void read_readout(const Parameters& parameters, SimulationOptions& options) {
  options.readout_samples = parameters.count("readout_samples", 1);
  if (parameters.is("readout_bias_range", "keep")) {
    options.readout_bias_range = 0;
  } else {
    options.readout_bias_range = parameters.number("readout_bias_range");
    if (!(options.readout_bias_range > 0)) {
      throw UsageError(rejection("readout_bias_range", options.readout_bias_range,
                                 "must be positive", "keep takes the biases of stage 1"));
    }
  }
  options.weights.clear();
  for (const std::string& name : parameters.words("weights")) {
    options.weights.push_back(parse_readout_weights(name, "weights"));
  }
  options.deployment_temperatures = parameters.numbers("beta");
  for (const double beta : options.deployment_temperatures) require_temperature(beta, "beta");
  read_penalty(parameters, options);
  options.pilot_folds = parameters.integer("pilot_folds", 2, 20);
  if (!parameters.is("policy_method", "auto")) {
    options.policy_method = choice_of(
        parameters, "policy_method",
        {PolicyMethod::quadrature, PolicyMethod::importance_sampling, PolicyMethod::sequential},
        policy_method_name);
  }
  options.policy_samples = parameters.count("policy_samples", 1000);
  options.tolerance = parameters.number("tolerance");
}

}  // namespace

SimulationOptions simulation_options(const Parameters& parameters) {
  SimulationOptions options{.model = {nb::cast<MultiLink&>(parameters["link"]),
                                      parse_noise(parameters.text("noise"), "noise")}};
  options.dim = parameters.count("dim", 2, kGreatestDim);
  options.width = parameters.count("width", 1);
  options.activation = parse_activation(parameters.text("activation"), "activation");
  read_label(parameters, options);
  read_features(parameters, options);
  read_readout(parameters, options);
  options.seed = parameters.count("seed", 0);
  options.threads = parameters.integer("threads", 0, 1024);
  return options;
}

}  // namespace esscher::python
