#include "esscher/pipeline/simulation_options.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/matrix.h"
#include "esscher/base/memory.h"
#include "esscher/base/number_text.h"
#include "esscher/base/random.h"
#include "esscher/features/feature_engine.h"
#include "esscher/model/samples.h"
#include "esscher/theory/exponents.h"
#include "esscher/theory/feature_temperature.h"
#include "esscher/theory/finiteness.h"
#include "esscher/theory/sample_complexity.h"
#include "features/sample_label.h"

namespace esscher {
namespace {

constexpr double kSamplesPerDimension = 100;
/// Choices must not depend on the machine: these stand for one core of some years ago.
constexpr double kSharedDataSeconds = 60;
constexpr double kLongestSeconds = 600;

double direct_seconds(double samples, double d, double m) {
  return samples * d * (4 * m / 1.5e11 + 1e-9);
}

double order_parameter_seconds(double samples, double m, double batch) {
  const double factorisation = m * m * m / 1e10;
  return samples * (6 * m * m / 4e10 + 3e-9 * m) + samples / batch * factorisation;
}

/// One sample of joint training (refinement/refine.h).
double refine_seconds(const FeatureOptions& options) {
  return 5e-7 + (options.engine == Engine::direct ? 2e-9 * static_cast<double>(options.dim) : 0);
}

double marginal_seconds(double samples, double m) { return samples * m * 6e-9; }

/// Samples that `seconds` allow, by the cheapest engine of those that will do.
double affordable_samples(const FeatureOptions& options, bool direct_only) {
  const auto d = static_cast<double>(options.dim);
  const auto m = static_cast<double>(options.width);
  double rate = direct_seconds(1, d, m);
  if (!direct_only) rate = std::min(rate, marginal_seconds(1, m));
  return kLongestSeconds / rate;
}

LabelTransform transform_of(Weighting weighting) {
  switch (weighting) {
    case Weighting::exp:
      return LabelTransform::exp;
    case Weighting::centred:
      return LabelTransform::centred;
    case Weighting::none:
    case Weighting::label_exp:
      break;
  }
  return LabelTransform::label_exp;
}

/// The label's law as clipping leaves it, but for the noise, which is clipped along.
SingleIndexModel seen_by_stage_one(const SimulationOptions& options,
                                   const SingleIndexModel& model) {
  if (!std::isfinite(options.label_clip_low) || !std::isfinite(options.label_clip_high)) {
    return model;
  }
  return {clipped(model.link, options.label_clip_low, options.label_clip_high), model.noise};
}

void require_signal(const SimulationOptions& options, const Exponents& found) {
  if (found.variance > 1e-20 * found.second_moment) return;
  const bool is_clipped = std::isfinite(options.label_clip_low);
  throw UsageError(rejection(is_clipped ? "--label-clip" : "--link", options.model.link.name(),
                             is_clipped ? "so clipped, the label is constant"
                                        : "the reward is constant: there is nothing to learn"));
}

void choose_temperature(const SimulationOptions& options, const SingleIndexModel& seen,
                        const Exponents& found, FeaturePlan& plan) {
  if (options.weighting == Weighting::none) return;
  if (options.temperature_rule == FeatureTemperatureRule::given) {
    require_temperature(options.feature_temperature, "--feature-temperature");
    plan.feature_temperature = options.feature_temperature;
    return;
  }
  if (!found.generative) {
    throw UsageError(
        rejection("--feature-temperature", "auto",
                  "no label transform of this link has a signal up to Hermite order 12",
                  "give a temperature, or none"));
  }
  if (tilt_finiteness(seen.link).limit == 0) {
    throw UsageError(rejection("--link", seen.link.name(),
                               "e^{y/beta1} has no finite mean at any temperature",
                               "clip the labels with --label-clip LO,HI, or the link with "
                               "@clip:LO,HI"));
  }
  const int order = *found.generative;
  const auto temperatures =
      feature_temperatures(seen, order, found.lambda_squared[static_cast<std::size_t>(order)]);
  const FeatureTemperature& choice =
      temperatures[static_cast<std::size_t>(transform_of(options.weighting))];
  plan.feature_temperature = choice.best_beta;
  plan.remarks.push_back(choice.best_beta
                             ? "The feature temperature " + number_text(*choice.best_beta, 4) +
                                   " keeps the largest share of the signal of order " +
                                   std::to_string(order) + ": " +
                                   number_text(100 * choice.best_efficiency, 3) +
                                   " % of what the best label transform has."
                             : "Plain regression keeps more of the signal than weighting does at "
                               "any temperature, so the features are learned without weights.");
}

void choose_exponent(const Exponents& found, FeaturePlan& plan) {
  plan.information_exponent = found.information;
  plan.generative_exponent = found.generative;
  const std::optional<int> at_work =
      plan.feature_temperature ? found.generative : found.information;
  if (at_work) {
    plan.exponent = *at_work;
  } else {
    plan.remarks.emplace_back(
        "No signal was found up to Hermite order 12; step size and samples are those of "
        "exponent 1.");
  }
}

void choose_samples(const SimulationOptions& options, FeaturePlan& plan) {
  FeatureOptions& features = plan.features;
  if (options.feature_samples != 0) {
    features.samples = options.feature_samples;
    return;
  }
  const auto d = static_cast<double>(features.dim);
  const SampleComplexity complexity = one_pass_complexity(plan.exponent);
  const double wanted = kSamplesPerDimension * std::pow(d, complexity.exponent) *
                        (complexity.log_factor ? std::log(d) : 1.0);
  const bool direct_only = features.schedule == Schedule::multi_pass ||
                           options.engine == Engine::direct || features.hidden > 1;
  const double most = affordable_samples(features, direct_only);
  if (wanted > most) {
    plan.remarks.push_back("Stage 1 of exponent " + std::to_string(plan.exponent) + " would want " +
                           number_text(wanted, 3) + " samples (100 " + complexity.text() +
                           "); it is given " + number_text(most, 3) +
                           ", some ten minutes' work. --feature-samples gives it more.");
  }
  // Whole batches.
  const auto batch = static_cast<double>(features.batch);
  features.samples = features.batch * static_cast<std::uint64_t>(
                                          std::ceil(std::max(1.0, std::min(wanted, most)) / batch));
}

void choose_engine(const SimulationOptions& options, FeaturePlan& plan) {
  FeatureOptions& features = plan.features;
  const auto d = static_cast<double>(features.dim);
  const auto m = static_cast<double>(features.width);
  const auto n = static_cast<double>(features.samples);
  if (features.hidden > 1) {
    features.engine = Engine::direct;
    return;
  }
  const std::uint64_t least =
      least_order_parameter_dim(features.width, features.batch, features.schedule);
  const bool wide_enough = features.dim >= least;
  if (options.engine) {
    features.engine = *options.engine;
    if (features.engine == Engine::order_parameter && !wide_enough) {
      features.engine = Engine::direct;
      plan.remarks.push_back(
          "The order_parameter engine needs --dim of at least " + std::to_string(least) +
          " at this width and batch; the direct engine, of the same law, took its place.");
    }
    return;
  }
  if (features.schedule == Schedule::multi_pass) {
    features.engine = Engine::direct;
    return;
  }
  const double direct = direct_seconds(n, d, m);
  const double order_parameter = order_parameter_seconds(n, m, static_cast<double>(features.batch));
  const bool spectral_matrix = features.start == Start::spectral && features.spectral_order == 2;
  if (wide_enough && order_parameter < direct &&
      (order_parameter < kSharedDataSeconds || spectral_matrix)) {
    features.engine = Engine::order_parameter;
  } else if (direct < kSharedDataSeconds || spectral_matrix) {
    features.engine = Engine::direct;
  } else {
    features.engine = Engine::marginal;
  }
}

void choose_refinement(const SimulationOptions& options, FeaturePlan& plan) {
  if (!options.refine) return;
  const FeatureOptions& features = plan.features;
  if (features.dim < kLeastRefineDim) {
    plan.remarks.emplace_back("There are too few dimensions to refine features in.");
    return;
  }
  RefineOptions refinement;
  refinement.samples = options.refine_samples;
  if (features.schedule == Schedule::multi_pass) {
    if (refinement.samples > features.samples) {
      throw UsageError(rejection("--refine-samples", std::to_string(refinement.samples),
                                 "exceeds the " + std::to_string(features.samples) +
                                     " samples that --schedule multi_pass stores",
                                 "leave it out, or raise --feature-samples"));
    }
    if (refinement.samples == 0) {
      refinement.samples = std::max(features.samples, kLeastRefineSamples);
    }
  } else if (refinement.samples == 0) {
    constexpr double kLeast = 8192;
    const double wanted =
        std::max(kSamplesPerDimension * static_cast<double>(features.dim), kLeast);
    const double most = std::max(kLongestSeconds / refine_seconds(features), kLeast);
    if (wanted > most) {
      plan.remarks.push_back("Refinement would want " + number_text(wanted, 3) +
                             " samples (100 d); it is given " + number_text(most, 3) +
                             ", some ten minutes' work. --refine-samples gives it more.");
    }
    refinement.samples = static_cast<std::uint64_t>(std::min(wanted, most));
  }
  refinement.seed = options.seed;
  refinement.threads = options.threads;
  refinement.callbacks = options.callbacks;
  validate(refinement);
  plan.refinement = refinement;
}

/// Temperature, label and exponent of a reward of one direction: what theory says.
FeaturePlan plan_one_direction(const SimulationOptions& options, const SingleIndexModel& model) {
  const SingleIndexModel seen = seen_by_stage_one(options, model);
  const Exponents found = exponents(seen);
  require_signal(options, found);
  FeaturePlan plan{.features = {.model = model}};
  choose_temperature(options, seen, found, plan);
  choose_exponent(found, plan);
  const Weighting weighting = plan.feature_temperature ? options.weighting : Weighting::none;
  plan.features.label = standardised_label(model, weighting, plan.feature_temperature.value_or(1),
                                           options.label_clip_low, options.label_clip_high);
  return plan;
}

/// Of a reward of several, by a sample of labels.
FeaturePlan plan_several_directions(const SimulationOptions& options) {
  if (options.engine && *options.engine != Engine::direct) {
    throw UsageError(rejection("--engine", engine_name(*options.engine),
                               "simulates rewards of one hidden direction",
                               "take direct, or leave the choice open"));
  }
  constexpr std::size_t kLabels = 1 << 16;
  const std::size_t q = options.model.link.directions();
  Matrix<double> z(kLabels, q);
  RandomStream(0, "plan/z").fill_normal(0, z.values());
  std::vector<double> labels(kLabels);
  options.model.link.evaluate(z.view(), labels);
  add_noise(options.model.noise, RandomStream(0, "plan/noise"), 0, labels);
  for (double& y : labels) y = std::clamp(y, options.label_clip_low, options.label_clip_high);
  double mean = 0;
  for (const double y : labels) mean += y / kLabels;
  double deviation = 0;
  for (const double y : labels) deviation += (y - mean) * (y - mean) / kLabels;
  deviation = std::sqrt(deviation);
  if (!(deviation > 1e-13 * std::abs(mean))) {
    throw UsageError(rejection("--link", options.model.link.name(),
                               "the reward is constant: there is nothing to learn"));
  }

  FeaturePlan plan{.features = {.model = {parse_link("identity"), options.model.noise}}};
  plan.features.hidden = q;
  plan.exponent = 2;
  if (options.weighting != Weighting::none) {
    const bool given = options.temperature_rule == FeatureTemperatureRule::given;
    plan.feature_temperature = given ? options.feature_temperature : deviation;
    require_temperature(*plan.feature_temperature, "--feature-temperature");
  }
  WeightedLabel& label = plan.features.label;
  label.weighting = options.weighting;
  label.inverse_temperature = 1 / plan.feature_temperature.value_or(1);
  label.clip_low = options.label_clip_low;
  label.clip_high = options.label_clip_high;
  internal::standardise_on_sample(labels, std::vector(kLabels, 1.0 / kLabels), label);
  plan.remarks.push_back(
      "The reward has " + std::to_string(q) +
      " hidden directions, of which theory says nothing here: step size and "
      "samples are those of exponent 2" +
      (plan.feature_temperature && options.temperature_rule == FeatureTemperatureRule::best
           ? ", the feature temperature is the label's standard deviation"
           : "") +
      ". Overlaps are lengths of rows' parts along all of them.");
  return plan;
}

}  // namespace

FeaturePlan plan_features(const SimulationOptions& options) {
  const std::optional<SingleIndexModel> single = options.model.single();
  FeaturePlan plan =
      single ? plan_one_direction(options, *single) : plan_several_directions(options);

  FeatureOptions& features = plan.features;
  features.dim = options.dim;
  features.width = options.width;
  features.activation = options.activation;
  features.bias_law = options.feature_biases;
  features.schedule = options.schedule;
  features.epochs = options.epochs;
  features.batch =
      options.batch != 0 ? options.batch : std::clamp<std::uint64_t>(options.dim / 16, 1, 256);
  features.start = options.start;
  features.spectral_order = std::min(plan.exponent, 2);
  choose_samples(options, plan);
  if (features.start == Start::spectral) features.spectral_samples = features.samples / 2;
  features.batch = std::min(features.batch, features.samples - features.spectral_samples);
  features.step_size = options.step_size ? *options.step_size
                                         : default_step_size(options.step_scale, features.batch,
                                                             features.dim, plan.exponent);
  features.cooldown = options.cooldown;
  choose_engine(options, plan);
  features.stop_when_settled = options.stop_when_settled;
  features.seed = options.seed;
  features.threads = options.threads;
  features.callbacks = options.callbacks;
  validate(features);
  choose_refinement(options, plan);
  return plan;
}

}  // namespace esscher
