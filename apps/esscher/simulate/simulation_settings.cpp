#include "simulation_settings.h"

#include "common/text.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher::app {
namespace {

/// The value of a setting with its name: what every reader below takes.
struct Field {
  const Settings& settings;
  std::string name;
  std::string label() const { return Settings::field(name); }
  const std::string& text() const { return settings[name]; }
  bool is(const char* word) const { return text() == word; }
  std::uint64_t count(std::uint64_t least) const { return parse_count(text(), label(), least); }
  double number() const { return parse_number(text(), label()); }
};

/// The choice of that name. \param name_of  gives a choice's name
template <class Choice, class Name>
Choice parse_choice(const Field& field, std::initializer_list<Choice> choices, Name name_of) {
  std::vector<std::string> names{"auto"};
  for (const Choice choice : choices) {
    if (field.text() == name_of(choice)) return choice;
    names.emplace_back(name_of(choice));
  }
  std::string listed;
  for (const std::string& name : names) listed += (listed.empty() ? "" : ", ") + name;
  const std::string nearest = nearest_name(field.text(), names);
  throw UsageError(rejection(field.label(), field.text(), "must be one of " + listed,
                             nearest.empty() ? "" : "did you mean " + nearest + "?"));
}

void read_features(const Settings& settings, SimulationOptions& options) {
  const auto field = [&](const char* name) { return Field{settings, name}; };
  options.weighting = parse_weighting(settings["weighting"], "--weighting");
  const Field temperature = field("feature-temperature");
  if (temperature.is("none")) {
    options.weighting = Weighting::none;
  } else if (temperature.is("auto")) {
    options.temperature_rule = FeatureTemperatureRule::best;
  } else {
    options.temperature_rule = FeatureTemperatureRule::given;
    try {
      options.feature_temperature = temperature.number();
    } catch (const UsageError&) {
      throw UsageError(rejection(temperature.label(), temperature.text(),
                                 "must be a positive number, none or auto"));
    }
    require_temperature(options.feature_temperature, temperature.label());
  }
  if (const Field clip = field("label-clip"); !clip.is("none")) {
    const std::vector<double> limits = parse_number_list(clip.text(), clip.label());
    if (limits.size() != 2 || !(limits[0] < limits[1])) {
      throw UsageError(rejection(clip.label(), clip.text(), "must be LO,HI with LO < HI, or none",
                                 "for example -3,3"));
    }
    options.label_clip_low = limits[0];
    options.label_clip_high = limits[1];
  }
  if (const Field engine = field("engine"); !engine.is("auto")) {
    options.engine = parse_choice(
        engine, {Engine::direct, Engine::order_parameter, Engine::marginal}, engine_name);
  }
  options.schedule = parse_schedule(settings["schedule"], "--schedule");
  options.epochs = static_cast<int>(parse_integer(settings["epochs"], "--epochs", 1, 1000000));
  if (!field("batch").is("auto")) options.batch = field("batch").count(1);
  options.step_scale = field("step-scale").number();
  options.cooldown = field("cooldown").number();
  if (!field("step-size").is("auto")) options.step_size = field("step-size").number();
  if (!field("feature-samples").is("auto")) {
    options.feature_samples = field("feature-samples").count(1);
  }
  options.start = parse_start(settings["start"], "--start");
  const Field biases = field("feature-biases");
  if (!biases.is("normal") && !biases.is("uniform")) {
    throw UsageError(rejection(biases.label(), biases.text(), "must be normal or uniform"));
  }
  options.feature_biases = biases.is("normal") ? BiasLaw::normal : BiasLaw::uniform;
  options.stop_when_settled = !settings.is_set("use-all-samples");
  options.control = settings.is_set("control");
}

void read_refinement(const Settings& settings, SimulationOptions& options) {
  const Field refine{settings, "refine"};
  if (!refine.is("auto") && !refine.is("none")) {
    throw UsageError(rejection(refine.label(), refine.text(), "must be auto or none"));
  }
  options.refine = refine.is("auto");
  const Field samples{settings, "refine-samples"};
  if (!samples.is("auto")) options.refine_samples = samples.count(kLeastRefineSamples);
}

void read_penalty(const Field& penalty, SimulationOptions& options) {
  if (penalty.is("shared")) return;
  RidgeOptions& ridge = options.ridge;
  options.shared_penalty = SharedPenalty::no;
  if (penalty.is("gcv")) return;
  if (penalty.text().starts_with("kfold")) {
    ridge.rule = PenaltyRule::kfold;
    if (!penalty.is("kfold")) {
      if (penalty.text()[5] != ':') {
        throw UsageError(rejection(penalty.label(), penalty.text(),
                                   "must be shared, gcv, kfold:K or a number",
                                   "for example kfold:5"));
      }
      try {
        ridge.folds =
            static_cast<int>(parse_integer(penalty.text().substr(6), penalty.label(), 2, 20));
      } catch (const UsageError&) {
        throw UsageError(rejection(penalty.label(), penalty.text(),
                                   "K of kfold:K must be a whole number from 2 to 20",
                                   "for example kfold:5"));
      }
    }
    return;
  }
  ridge.rule = PenaltyRule::fixed;
  try {
    ridge.penalty = penalty.number();
  } catch (const UsageError&) {
    throw UsageError(
        rejection(penalty.label(), penalty.text(), "must be shared, gcv, kfold:K or a number"));
  }
}

void read_readout(const Settings& settings, SimulationOptions& options) {
  const auto field = [&](const char* name) { return Field{settings, name}; };
  options.readout_samples = field("readout-samples").count(1);
  const Field range = field("readout-bias-range");
  options.readout_bias_range = range.is("keep") ? 0 : range.number();
  if (!range.is("keep") && !(options.readout_bias_range > 0)) {
    throw UsageError(rejection(range.label(), range.text(), "must be positive",
                               "keep takes the biases of stage 1"));
  }
  options.weights.clear();
  for (const std::string& name : split_at_commas(settings["weights"])) {
    options.weights.push_back(parse_readout_weights(name, "--weights"));
  }
  options.deployment_temperatures =
      parse_temperatures(settings["deployment-temperature"], "--deployment-temperature");
  read_penalty(field("penalty"), options);
  options.pilot_folds =
      static_cast<int>(parse_integer(settings["pilot-folds"], "--pilot-folds", 2, 20));
  if (const Field method = field("policy-method"); !method.is("auto")) {
    options.policy_method = parse_choice(
        method,
        {PolicyMethod::quadrature, PolicyMethod::importance_sampling, PolicyMethod::sequential},
        policy_method_name);
  }
  options.policy_samples = field("policy-samples").count(1000);
  options.tolerance = field("tolerance").number();
}

}  // namespace

std::vector<Setting> simulation_settings() {
  return {
      {"link", "LINK", "",
       "the reward along theta*: a name with parameters ('esscher links' lists them), a formula in "
       "z, or table:FILE.csv; modifiers @clip:LO,HI @scale:A @shift:C as for 'esscher theory'. A "
       "formula in z1 to z4 is a reward of so many hidden directions: 'z1*z2@clip:-2,2'"},
      {"noise", "NOISE", "none",
       "label noise: none, gaussian:TAU, uniform:TAU or rademacher:TAU (TAU: standard deviation)"},
      {"dim", "D", "1000", "input dimension d, up to 1e15: 1000000 or 1e6"},
      {"width", "M", "256", "neurons of the first layer"},
      {"activation", "PHI", "relu",
       "relu, tanh, erf, softplus, hermite:K, or mixture:K: each neuron its own random polynomial "
       "of degree K"},
      {"weighting", "T", "label_exp",
       "how stage 1 weights the label: label_exp y e^{y/beta1}, exp e^{y/beta1}, centred "
       "(y - c) e^{y/beta1}, or none"},
      {"feature-temperature", "BETA1", "auto",
       "beta1: a number, auto for the one that keeps most of the signal, or none for plain "
       "regression"},
      {"label-clip", "LO,HI", "none", "holds the labels of stage 1 within LO and HI"},
      {"engine", "ENGINE", "auto",
       "how stage 1 is simulated: direct (explicit inputs), order_parameter (exact law of all "
       "inner products, cost free of d), marginal (exact law of each neuron on its own data), or "
       "auto"},
      {"schedule", "SCHEDULE", "one_pass",
       "one_pass, multi_pass (epochs over the same samples; direct engine) or reuse (each batch "
       "twice in a row)"},
      {"epochs", "N", "1", "passes over the samples, of multi_pass"},
      {"batch", "B", "auto", "samples a step; auto: d/16 within 1 and 256"},
      {"step-scale", "DELTA", "0.3",
       "step size eta = DELTA B d^{-max(1, k/2)}, k the exponent at work"},
      {"step-size", "ETA", "auto", "eta itself"},
      {"cooldown", "SHARE", "0.5", "last share of the steps, over which eta falls linearly to 0"},
      {"feature-samples", "N1", "auto",
       "samples of stage 1; auto: 100 d^{max(1, k-1)}, as far as ten minutes go"},
      {"start", "START", "random",
       "rows at the start: random, or spectral (halfway to the spectral estimate of theta*)"},
      {"feature-biases", "LAW", "normal",
       "biases of stage 1: normal, or uniform, of variance 1 both"},
      {"use-all-samples", "", "false", "does not stop stage 1 when overlaps have settled"},
      {"control", "", "false", "runs stage 1 also without weights, on the same samples"},
      {"refine", "RULE", "auto",
       "auto: behind stage 1 both layers are trained jointly, and rows redrawn from the trained "
       "reward's gradient directions; or none"},
      {"refine-samples", "N", "auto",
       "samples of refinement; auto: 100 d, or those of multi_pass once more"},
      {"readout-samples", "N2", "20000", "samples of stage 2"},
      {"readout-bias-range", "B", "3", "fresh biases uniform on [-B, B], or keep"},
      {"weights", "LIST", "auto,uniform,label,surrogate,oracle",
       "readout weights to compare; auto mixes them by held-out error and follows the reward as "
       "far as held-out labels bear out its tilt"},
      {"deployment-temperature", "LIST", "0.1:2:log9",
       "beta2: a list 2,1,0.5, a range 0.1:2:log9, or a mix"},
      {"penalty", "RULE", "shared",
       "ridge penalty: gcv or kfold:K for each fit, a number, or shared: that of the uniform fit "
       "by gcv, times sqrt(n2 / ESS) of the weights"},
      {"pilot-folds", "K", "5", "folds of the pilot behind surrogate and automatic weights"},
      {"policy-method", "METHOD", "auto",
       "how policies are valued: quadrature, importance_sampling, sequential, or auto"},
      {"policy-samples", "N", "65536", "draws of importance sampling"},
      {"tolerance", "EPS", "0.2", "beta2 is admissible where the efficiency is at least 1 - EPS"},
      {"seed", "SEED", "1", "of all random numbers"},
      {"threads", "N", "0", "threads, 0 for all cores; results do not depend on it"},
  };
}

SimulationOptions read_simulation(const Settings& settings) {
  if (settings["link"].empty()) {
    throw UsageError(
        "--link: missing; name a link, for example --link damped_hermite:3, or see "
        "'esscher links'");
  }
  SimulationOptions options{.model = {parse_multi_link(settings["link"], "--link"),
                                      parse_noise(settings["noise"], "--noise")}};
  options.dim = parse_count(settings["dim"], "--dim", 2, 1'000'000'000'000'000);
  options.width = parse_count(settings["width"], "--width", 1);
  options.activation = parse_activation(settings["activation"], "--activation");
  read_features(settings, options);
  read_refinement(settings, options);
  read_readout(settings, options);
  options.seed = parse_count(settings["seed"], "--seed", 0);
  options.threads = static_cast<int>(parse_integer(settings["threads"], "--threads", 0, 1024));
  return options;
}

void write_plan(const FeaturePlan& plan, Settings& settings) {
  const FeatureOptions& features = plan.features;
  const auto set = [&](const char* name, const std::string& value) {
    settings.record(name, value);
  };
  set("feature-temperature",
      plan.feature_temperature ? number_text(*plan.feature_temperature) : "none");
  set("engine", std::string(engine_name(features.engine)));
  set("batch", std::to_string(features.batch));
  set("step-size", number_text(features.step_size));
  set("feature-samples", std::to_string(features.samples));
  if (plan.refinement) set("refine-samples", std::to_string(plan.refinement->samples));
}

}  // namespace esscher::app
