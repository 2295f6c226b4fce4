#include "esscher/pipeline/simulation.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>
#include <utility>

#include "esscher/base/build_info.h"
#include "esscher/base/error.h"
#include "esscher/base/memory.h"
#include "esscher/base/number_text.h"
#include "esscher/model/samples.h"
#include "esscher/theory/multi_tilted_law.h"
#include "pipeline/simulated_readouts.h"

namespace esscher {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

void validate(const SimulationOptions& options) {
  if (options.readout_samples < 1) {
    throw UsageError(rejection("--readout-samples", "0", "must be at least 1"));
  }
  require_memory(saturating_product(options.readout_samples, 8 * sizeof(double)),
                 "--readout-samples", std::to_string(options.readout_samples),
                 "their labels and weights", "take fewer");
  if (!(options.readout_bias_range >= 0) || !std::isfinite(options.readout_bias_range)) {
    throw UsageError(rejection("--readout-bias-range", options.readout_bias_range,
                               "must be finite and not negative",
                               "keep takes the biases of stage 1"));
  }
  if (options.weights.empty()) throw UsageError("--weights: name at least one kind of weights");
  if (std::set(options.weights.begin(), options.weights.end()).size() != options.weights.size()) {
    throw UsageError("--weights: a kind of weights is named twice");
  }
  if (options.deployment_temperatures.empty()) {
    throw UsageError("--deployment-temperature: give at least one");
  }
  if (std::set(options.deployment_temperatures.begin(), options.deployment_temperatures.end())
          .size() != options.deployment_temperatures.size()) {
    throw UsageError("--deployment-temperature: a temperature is given twice");
  }
  for (const double beta : options.deployment_temperatures) {
    require_temperature(beta, "--deployment-temperature");
    require_finite_tilt(options.model.link, beta, "--deployment-temperature");
  }
  if (!(options.tolerance > 0 && options.tolerance < 1)) {
    throw UsageError(rejection("--tolerance", options.tolerance, "must be in (0, 1)",
                               "0.2 admits temperatures of efficiency 0.8 and more"));
  }
  if (options.policy_samples < 1000 || options.policy_samples > std::uint64_t{1} << 32) {
    throw UsageError(rejection("--policy-samples", std::to_string(options.policy_samples),
                               "must be from 1000 to 4294967296"));
  }
  const bool several = options.model.link.directions() > 1;
  if (options.policy_method == PolicyMethod::quadrature && (options.width > 1 || several)) {
    throw UsageError(rejection("--policy-method", "quadrature",
                               "serves rewards of one direction only",
                               several ? "leave the choice open with auto"
                                       : "take --width 1, or leave the choice open with auto"));
  }
  if (options.ridge.rule == PenaltyRule::fixed &&
      !(options.ridge.penalty >= 0 && std::isfinite(options.ridge.penalty))) {
    throw UsageError(rejection("--penalty", options.ridge.penalty,
                               "must be finite and not negative", "for example 1e-6"));
  }
  const bool has_pilot = std::ranges::any_of(options.weights, [](ReadoutWeights weights) {
    return weights == ReadoutWeights::surrogate || weights == ReadoutWeights::automatic;
  });
  const bool has_folds = options.ridge.rule == PenaltyRule::kfold;
  if (has_pilot && has_folds && options.pilot_folds < 3) {
    throw UsageError(rejection("--pilot-folds", options.pilot_folds,
                               "must be at least 3 with --penalty kfold",
                               "the pilot's penalty is chosen within the other folds"));
  }
  const int folds =
      std::max(has_pilot ? options.pilot_folds : 1, has_folds ? options.ridge.folds : 1);
  if (options.readout_samples < static_cast<std::uint64_t>(folds)) {
    throw UsageError(rejection(
        "--readout-samples", std::to_string(options.readout_samples),
        "must be at least the " + std::to_string(folds) + " folds of the pilot or of the penalty",
        "take more, or fewer --pilot-folds"));
  }
}

namespace {

/// Stage 1 of a plan.
FeatureResult learn(const FeaturePlan& plan, const SimulationOptions& options) {
  if (options.model.single()) return learn_features(plan.features);
  return learn_features(plan.features,
                        MultiIndexSamples(options.model, options.dim, options.seed, "stage1"));
}

/// Stage 1b. Samples that stage 1 stored are used once more; else they are fresh.
void refine_features(FirstLayer& layer, SimulationResult& result) {
  const auto start = Clock::now();
  const FeatureOptions& features = result.plan.features;
  const RefineOptions& refinement = *result.plan.refinement;
  RefineResult refined = [&] {
    if (features.engine != Engine::direct) return refine(layer, features.model, refinement);
    const bool stored = features.schedule == Schedule::multi_pass;
    const MultiIndexSamples source(result.options.model, features.dim, features.seed,
                                   stored ? "stage1" : "refine");
    return refine(layer, source, refinement);
  }();
  layer = std::move(refined.layer);
  result.refinement = std::move(refined.summary);
  result.seconds.refinement = seconds_since(start);
}

/// Stage 2's view of the first layer: few coordinates, and fresh biases if wanted.
FirstLayer readout_layer(const FirstLayer& learned, const SimulationOptions& options) {
  FirstLayer layer = reduced(learned);
  if (options.readout_bias_range > 0) {
    RandomStream(options.seed, "stage2/bias").fill_uniform(0, layer.biases);
    for (double& bias : layer.biases) bias = options.readout_bias_range * (2 * bias - 1);
  }
  return layer;
}

/// Tells the caller how many of a stage's cases are done.
class StageProgress {
 public:
  StageProgress(const Callbacks& callbacks, std::string_view stage, std::size_t total)
      : callbacks_(callbacks), stage_(stage), total_(total) {
    tell();
  }
  void step() {
    ++done_;
    tell();
  }

 private:
  void tell() const {
    if (callbacks_.progress) callbacks_.progress({stage_, done_, total_});
  }
  const Callbacks& callbacks_;
  std::string_view stage_;
  std::size_t total_;
  std::size_t done_ = 0;
};

void fit_readouts(const FirstLayer& layer, SimulationResult& result) {
  const SimulationOptions& options = result.options;
  const auto start = Clock::now();
  internal::SimulatedReadouts readouts(layer, options);
  StageProgress progress(options.callbacks, "readouts",
                         options.weights.size() * options.deployment_temperatures.size());
  for (const ReadoutWeights weights : options.weights) {
    bool first = true;
    for (const double beta : options.deployment_temperatures) {
      if (options.callbacks.cancelled()) return;
      internal::SimulatedReadout readout = readouts.fit(weights, beta);
      if (options.callbacks.cancelled()) return;
      PolicyRow row;
      row.weights = weights;
      row.beta = beta;
      row.fit = std::move(readout.fit);
      row.weight_temperature = readout.weight_temperature;
      row.shares = std::move(readout.shares);
      row.calibration = readout.calibration;
      row.readout_remark = std::move(readout.remark);
      const bool tilted = weights != ReadoutWeights::uniform;
      if (tilted || first) {
        result.model.heads.push_back({weights, tilted ? std::optional(beta) : std::nullopt,
                                      row.fit.coefficients, row.fit.intercept, row.fit.penalty});
      }
      first = false;
      result.rows.push_back(std::move(row));
      progress.step();
    }
  }
  result.seconds.readouts = seconds_since(start);
}

void evaluate(const FirstLayer& layer, SimulationResult& result) {
  const SimulationOptions& options = result.options;
  const auto start = Clock::now();
  std::vector<PolicyCase> cases;
  std::vector<PolicyRow*> rows;
  for (PolicyRow& row : result.rows) {
    row.policy_remark = why_no_policy(layer, row.fit.coefficients, row.beta);
    if (!row.policy_remark.empty()) continue;
    cases.push_back({row.fit.coefficients, row.fit.intercept, row.beta});
    rows.push_back(&row);
  }
  PolicyOptions policy;
  policy.method = options.policy_method;
  policy.samples = options.policy_samples;
  policy.seed = options.seed;
  policy.threads = options.threads;
  policy.callbacks = options.callbacks;
  const std::vector<PolicyValue> values =
      evaluate_policies(layer, cases, options.model.link, policy);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i].cancelled) rows[i]->policy = values[i];
  }
  if (cases.size() < result.rows.size()) {
    result.remarks.push_back(std::to_string(result.rows.size() - cases.size()) +
                             " of the learned rewards tilt to no policy: E e^{r/beta2} is infinite "
                             "(their neurons grow quadratically or faster upward).");
  }
  result.seconds.policies = seconds_since(start);
}

/// What automatic weights do is no formula, and the formula speaks of weights at beta2.
bool is_predicted(const PolicyRow& row) {
  return row.policy && row.weights != ReadoutWeights::automatic &&
         row.weight_temperature.value_or(row.beta) == row.beta;
}

void predict_gaps(const FirstLayer& layer, SimulationResult& result) {
  const SimulationOptions& options = result.options;
  const std::optional<SingleIndexModel> model = options.model.single();
  if (!model) {
    result.remarks.emplace_back("Gaps are predicted for rewards of one hidden direction only.");
    return;
  }
  const auto start = Clock::now();
  StageProgress progress(options.callbacks, "predictions", options.deployment_temperatures.size());
  for (const double beta : options.deployment_temperatures) {
    if (options.callbacks.cancelled()) return;
    std::vector<PolicyRow*> rows;
    std::vector<PredictedReadout> readouts;
    for (PolicyRow& row : result.rows) {
      if (row.beta != beta || !is_predicted(row)) continue;
      rows.push_back(&row);
      readouts.push_back({row.weights, row.fit.penalty});
    }
    if (!rows.empty()) {
      PredictedGapOptions prediction;
      prediction.samples = options.readout_samples;
      prediction.seed = options.seed;
      prediction.threads = options.threads;
      const auto gaps = predicted_gaps(layer, *model, readouts, beta, prediction);
      for (std::size_t i = 0; i < rows.size(); ++i) rows[i]->predicted = gaps[i];
    }
    progress.step();
  }
  result.seconds.predictions = seconds_since(start);
}

void summarise(SimulationResult& result) {
  for (const ReadoutWeights weights : result.options.weights) {
    std::vector<TemperaturePoint> measured;
    std::vector<TemperaturePoint> predicted;
    for (const PolicyRow& row : result.rows) {
      if (row.weights != weights || !row.policy) continue;
      const PolicyValue& policy = *row.policy;
      Estimate gain = policy.value;
      gain.value -= policy.reference_value;
      measured.push_back({row.beta, policy.efficiency, gain, policy.gold, policy.reliable});
      if (row.predicted && row.predicted->gap) {
        Estimate predicted_gain;
        predicted_gain.value = policy.optimal_value - policy.reference_value - *row.predicted->gap;
        predicted.push_back({row.beta, Estimate{row.predicted->efficiency.value_or(0)},
                             predicted_gain, policy.gold, row.predicted->efficiency.has_value()});
      }
    }
    if (measured.empty()) continue;
    WeightsSummary summary{weights, admissible_sets(measured, result.options.tolerance), {}};
    if (!predicted.empty())
      summary.predicted = admissible_sets(predicted, result.options.tolerance);
    summary.predicted.gold_optimal_beta.reset();
    result.summaries.push_back(std::move(summary));
  }
}

/// Stage 1 on the same samples, with the label as it is.
FeatureSummary run_control(const SimulationResult& result) {
  SimulationOptions plain = result.options;
  plain.weighting = Weighting::none;
  plain.engine = result.plan.features.engine;
  plain.batch = result.plan.features.batch;
  plain.feature_samples = result.features.samples;
  plain.stop_when_settled = false;
  plain.step_size.reset();
  FeaturePlan plan = plan_features(plain);
  plan.features.spectral_samples = result.plan.features.spectral_samples;
  return learn(plan, plain).summary;
}

/// <w_j, theta*>, or the length of the row's part along several hidden directions.
double overlap(const FirstLayer& layer, std::size_t j) {
  if (layer.hidden == 1) return layer.weights(j, 0);
  double square = 0;
  for (const double w : layer.weights.row(j).first(layer.hidden)) square += w * w;
  return std::min(std::sqrt(square), 1.0);
}

void record_facts(SimulationResult& result) {
  auto& facts = result.model.facts;
  facts["link"] = result.options.model.link.name();
  facts["hidden_directions"] = std::to_string(result.options.model.link.directions());
  facts["noise"] = result.options.model.noise.name();
  facts["seed"] = std::to_string(result.options.seed);
  facts["engine"] = engine_name(result.plan.features.engine);
  facts["readout_samples"] = std::to_string(result.options.readout_samples);
  facts["built_with"] = build_line();
}

}  // namespace

std::string_view simulation_status_name(SimulationStatus status) {
  return status == SimulationStatus::completed ? "completed" : "cancelled";
}

SimulationResult simulate(const SimulationOptions& options) {
  validate(options);
  SimulationResult result{.options = options, .plan = plan_features(options)};
  const auto cancelled = [&] { return options.callbacks.cancelled(); };
  for (const double beta : options.deployment_temperatures) {
    result.optimal.push_back(tilted_law(options.model.link, beta));
  }

  auto start = Clock::now();
  FeatureResult learned = learn(result.plan, options);
  result.features = std::move(learned.summary);
  result.seconds.features = seconds_since(start);
  if (options.control && result.plan.feature_temperature && !cancelled()) {
    start = Clock::now();
    result.control = run_control(result);
    result.seconds.control = seconds_since(start);
  }

  if (options.control && !result.plan.feature_temperature) {
    result.remarks.emplace_back(
        "Stage 1 had no weights already, so that there is nothing to compare it with.");
  }

  if (result.plan.refinement && !cancelled()) refine_features(learned.layer, result);
  for (std::size_t j = 0; j < learned.layer.width(); ++j) {
    result.overlaps.push_back(overlap(learned.layer, j));
  }

  result.model.first = readout_layer(learned.layer, options);
  record_facts(result);
  if (!cancelled()) fit_readouts(result.model.first, result);
  if (!cancelled()) evaluate(result.model.first, result);
  if (!cancelled()) predict_gaps(result.model.first, result);
  if (cancelled()) {
    result.status = SimulationStatus::cancelled;
    result.remarks.emplace_back("Stopped before the end; what was done so far is here.");
  }
  summarise(result);
  return result;
}

}  // namespace esscher
