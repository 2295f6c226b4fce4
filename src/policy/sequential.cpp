#include "policy/sequential.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "esscher/base/number_text.h"
#include "esscher/base/parallel.h"
#include "esscher/linalg/log_sum_exp.h"
#include "policy/tempering.h"

namespace esscher::internal {
namespace {

/// Runs are in agreement where their weights leave this share of them effective.
constexpr double kLeastEffectiveRuns = 0.5;
/// Independent draws that the estimates must be worth.
constexpr double kLeastDraws = 100;

/// The run that finds the path: a number that no other run has.
constexpr std::uint64_t kPilot = std::uint64_t{1} << 20;

/// Means over one run's particles, after each of the moves at the last temperature.
struct Run {
  double log_partition = 0;
  double gold = 0;
  double proxy = 0;    ///< without the intercept
  double squares = 0;  ///< of r, about nothing
};

Particles start(const LayerFeatures& layer, const KnownCase& known, const PolicyOptions& options,
                std::uint64_t number) {
  return {layer,
          known.readout.readout,
          options.particles,
          Particles::Keep::hidden,
          options.seed,
          number,
          1};
}

Run run(const LayerFeatures& layer, const KnownCase& known, const TemperingPath& path,
        const MultiLink& reward, const PolicyOptions& options, std::uint64_t number) {
  const double beta = known.optimal.beta;
  Particles particles = start(layer, known, options, number);
  Run result;
  result.log_partition = particles.follow(path, options.moves);
  Matrix<double> z(particles.count(), layer.hidden());
  std::vector<double> f(particles.count());
  for (int move = 0; move < options.moves; ++move) {
    particles.move(1 / beta);
    for (std::size_t i = 0; i < z.rows(); ++i) {
      std::ranges::copy(particles.coordinates(i), z.row(i).begin());
    }
    reward.evaluate(z.view(), f);
    for (std::size_t i = 0; i < f.size(); ++i) {
      const double r = particles.rewards()[i];
      result.gold += f[i];
      result.proxy += r;
      result.squares += r * r;
    }
  }
  const double looks = static_cast<double>(f.size()) * options.moves;
  result.gold /= looks;
  result.proxy /= looks;
  result.squares /= looks;
  return result;
}

/// Estimates from runs with weights of mean 1.
class RunEstimates {
 public:
  explicit RunEstimates(std::vector<double> weights) : weights_(std::move(weights)) {}

  template <class Of>
  double mean(Of of) const {
    double sum = 0;
    for (std::size_t i = 0; i < weights_.size(); ++i) sum += weights_[i] * of(i);
    return sum / static_cast<double>(weights_.size());
  }

  /// With the influence function w_i (a_i - mean a) + b (w_i - 1): of a weighted mean of a, plus b
  /// times the logarithm of the mean weight. The error is the jackknife's, which the divisor R -
  /// w_i makes of the influence of one of R runs: a run of large weight hides its own deviation.
  template <class Of>
  Estimate estimate(double value, Of a, double b) const {
    const auto runs = static_cast<double>(weights_.size());
    const double centre = mean(a);
    double squares = 0;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      const double influence = weights_[i] * (a(i) - centre) + b * (weights_[i] - 1);
      const double left_out = influence / std::max(runs - weights_[i], 1e-9);
      squares += left_out * left_out;
    }
    return {value, std::sqrt((runs - 1) / runs * squares), runs - 1};
  }

  double effective() const {
    double squares = 0;
    for (const double w : weights_) squares += w * w;
    const auto runs = static_cast<double>(weights_.size());
    return runs * runs / squares;
  }

 private:
  std::vector<double> weights_;
};

PolicyValue combine(std::span<const Run> runs, const TemperingPath& path, const KnownCase& known) {
  const double beta = known.optimal.beta;
  std::vector<double> weights;
  for (const Run& r : runs) weights.push_back(r.log_partition);
  const double log_partition = log_sum_exp(weights) - std::log(static_cast<double>(runs.size()));
  for (double& w : weights) w = std::exp(w - log_partition);
  const RunEstimates estimates(std::move(weights));

  const auto nothing = [](std::size_t) { return 0.0; };
  const auto gold = [&](std::size_t i) { return runs[i].gold; };
  const auto proxy = [&](std::size_t i) { return runs[i].proxy; };
  const auto nats = [&](std::size_t i) { return runs[i].proxy / beta; };
  const auto excess = [&](std::size_t i) { return runs[i].proxy - runs[i].gold; };
  PolicyValue value;
  value.beta = beta;
  value.method = PolicyMethod::sequential;
  const double intercept = known.readout.intercept;
  value.log_partition = estimates.estimate(log_partition + intercept / beta, nothing, 1);
  value.gold = estimates.estimate(estimates.mean(gold), gold, 0);
  value.proxy = estimates.estimate(estimates.mean(proxy) + intercept, proxy, 0);
  value.kl = estimates.estimate(estimates.mean(nats) - log_partition, nats, -1);
  value.gap = estimates.estimate(
      estimates.mean(excess) - beta * log_partition + known.optimal.optimal_value, excess, -beta);

  const double centre = estimates.mean(proxy);
  const double variance = std::max(
      0.0, estimates.mean([&](std::size_t i) { return runs[i].squares; }) - centre * centre);
  const double error = value.proxy.standard_error;
  if (error > 0) value.ess = variance / (error * error);
  value.temperatures = static_cast<int>(path.steps.size());
  const double effective = estimates.effective();
  if (path.forced) {
    value.remark = "the sampler did not reach this temperature in " +
                   std::to_string(value.temperatures) + " careful steps";
  } else if (effective < kLeastEffectiveRuns * static_cast<double>(runs.size())) {
    value.remark = "the sampler's runs disagree: only " + number_text(effective, 3) + " of " +
                   std::to_string(runs.size()) + " are effective; take more particles";
  }
  if (value.remark.empty() && value.ess && *value.ess < kLeastDraws) {
    value.remark = "the sampler's runs disagree as " + number_text(*value.ess, 3) +
                   " independent draws would; take more particles";
  }
  value.reliable = value.remark.empty();
  return value;
}

}  // namespace

std::vector<PolicyValue> evaluate_by_runs(const LayerFeatures& layer,
                                          std::span<const KnownCase> cases, const MultiLink& reward,
                                          const PolicyOptions& options) {
  ParallelOptions loop{options.threads, "finding paths", options.callbacks};
  std::vector<TemperingPath> paths(cases.size());
  LoopStatus status =
      parallel_for_chunks(ChunkGrid(cases.size(), 1), loop, [&](const Chunk& chunk) {
        const KnownCase& known = cases[chunk.index];
        paths[chunk.index] =
            start(layer, known, options, kPilot).find_path(known.optimal.beta, options.moves);
      });
  if (status == LoopStatus::cancelled) return {};
  const auto runs_a_case = static_cast<std::uint64_t>(options.runs);
  std::vector<Run> runs(cases.size() * runs_a_case);
  loop.stage = "sequential sampling";
  status = parallel_for_chunks(ChunkGrid(runs.size(), 1), loop, [&](const Chunk& chunk) {
    const std::uint64_t c = chunk.index / runs_a_case;
    runs[chunk.index] = run(layer, cases[c], paths[c], reward, options, chunk.index % runs_a_case);
  });
  if (status == LoopStatus::cancelled) return {};
  std::vector<PolicyValue> values;
  for (std::size_t c = 0; c < cases.size(); ++c) {
    values.push_back(
        combine(std::span(runs).subspan(c * runs_a_case, runs_a_case), paths[c], cases[c]));
  }
  return values;
}

}  // namespace esscher::internal
