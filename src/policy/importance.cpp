#include "policy/importance.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "esscher/base/memory.h"
#include "esscher/base/number_text.h"
#include "esscher/base/parallel.h"
#include "esscher/base/random.h"
#include "esscher/linalg/compensated_sum.h"
#include "esscher/linalg/gemm.h"
#include "esscher/weights/log_weights.h"
#include "policy/direction_proposal.h"
#include "policy/lattice_proposal.h"

namespace esscher::internal {
namespace {

constexpr std::uint64_t kChunk = 256;

/// From a Pareto shape of 1/2 the weights' variance is infinite, and no standard error is right;
/// the largest weight then makes up a good part of their sum of squares, however many there are.
/// Where it makes up less than this, the weights are bounded but for a few, at whose edge the
/// fitted shape says nothing: weights of a learned reward that is next to perfect are so.
constexpr double kMostParetoK = 0.5;
constexpr double kNoTail = 0.005;
/// Effective draws below which the normal approximation of a weighted mean is poor.
constexpr double kLeastEss = 200;

/// What the draws say, without the network.
struct Draws {
  std::vector<double> f;          ///< r*
  std::vector<double> log_ratio;  ///< log density of pi_0 over that of the proposal
  Matrix<double> rewards;         ///< cases x draws: r without the intercept
  LoopStatus status = LoopStatus::completed;
};

/// Draws the hidden coordinates of some rows.
class HiddenDraws {
 public:
  HiddenDraws(const MultiLink& reward, std::span<const TiltedLaw> laws, std::uint64_t seed)
      : levels_(seed, "policy/z"), places_(seed, "policy/place") {
    if (reward.single() != nullptr) {
      one_.emplace(*reward.single(), laws);
      return;
    }
    std::vector<TiltLattice> lattices;
    for (const TiltedLaw& law : laws) lattices.push_back(tilt_lattice(reward, law.beta));
    several_.emplace(std::move(lattices));
  }

  /// The first q columns of \p x, standard normals, become the coordinates of rows \p first on of
  /// \p count; \p log_ratio receives the logarithms of the density of pi_0 over the proposal's.
  void draw(std::uint64_t first, std::uint64_t count, std::size_t q, MatrixView<double> x,
            std::span<double> log_ratio) const {
    std::vector<double> levels(x.rows);
    levels_.fill_uniform(first, levels);
    Matrix<double> places;
    std::vector<double> z(q);
    if (several_) {
      places = Matrix<double>(x.rows, q);
      places_.fill_uniform(first * q, places.values());
    }
    for (std::size_t i = 0; i < x.rows; ++i) {
      const std::uint64_t stratum = (first + i) / 2;
      const double level =
          (static_cast<double>(stratum) + levels[i]) * 2 / static_cast<double>(count);
      if (one_) {
        const DirectionProposal::Draw drawn = one_->quantile(level);
        x(i, 0) = drawn.z;
        log_ratio[i] = drawn.log_ratio;
      } else {
        log_ratio[i] = several_->draw(level, x.row(i).first(q), places.row(i), z);
        std::ranges::copy(z, x.row(i).begin());
      }
    }
  }

 private:
  RandomStream levels_;
  RandomStream places_;
  std::optional<DirectionProposal> one_;
  std::optional<LatticeProposal> several_;
};

Draws draw(const LayerFeatures& layer, std::span<const KnownCase> cases, const MultiLink& reward,
           const HiddenDraws& proposal, std::uint64_t count, const PolicyOptions& options) {
  Draws draws{std::vector<double>(count), std::vector<double>(count),
              Matrix<double>(cases.size(), count)};
  Matrix<double> readouts(cases.size(), layer.width());
  for (std::size_t c = 0; c < cases.size(); ++c) {
    std::ranges::copy(cases[c].readout.readout, readouts.row(c).begin());
  }
  const RandomStream inputs(options.seed, "policy/x");
  const ParallelOptions loop{options.threads, "importance sampling", options.callbacks};
  draws.status = parallel_for_chunks(ChunkGrid(count, kChunk), loop, [&](const Chunk& chunk) {
    const std::size_t k = layer.coordinates();
    Matrix<double> x(chunk.size(), k);
    inputs.fill_normal(chunk.begin * k, x.values());
    const std::size_t q = layer.hidden();
    proposal.draw(chunk.begin, count, q, x.view(),
                  std::span(draws.log_ratio).subspan(chunk.begin, chunk.size()));
    const MatrixView<const double> z{x.data(), x.rows(), q, k};
    reward.evaluate(z, std::span(draws.f).subspan(chunk.begin, chunk.size()));
    Matrix<double> features(chunk.size(), layer.width());
    layer.pre_activations(x.view(), features.view());
    layer.activate(features.view());
    const MatrixView<double> out{draws.rewards.data() + chunk.begin, cases.size(), chunk.size(),
                                 count};
    gemm(Operand::plain, readouts.view(), Operand::transposed, features.view(), 0, out);
  });
  return draws;
}

/// Weights of mean 1, and the logarithm of what their mean was.
struct Weights {
  std::vector<double> values;
  double log_mean = 0;
};

Weights normalised(std::vector<double> logs) {
  const double largest = *std::ranges::max_element(logs);
  CompensatedSum sum;
  for (double& w : logs) {
    w = std::exp(w - largest);
    sum.add(w);
  }
  const double mean = sum.value() / static_cast<double>(logs.size());
  for (double& w : logs) w /= mean;
  return {std::move(logs), largest + std::log(mean)};
}

/// The draws as draws from pi_0 e^{r / beta}.
Weights tilted(std::span<const double> log_ratio, std::span<const double> r, double beta) {
  std::vector<double> logs(r.size());
  for (std::size_t i = 0; i < r.size(); ++i) logs[i] = log_ratio[i] + r[i] / beta;
  return normalised(std::move(logs));
}

double mean(std::span<const double> values) {
  CompensatedSum sum;
  for (const double value : values) sum.add(value);
  return sum.value() / static_cast<double>(values.size());
}

/// The estimate whose influence function at draw i is \p influence(i), the draws in pairs of one
/// stratum each. Student's degrees of freedom by Satterthwaite's rule, as the differences' fourth
/// powers tell them: few heavy draws are few degrees.
template <class Influence>
Estimate paired(double value, std::size_t count, Influence influence) {
  double squares = 0;
  double fourths = 0;
  for (std::size_t i = 0; i < count; i += 2) {
    const double difference = influence(i) - influence(i + 1);
    const double square = difference * difference;
    squares += square;
    fourths += square * square;
  }
  Estimate estimate{value, std::sqrt(squares) / static_cast<double>(count)};
  if (fourths > 0) {
    estimate.degrees_of_freedom = std::max(1.0, 3 * (squares / fourths) * squares - 2);
  }
  return estimate;
}

/// x e^x - e^x + 1 = sum over k >= 2 of (k - 1) x^k / k!, for |x| <= 0.1 exact to rounding.
double divergence_series(double x) {
  constexpr double kCoefficients[] = {1. / 3991680, 1. / 403200, 1. / 45360, 1. / 5760, 1. / 840,
                                      1. / 144,     1. / 30,     1. / 8,     1. / 3,    1. / 2};
  double sum = 0;
  for (const double coefficient : kCoefficients) sum = sum * x + coefficient;
  return x * x * sum;
}

/// KL(p || q) on the draws, p and q of mean 1 and \p log_share(i) = log(p_i / q_i), times \p scale.
template <class LogShare>
Estimate divergence(std::span<const double> p, std::span<const double> q, double scale,
                    LogShare log_share) {
  std::vector<double> terms(p.size());
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double x = log_share(i);
    terms[i] = scale * (std::abs(x) > 0.1 ? p[i] * x - p[i] + q[i] : q[i] * divergence_series(x));
  }
  const double value = mean(terms);
  return paired(value, p.size(), [&](std::size_t i) { return terms[i] - p[i] * value; });
}

/// \param p  the weights, of mean 1
std::string trouble(const WeightDiagnostics& facts, std::span<const double> p) {
  if (facts.ess < kLeastEss) {
    return "importance weights leave " + number_text(facts.ess, 3) + " effective draws";
  }
  if (facts.pareto_k <= std::min(kMostParetoK, facts.pareto_k_threshold)) return {};
  double squares = 0;
  double largest = 0;
  for (const double w : p) {
    squares += (w - 1) * (w - 1);
    largest = std::max(largest, w - 1);
  }
  if (largest * largest <= kNoTail * squares) return {};
  return "importance weights have a Pareto shape of " + number_text(facts.pareto_k, 3) +
         ": standard errors are not to be relied on";
}

/// \param reference, optimal  the draws as draws from pi_0 and from the optimal policy
PolicyValue evaluate(const Draws& draws, const Weights& reference, const Weights& optimal,
                     const KnownCase& known, std::span<const double> r) {
  const std::size_t count = r.size();
  const double beta = known.optimal.beta;
  const std::vector<double>& f = draws.f;
  const Weights learned = tilted(draws.log_ratio, r, beta);
  const std::vector<double>& p = learned.values;
  const std::vector<double>& base = reference.values;

  PolicyValue value;
  value.beta = beta;
  value.method = PolicyMethod::importance_sampling;
  const double log_partition = learned.log_mean - reference.log_mean;
  value.log_partition = paired(log_partition + known.readout.intercept / beta, count,
                               [&](std::size_t i) { return p[i] - base[i]; });
  const auto expectation = [&](std::span<const double> of) {
    CompensatedSum sum;
    for (std::size_t i = 0; i < count; ++i) sum.add(p[i] * of[i]);
    const double centre = sum.value() / static_cast<double>(count);
    return paired(centre, count, [&](std::size_t i) { return p[i] * (of[i] - centre); });
  };
  value.gold = expectation(f);
  value.proxy = expectation(r);
  value.proxy.value += known.readout.intercept;
  value.kl = divergence(p, base, 1, [&](std::size_t i) { return r[i] / beta - log_partition; });
  const double log_excess = learned.log_mean - optimal.log_mean;
  value.gap = divergence(p, optimal.values, beta,
                         [&](std::size_t i) { return (r[i] - f[i]) / beta - log_excess; });
  std::vector<double> logs(count);
  for (std::size_t i = 0; i < count; ++i) logs[i] = draws.log_ratio[i] + r[i] / beta;
  const WeightDiagnostics weights = diagnose_weights(logs);
  value.ess = weights.ess;
  value.pareto_k = weights.pareto_k;
  value.remark = trouble(weights, p);
  value.reliable = value.remark.empty();
  return value;
}

}  // namespace

std::vector<PolicyValue> evaluate_by_importance(const LayerFeatures& layer,
                                                std::span<const KnownCase> cases,
                                                const MultiLink& reward,
                                                const PolicyOptions& options) {
  const std::uint64_t count = options.samples + options.samples % 2;
  require_memory(saturating_product(count, 8 * (2 * cases.size() + 8)), "samples",
                 std::to_string(options.samples), "the draws of importance sampling",
                 "take fewer samples, or fewer temperatures at a time");
  std::vector<TiltedLaw> laws;  // one a temperature
  std::vector<std::size_t> law_of;
  for (const KnownCase& known : cases) {
    const auto same = std::ranges::find(laws, known.optimal.beta, &TiltedLaw::beta);
    law_of.push_back(static_cast<std::size_t>(same - laws.begin()));
    if (same == laws.end()) laws.push_back(known.optimal);
  }
  const Draws draws =
      draw(layer, cases, reward, HiddenDraws(reward, laws, options.seed), count, options);
  if (draws.status == LoopStatus::cancelled) return {};
  ParallelOptions loop;
  loop.threads = options.threads;
  const Weights reference = normalised(draws.log_ratio);
  std::vector<Weights> optimal(laws.size());
  parallel_for_chunks(ChunkGrid(laws.size(), 1), loop, [&](const Chunk& chunk) {
    optimal[chunk.index] = tilted(draws.log_ratio, draws.f, laws[chunk.index].beta);
  });
  std::vector<PolicyValue> values(cases.size());
  parallel_for_chunks(ChunkGrid(cases.size(), 1), loop, [&](const Chunk& chunk) {
    const std::uint64_t c = chunk.index;
    values[c] = evaluate(draws, reference, optimal[law_of[c]], cases[c], draws.rewards.row(c));
  });
  return values;
}

}  // namespace esscher::internal
