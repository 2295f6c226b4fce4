#include "temperature/population.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "esscher/base/memory.h"
#include "esscher/base/parallel.h"
#include "esscher/base/random.h"
#include "esscher/linalg/gemm.h"
#include "esscher/linalg/log_sum_exp.h"
#include "policy/direction_proposal.h"
#include "policy/layer_features.h"

namespace esscher::internal {
namespace {

constexpr std::uint64_t kChunk = 512;
/// Rows a partial Gram matrix, which costs as much to add up as some hundred rows.
constexpr std::uint64_t kGramChunk = 2048;
constexpr std::uint64_t kDrawsPerNeuron = 64;

void normalise(std::vector<double>& log_weights) {
  const double log_mean =
      log_sum_exp(log_weights) - std::log(static_cast<double>(log_weights.size()));
  for (double& w : log_weights) w = std::exp(w - log_mean);
}

}  // namespace

Population draw_population(const FirstLayer& layer, const Link& reward, const TiltedLaw& law,
                           const PredictedGapOptions& options) {
  const LayerFeatures features(layer);
  const std::uint64_t wanted = std::max(options.draws, kDrawsPerNeuron * features.width());
  const std::uint64_t count = wanted + wanted % 2;
  require_memory(saturating_product(count, 8 * (features.width() + 8)), "draws",
                 std::to_string(count), "the features of the predicted gap", "take fewer draws");
  const DirectionProposal proposal(reward, {&law, 1});
  const RandomStream inputs(options.seed, "predicted/x");
  const RandomStream levels(options.seed, "predicted/z");
  Population drawn{Matrix<double>(count, features.width()), std::vector<double>(count),
                   std::vector<double>(count), std::vector<double>(count)};
  ParallelOptions loop;
  loop.threads = options.threads;
  parallel_for_chunks(ChunkGrid(count, kChunk), loop, [&](const Chunk& chunk) {
    const std::size_t k = features.coordinates();
    Matrix<double> x(chunk.size(), k);
    inputs.fill_normal(chunk.begin * k, x.values());
    std::vector<double> z(chunk.size());
    levels.fill_uniform(chunk.begin, z);
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const std::uint64_t row = chunk.begin + i;
      // One draw a stratum: nothing here needs the strata's variance.
      const double level = (static_cast<double>(row) + z[i]) / static_cast<double>(count);
      const DirectionProposal::Draw one = proposal.quantile(level);
      z[i] = x(i, 0) = one.z;
      drawn.reference[row] = one.log_ratio;
    }
    reward.evaluate(z, std::span(drawn.f).subspan(chunk.begin, chunk.size()));
    const MatrixView<double> phi = drawn.phi.view().rows_from(chunk.begin, chunk.size());
    features.pre_activations(x.view(), phi);
    features.activate(phi);
  });
  for (std::size_t i = 0; i < count; ++i) {
    drawn.optimal[i] = drawn.reference[i] + drawn.f[i] / law.beta;
  }
  normalise(drawn.reference);
  normalise(drawn.optimal);
  return drawn;
}

PopulationMoments moments(const Population& drawn, std::span<const double> w,
                          std::span<const double> v, int threads) {
  const std::size_t m = drawn.phi.columns();
  const std::size_t gram_size = w.empty() ? 0 : m;
  PopulationMoments zero{Matrix<double>(gram_size, gram_size), std::vector<double>(m)};
  ParallelOptions loop;
  loop.threads = threads;
  const auto map = [&](const Chunk& chunk) {
    PopulationMoments part{Matrix<double>(gram_size, gram_size), std::vector<double>(m)};
    const MatrixView<const double> phi = drawn.phi.view().rows_from(chunk.begin, chunk.size());
    if (!w.empty()) {
      add_weighted_gram(phi, w.subspan(chunk.begin, chunk.size()), part.gram.view());
    }
    const MatrixView<const double> values{v.data() + chunk.begin, 1, chunk.size(), chunk.size()};
    gemm(Operand::plain, values, Operand::plain, phi, 0, {part.linear.data(), 1, m, m});
    return part;
  };
  const auto combine = [](PopulationMoments& sum, const PopulationMoments& part) {
    for (std::size_t i = 0; i < sum.gram.values().size(); ++i) {
      sum.gram.values()[i] += part.gram.values()[i];
    }
    for (std::size_t j = 0; j < sum.linear.size(); ++j) sum.linear[j] += part.linear[j];
  };
  PopulationMoments sum = parallel_reduce_chunks(ChunkGrid(drawn.f.size(), kGramChunk), loop,
                                                 std::move(zero), map, combine)
                              .value;
  const auto count = static_cast<double>(drawn.f.size());
  for (double& value : sum.gram.values()) value /= count;
  for (double& value : sum.linear) value /= count;
  symmetrise_from_lower(sum.gram.view());
  return sum;
}

}  // namespace esscher::internal
