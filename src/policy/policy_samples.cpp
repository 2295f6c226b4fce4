#include "esscher/policy/policy_samples.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/memory.h"
#include "esscher/base/parallel.h"
#include "esscher/base/random.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"
#include "policy/policy_checks.h"
#include "policy/reward_growth.h"
#include "policy/tempering.h"

namespace esscher {
namespace {

constexpr std::uint64_t kChunk = 256;
/// Moves at the last temperature, beyond those asked for at each: they part the particles that came
/// from one ancestor.
constexpr int kPartingMoves = 4;

/// A layer's rows in fewer coordinates, with the way back: coordinates behind the q hidden ones are
/// frame' g in the span of the rows, and free in what is orthogonal to it.
struct ReducedLayer {
  FirstLayer layer;
  Matrix<double> frame;  ///< p x (k - q), orthonormal rows; empty where nothing was reduced
};

ReducedLayer reduce(const FirstLayer& layer) {
  const std::size_t m = layer.width();
  const std::size_t k = layer.weights.columns();
  const std::size_t q = layer.hidden;
  if (k <= m + q) return {layer, {}};
  ReducedLayer reduction{layer, {}};
  const MatrixView<const double> behind{layer.weights.data() + q, m, k - q, k};
  const Matrix<double> lower = lq_factor(behind, &reduction.frame);
  reduction.layer.weights = Matrix<double>(m, lower.columns() + q);
  for (std::size_t j = 0; j < m; ++j) {
    const std::span<double> row = reduction.layer.weights.row(j);
    std::ranges::copy(layer.weights.row(j).first(q), row.begin());
    std::ranges::copy(lower.row(j), row.subspan(q).begin());
  }
  return reduction;
}

/// \p wanted of the numbers below \p count, in random order: rows next to each other are siblings.
std::vector<std::uint64_t> shuffled(std::uint64_t count, std::uint64_t wanted,
                                    const RandomStream& stream) {
  std::vector<std::uint64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), std::uint64_t{0});
  for (std::uint64_t i = 0; i < wanted; ++i) {
    const double rest = static_cast<double>(count - i);
    const auto step = static_cast<std::uint64_t>(stream.uniform(i) * rest);
    std::swap(numbers[i], numbers[std::min(i + step, count - 1)]);
  }
  numbers.resize(wanted);
  return numbers;
}

}  // namespace

PolicySamples sample_policy(const Network& network, double beta, std::uint64_t count,
                            const PolicyOptions& options) {
  internal::check(options);
  internal::check(network.first, network.readout, network.intercept, beta);
  internal::require_finite_tilt(network.first, network.readout, beta);
  const std::uint64_t dim = network.first.dim;
  if (count == 0) throw UsageError(rejection("samples", "0", "must be at least 1"));
  if (dim < network.first.weights.columns()) {
    throw UsageError(rejection("dim", std::to_string(dim),
                               "is less than the layer's " +
                                   std::to_string(network.first.weights.columns()) +
                                   " coordinates"));
  }
  const std::uint64_t particle_count = std::max(count, options.particles);
  const std::size_t hidden = network.first.hidden;
  const std::uint64_t most = network.first.width() + hidden;
  const std::uint64_t particle_size = 2 * (network.first.width() + 1) +
                                      2 * std::min<std::uint64_t>(dim, most);  // resampling: twice
  const std::uint64_t samples_bytes = saturating_product(saturating_product(count, dim), 8);
  const std::uint64_t particles_bytes = saturating_product(particle_count, 8 * particle_size);
  // The maximum serves where the sum does not fit 64 bits.
  require_memory(std::max(samples_bytes, samples_bytes + particles_bytes), "samples",
                 std::to_string(count),
                 "a table of " + std::to_string(count) + " x " + std::to_string(dim) + " numbers",
                 "ask for fewer samples, or a lower dimension");

  const ReducedLayer reduction = reduce(network.first);
  const internal::LayerFeatures layer(reduction.layer);
  using internal::Particles;
  Particles particles(layer, network.readout, particle_count, Particles::Keep::all_coordinates,
                      options.seed, 0, options.threads);
  PolicySamples samples;
  samples.temperatures = static_cast<int>(particles.find_path(beta, options.moves).steps.size());
  for (int i = 0; i < options.moves + kPartingMoves; ++i) particles.move(1 / beta);

  const std::vector<std::uint64_t> chosen =
      shuffled(particle_count, count, RandomStream(options.seed, "policy/shuffle"));
  const RandomStream free(options.seed, "policy/free");
  samples.x = Matrix<double>(count, dim);
  ParallelOptions loop;
  loop.threads = options.threads;
  parallel_for_chunks(ChunkGrid(count, kChunk), loop, [&](const Chunk& chunk) {
    const MatrixView<double> x = samples.x.view().rows_from(chunk.begin, chunk.size());
    // Everything free first, then what the policy decides in its place.
    free.fill_normal(chunk.begin * dim, {x.data, chunk.size() * dim});
    const Matrix<double>& frame = reduction.frame;
    Matrix<double> move(chunk.size(), frame.rows());
    if (!frame.empty()) {
      const MatrixView<const double> behind{x.data + hidden, x.rows, frame.columns(), x.stride};
      gemm(Operand::plain, behind, Operand::transposed, frame.view(), 0, move.view());
    }
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      const std::span<const double> g = particles.coordinates(chosen[chunk.begin + i]);
      std::ranges::copy(g.first(frame.empty() ? g.size() : hidden), x.row(i).begin());
      for (std::size_t j = 0; j < move.columns(); ++j) move(i, j) = g[j + hidden] - move(i, j);
    }
    if (!frame.empty()) {
      const MatrixView<double> behind{x.data + hidden, x.rows, frame.columns(), x.stride};
      gemm(Operand::plain, move.view(), Operand::plain, frame.view(), 1, behind);
    }
  });
  return samples;
}

}  // namespace esscher
