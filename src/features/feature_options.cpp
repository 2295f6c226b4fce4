#include "esscher/features/feature_options.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/memory.h"
#include "esscher/base/number_text.h"

namespace esscher {
namespace {

template <class Value, std::size_t Count>
using Names = std::array<std::pair<Value, std::string_view>, Count>;

constexpr Names<Engine, 3> kEngines = {{
    {Engine::direct, "direct"},
    {Engine::order_parameter, "order_parameter"},
    {Engine::marginal, "marginal"},
}};
constexpr Names<Schedule, 3> kSchedules = {{
    {Schedule::one_pass, "one_pass"},
    {Schedule::multi_pass, "multi_pass"},
    {Schedule::reuse, "reuse"},
}};
constexpr Names<Start, 2> kStarts = {{
    {Start::random, "random"},
    {Start::spectral, "spectral"},
}};

template <class Value, std::size_t Count>
std::string_view name_in(const Names<Value, Count>& names, Value value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  throw InternalError("an enumerator without a name");
}

template <class Value, std::size_t Count>
Value parse_in(const Names<Value, Count>& names, std::string_view what, std::string_view text,
               std::string_view field) {
  std::vector<std::string> words;
  std::string forms;
  for (const auto& [value, name] : names) {
    if (text == name) return value;
    words.emplace_back(name);
    forms.append(forms.empty() ? "write one of " : ", ").append(name);
  }
  const std::string nearest = nearest_name(text, words);
  throw UsageError(rejection(field, text, "no " + std::string(what) + " has this name",
                             (nearest.empty() ? "" : "did you mean " + nearest + "? ") + forms));
}

constexpr std::uint64_t kGreatestDim = 1'000'000'000'000'000;
constexpr std::uint64_t kGreatestSamples = std::uint64_t{1} << 63;
/// The top eigenvector is found among explicit samples, in some tens of passes over them.
constexpr std::uint64_t kGreatestSecondOrderDim = 100'000;

[[noreturn]] void refuse(std::string_view field, std::uint64_t value, std::string_view constraint,
                         std::string_view remedy = {}) {
  throw UsageError(rejection(field, std::to_string(value), constraint, remedy));
}

void require_range(std::string_view field, std::uint64_t value, std::uint64_t least,
                   std::uint64_t most, std::string_view remedy = {}) {
  if (value >= least && value <= most) return;
  refuse(field, value,
         "must lie in [" + std::to_string(least) + ", " +
             number_text(static_cast<double>(most), 6) + "]",
         remedy);
}

void validate_network(const FeatureOptions& options) {
  require_range("--dim", options.dim, 2, kGreatestDim);
  require_range("--width", options.width, 1, std::uint64_t{1} << 31);
  require_range("hidden directions", options.hidden, 1, options.dim);
  if (options.hidden > 1 && options.engine != Engine::direct) {
    throw UsageError(rejection("--engine", engine_name(options.engine),
                               "simulates rewards of one hidden direction", "take direct"));
  }
  const Activation& activation = options.activation;
  const bool has_order =
      activation.kind == ActivationKind::hermite || activation.kind == ActivationKind::mixture;
  if (has_order && (activation.order < 1 || activation.order > 16)) {
    throw UsageError(rejection("--activation", activation.name(), "its order must lie in [1, 16]"));
  }
}

void validate_label(const WeightedLabel& label) {
  if (label.weighting != Weighting::none) {
    require_temperature(1 / label.inverse_temperature, "--feature-temperature");
  }
  const bool ordered = label.clip_low < label.clip_high &&
                       label.clip_low < std::numeric_limits<double>::infinity() &&
                       label.clip_high > -std::numeric_limits<double>::infinity();
  if (!ordered) {
    throw UsageError(rejection("--label-clip",
                               number_text(label.clip_low) + "," + number_text(label.clip_high),
                               "needs two limits, the lower one first"));
  }
  if (!std::isfinite(label.log_scale)) {
    throw UsageError(rejection("label.log_scale", label.log_scale, "must be finite",
                               "standardised_label() finds it"));
  }
  if (!std::isfinite(label.centre)) {
    throw UsageError(
        rejection("label.centre", label.centre, "must be finite", "standardised_label() finds it"));
  }
}

void validate_schedule(const FeatureOptions& options) {
  require_range("--feature-samples", options.samples, 1, kGreatestSamples);
  require_range("--batch", options.batch, 1, kGreatestSamples);
  if (options.batch > options.samples) {
    refuse("--batch", options.batch,
           "exceeds the " + std::to_string(options.samples) + " samples of --feature-samples");
  }
  if (!(options.cooldown >= 0 && options.cooldown < 1)) {
    throw UsageError(rejection("--cooldown", options.cooldown, "must be in [0, 1)",
                               "0 keeps the step size constant"));
  }
  if (!(options.step_size > 0) || !std::isfinite(options.step_size)) {
    throw UsageError(rejection("--step-size", options.step_size, "must be positive and finite"));
  }
  if (options.schedule == Schedule::multi_pass) {
    if (options.epochs < 1 || options.epochs > 1'000'000) {
      throw UsageError(rejection("--epochs", options.epochs, "must lie in [1, 1000000]"));
    }
    if (options.engine != Engine::direct) {
      throw UsageError(rejection("--schedule", "multi_pass",
                                 "the " + std::string(engine_name(options.engine)) +
                                     " engine keeps no samples to come back to",
                                 "take --engine direct"));
    }
  } else if (options.epochs != 1) {
    throw UsageError(rejection("--epochs", options.epochs,
                               "only --schedule multi_pass sees its samples more than once",
                               "take --schedule multi_pass, or leave --epochs out"));
  }
}

void validate_start(const FeatureOptions& options) {
  if (options.start != Start::spectral) return;
  if (options.spectral_order != 1 && options.spectral_order != 2) {
    throw UsageError(rejection("--spectral-order", options.spectral_order, "must be 1 or 2"));
  }
  require_range("--spectral-samples", options.spectral_samples, 1, kGreatestSamples);
  if (options.spectral_samples > options.samples ||
      options.samples - options.spectral_samples < options.batch) {
    refuse("--spectral-samples", options.spectral_samples,
           "leaves no batch of the " + std::to_string(options.samples) +
               " samples of --feature-samples",
           "raise --feature-samples");
  }
  if (options.spectral_order != 2 || options.engine == Engine::direct) return;
  if (options.engine == Engine::marginal) {
    throw UsageError(rejection("--start", "spectral",
                               "the marginal engine cannot start from an eigenvector, which order "
                               "2 needs",
                               "take --engine direct or order_parameter"));
  }
  if (options.dim > kGreatestSecondOrderDim) {
    throw UsageError(rejection(
        "--start", "spectral",
        "the eigenvector that order 2 needs is sought among explicit samples, for --dim up to " +
            std::to_string(kGreatestSecondOrderDim),
        "lower --dim, or take --start random"));
  }
}

void validate_recovery(const FeatureOptions& options) {
  if (!(options.weak > 0 && options.weak < 1)) {
    throw UsageError(rejection("--weak", options.weak, "must lie between 0 and 1"));
  }
  if (!(options.strong > 0 && options.strong < 1)) {
    throw UsageError(rejection("--strong", options.strong, "must lie between 0 and 1"));
  }
  if (options.strong < options.weak) {
    throw UsageError(rejection("--strong", options.strong,
                               "must not be below --weak = " + number_text(options.weak)));
  }
  if (options.checkpoints_per_decade < 1 || options.checkpoints_per_decade > 10'000) {
    throw UsageError(rejection("--checkpoints-per-decade", options.checkpoints_per_decade,
                               "must lie in [1, 10000]"));
  }
  if (options.threads < 0) {
    throw UsageError(rejection("--threads", options.threads, "must be 0 (all) or more"));
  }
}

/// What each engine cannot do without; it may take a few times more.
void validate_memory(const FeatureOptions& options) {
  const std::uint64_t m = options.width;
  const std::uint64_t rows =
      options.engine == Engine::direct ? options.dim : std::min(options.dim, m + 1);
  const std::uint64_t bytes = saturating_product(saturating_product(2 * sizeof(double), m), rows);
  const bool by_dim = options.engine == Engine::direct && options.dim > m;
  require_memory(
      bytes, by_dim ? "--dim" : "--width", std::to_string(by_dim ? options.dim : m),
      "the " + std::string(engine_name(options.engine)) + " engine",
      by_dim ? "take --engine order_parameter or marginal, or lower --dim" : "lower --width");
}

}  // namespace

std::string_view engine_name(Engine engine) { return name_in(kEngines, engine); }
std::string_view schedule_name(Schedule schedule) { return name_in(kSchedules, schedule); }
std::string_view start_name(Start start) { return name_in(kStarts, start); }

Schedule parse_schedule(std::string_view text, std::string_view field) {
  return parse_in(kSchedules, "schedule", text, field);
}

Start parse_start(std::string_view text, std::string_view field) {
  return parse_in(kStarts, "start", text, field);
}

void validate(const FeatureOptions& options) {
  validate_network(options);
  validate_label(options.label);
  validate_schedule(options);
  validate_start(options);
  validate_recovery(options);
  validate_memory(options);
}

double default_step_size(double delta, std::uint64_t batch, std::uint64_t dim, int exponent) {
  if (!(delta > 0) || !std::isfinite(delta)) {
    throw UsageError(rejection("--step-scale", delta, "must be positive and finite"));
  }
  if (exponent < 1) throw UsageError(rejection("exponent", exponent, "must be at least 1"));
  const double power = std::max(1.0, exponent / 2.0);
  return std::min(1.0,
                  delta * static_cast<double>(batch) * std::pow(static_cast<double>(dim), -power));
}

}  // namespace esscher
