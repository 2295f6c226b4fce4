#include "esscher/refinement/refine.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/memory.h"
#include "esscher/base/number_text.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"
#include "features/learn_features_progress.h"
#include "refinement/direction_count.h"
#include "refinement/directions.h"
#include "refinement/joint_training.h"
#include "refinement/pilot.h"

namespace esscher {
namespace {

using internal::Directions;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kPilotPerNeuron = 32;
constexpr std::uint64_t kPilotEntries = std::uint64_t{1} << 25;  // 256 MiB of projections
/// A direction of the pilot with less than this share of its outer product is left out.
constexpr double kLeastPilotShare = 1e-3;
constexpr double kStandardErrorsWorse = 3;

/// How the samples are cut: pilot, joint training, decision.
struct SamplePlan {
  std::uint64_t pilot;
  std::uint64_t batch;
  std::uint64_t decision;
};

SamplePlan plan_samples(const RefineOptions& options, std::size_t width) {
  const std::uint64_t eighth = options.samples / 8;
  const std::uint64_t most = std::max<std::uint64_t>(kPilotEntries / width, 1);
  SamplePlan plan{};
  plan.pilot = std::min({kPilotPerNeuron * width, eighth, most});
  plan.decision = std::min(2 * internal::kFitSamples, eighth);
  plan.batch =
      (options.samples - plan.pilot - plan.decision) / static_cast<std::uint64_t>(options.steps);
  return plan;
}

/// How many of the pilot's directions are trained: two at least where there are, since one that
/// the reward does not turn on shows as such.
std::size_t trained_directions(const GradientSpectrum& spectrum, const FirstLayer& layer) {
  std::size_t k = 0;
  while (k < spectrum.values.size() &&
         (k < 2 || spectrum.values[k] > kLeastPilotShare * spectrum.trace)) {
    ++k;
  }
  // The order parameters need as many dimensions beside V and the hidden ones.
  const std::uint64_t most = layer.dim > layer.hidden + 2 ? (layer.dim - layer.hidden) / 2 : 1;
  return static_cast<std::size_t>(std::min<std::uint64_t>(k, most));
}

std::vector<double> principal_cosines(const Directions& directions, const Matrix<double>& metric,
                                      std::size_t count) {
  const SymmetricEigen eigen = symmetric_eigen(metric.view());
  const Matrix<double> overlaps = directions.overlaps();
  const std::size_t k = metric.rows();
  Matrix<double> leading(count, overlaps.columns());
  for (std::size_t r = 0; r < count; ++r) {
    for (std::size_t h = 0; h < overlaps.columns(); ++h) {
      for (std::size_t i = 0; i < k; ++i) {
        leading(r, h) += eigen.vectors(i, k - 1 - r) * overlaps(i, h);
      }
    }
  }
  Matrix<double> gram(overlaps.columns(), overlaps.columns());
  gemm(Operand::transposed, leading.view(), Operand::plain, leading.view(), 0, gram.view());
  std::vector<double> cosines = symmetric_eigen(gram.view()).values;
  for (double& cosine : cosines) cosine = std::sqrt(std::clamp(cosine, 0.0, 1.0));
  std::reverse(cosines.begin(), cosines.end());
  cosines.resize(std::min(cosines.size(), count));
  return cosines;
}

FirstLayer redrawn(const FirstLayer& layer, const Directions& directions,
                   const Matrix<double>& metric, std::uint64_t seed) {
  internal::DirectionNetwork network(layer, layer.width(), metric.rows(), seed);
  network.redraw(metric.view(), 0);
  FirstLayer result = layer;
  result.weights = directions.rows(network.rows().view());
  result.biases.assign(network.biases().begin(), network.biases().end());
  return result;
}

RefineResult run(const FirstLayer& layer, Directions& directions, const RefineOptions& options) {
  const Clock::time_point began = Clock::now();
  const SamplePlan plan = plan_samples(options, layer.width());
  RefineResult result{layer, {}};
  RefineSummary& summary = result.summary;
  summary.status = RefineStatus::cancelled;
  const auto steps = static_cast<std::uint64_t>(options.steps);
  const std::uint64_t trained = plan.batch * steps;
  internal::StageProgress progress(options.callbacks, "refinement",
                                   plan.pilot + trained + plan.decision);
  const auto finished = [&](RefineStatus status) {
    summary.status = status;
    summary.seconds = std::chrono::duration<double>(Clock::now() - began).count();
    if (status != RefineStatus::cancelled) progress.finish();
  };
  const auto cancelled = [&] {
    if (!options.callbacks.cancelled()) return false;
    finished(RefineStatus::cancelled);
    summary.remarks.emplace_back("Refinement was stopped: the features are those of stage 1.");
    return true;
  };

  const internal::Pilot first = internal::run_pilot(layer, directions, plan.pilot, options);
  const GradientSpectrum& pilot = first.spectrum;
  summary.pilot = first.error;
  summary.label_variance = first.label_variance;
  summary.samples = plan.pilot;
  if (cancelled()) return result;
  if (pilot.values.empty()) {
    finished(RefineStatus::kept);
    summary.remarks.emplace_back(
        "A readout of stage 1's features is constant: there are no directions to refine.");
    return result;
  }
  const std::size_t k = trained_directions(pilot, layer);
  directions.start(pilot.combinations.view().rows_from(0, k));
  Matrix<double> metric(k, k);
  for (std::size_t i = 0; i < k; ++i) metric(i, i) = pilot.values[i];
  summary.trajectory.push_back({plan.pilot, internal::leading_overlap(directions, metric.view())});

  internal::DirectionNetwork network(layer, options.neurons, k, options.seed);
  internal::JointTraining training = internal::train_jointly(
      directions, network, std::move(metric), plan.pilot, plan.batch, layer.dim, plan.pilot,
      options, [&](std::uint64_t done) { progress.at(plan.pilot + done); });
  summary.trajectory.insert(summary.trajectory.end(), training.trajectory.begin(),
                            training.trajectory.end());
  summary.samples = summary.trajectory.back().samples;
  if (cancelled()) return result;

  Matrix<double> v(plan.decision, k);
  std::vector<double> y(plan.decision);
  directions.draw(plan.pilot + trained, v.view(), y);
  summary.samples += plan.decision;
  const internal::DirectionCount count =
      internal::count_directions(network, training.metric.view(), v.view(), y, options.threads);
  summary.directions = count.directions;
  summary.by_directions = count.by_directions;
  summary.refined = count.by_directions[count.directions - 1];
  summary.spectrum = symmetric_eigen(training.metric.view()).values;
  std::reverse(summary.spectrum.begin(), summary.spectrum.end());
  summary.principal_cosines = principal_cosines(directions, training.metric, count.directions);

  if (!count.better_than_constant) {
    finished(RefineStatus::kept);
    summary.remarks.emplace_back(
        "Refined features do not predict held-out samples: no direction was found, and those of "
        "stage 1 are kept.");
    return result;
  }
  const double doubt = std::hypot(summary.refined.standard_error, summary.pilot.standard_error);
  if (summary.refined.value > summary.pilot.value + kStandardErrorsWorse * doubt) {
    finished(RefineStatus::kept);
    summary.remarks.emplace_back(
        "Held-out error is larger on refined features than on those of stage 1, which are kept.");
    return result;
  }
  result.layer = redrawn(layer, directions, count.metric, options.seed);
  finished(RefineStatus::refined);
  return result;
}

void require_room(const RefineOptions& options, const FirstLayer& layer) {
  validate(options);
  const SamplePlan plan = plan_samples(options, layer.width());
  const std::uint64_t entries = saturating_product(plan.pilot, layer.width()) +
                                saturating_product(internal::kFitSamples, options.neurons);
  require_memory(saturating_product(entries, sizeof(double)), "--width",
                 std::to_string(layer.width()), "the pilot of refinement", "lower --width");
}

}  // namespace

std::string_view refine_status_name(RefineStatus status) {
  switch (status) {
    case RefineStatus::refined:
      return "refined";
    case RefineStatus::kept:
      return "kept";
    case RefineStatus::cancelled:
      return "cancelled";
  }
  throw InternalError("no such status");
}

void validate(const RefineOptions& options) {
  if (options.samples < kLeastRefineSamples) {
    throw UsageError(rejection("--refine-samples", std::to_string(options.samples),
                               "must be at least " + std::to_string(kLeastRefineSamples),
                               "take more, or --refine none"));
  }
  const std::uint64_t least = options.samples / 2;
  if (options.steps < 1 || static_cast<std::uint64_t>(options.steps) > least) {
    throw UsageError(
        rejection("steps", options.steps, "must be at least 1 and leave samples to a step"));
  }
  if (options.neurons < 1) throw UsageError(rejection("neurons", "0", "must be at least 1"));
  if (options.most_directions < 1 || options.most_directions > 64) {
    throw UsageError(rejection("most_directions", std::to_string(options.most_directions),
                               "must lie in [1, 64]"));
  }
}

RefineResult refine(const FirstLayer& layer, const MultiIndexModel& model,
                    const RefineOptions& options) {
  require_room(options, layer);
  if (model.link.directions() != layer.hidden) {
    throw InternalError("a model of " + std::to_string(model.link.directions()) +
                        " directions and a layer of " + std::to_string(layer.hidden));
  }
  if (layer.dim < kLeastRefineDim) {
    throw UsageError(rejection("--dim", std::to_string(layer.dim),
                               "must be at least " + std::to_string(kLeastRefineDim) +
                                   " to refine features without explicit inputs",
                               "take --engine direct, or --refine none"));
  }
  const auto directions = internal::make_order_parameter_directions(
      model, layer, options.seed, options.threads, options.callbacks);
  return run(layer, *directions, options);
}

RefineResult refine(const FirstLayer& layer, const SampleSource& source,
                    const RefineOptions& options) {
  require_room(options, layer);
  if (source.dim() != layer.weights.columns()) {
    throw UsageError(rejection("--dim", std::to_string(layer.weights.columns()),
                               "must be that of the samples, " + std::to_string(source.dim())));
  }
  if (source.size() < options.samples) {
    throw UsageError(rejection("--refine-samples", std::to_string(options.samples),
                               "there are only " + std::to_string(source.size()) + " samples"));
  }
  const auto directions =
      internal::make_direct_directions(source, layer, options.threads, options.callbacks);
  return run(layer, *directions, options);
}

}  // namespace esscher
