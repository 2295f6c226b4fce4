#include "policy/tempering.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "esscher/base/parallel.h"
#include "policy/slice_kernel.h"

namespace esscher::internal {
namespace {

/// Particles whose ellipses are made by one product: their rows stay in the second-level cache.
constexpr std::size_t kBlock = 64;
/// Particles a piece of parallel work.
constexpr std::uint64_t kMoveChunk = 512;
/// Effective share of the particles that a step leaves. Fewer, longer steps cost less, but weights
/// are then skewed and intervals from 16 runs too short (measured: 92 % instead of 95 at one half).
constexpr double kEffectiveShare = 0.8;
constexpr std::size_t kMostTemperatures = 2000;
/// Particles over which the centre of the ellipses is averaged, if there are so many.
constexpr std::uint64_t kMeanParticles = 512;
/// A bracket is halved on average at each look: after so many it is shorter than rounding.
constexpr std::uint64_t kMostLooks = 128;

/// e^{step r}, the largest 1, and their effective share.
double step_weights(std::span<const double> rewards, double step, std::span<double> weights) {
  const double largest = *std::ranges::max_element(rewards);
  double sum = 0;
  double squares = 0;
  for (std::size_t i = 0; i < rewards.size(); ++i) {
    const double w = std::exp(step * (rewards[i] - largest));
    weights[i] = w;
    sum += w;
    squares += w * w;
  }
  return sum * sum / squares / static_cast<double>(rewards.size());
}

/// The longest step up to \p room that leaves the effective share.
double next_step(std::span<const double> rewards, double room) {
  std::vector<double> weights(rewards.size());
  if (step_weights(rewards, room, weights) >= kEffectiveShare) return room;
  double low = 0;
  double high = room;
  for (int i = 0; i < 60 && high - low > 1e-3 * high; ++i) {
    // Rooms span many orders of magnitude: halve the exponent until a lower end is known.
    const double middle = low > 0 ? 0.5 * (low + high) : 0.1 * high;
    (step_weights(rewards, middle, weights) >= kEffectiveShare ? low : high) = middle;
  }
  return low > 0 ? low : high;
}

}  // namespace

Particles::Particles(const LayerFeatures& layer, std::span<const double> readout,
                     std::uint64_t count, Keep keep, std::uint64_t seed, std::uint64_t run,
                     int threads)
    : layer_(layer),
      readout_(readout),
      normals_(seed, "policy/ellipse", run << 32),
      uniforms_(seed, "policy/slice", run << 32),
      threads_(threads),
      rows_(count, layer.width() + (keep == Keep::hidden ? layer.hidden() : layer.coordinates())),
      rewards_(count),
      drift_(layer.width()),
      centre_(rows_.columns()) {
  const std::size_t m = layer.width();
  ParallelOptions loop;
  loop.threads = threads_;
  parallel_for_chunks(ChunkGrid(count, kMoveChunk), loop, [&](const Chunk& chunk) {
    Matrix<double> features(chunk.size(), m);
    draw_normals(chunk.begin, rows_.view().rows_from(chunk.begin, chunk.size()));
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      std::ranges::copy(rows_.row(chunk.begin + i).first(m), features.row(i).begin());
    }
    layer_.activate(features.view());
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      rewards_[chunk.begin + i] = dot(features.row(i), readout_);
    }
  });
  ++steps_;
}

TemperingPath Particles::find_path(double beta, int moves) {
  const double target = 1 / beta;
  TemperingPath path;
  double s = 0;
  while (s < target) {
    double step = next_step(rewards_, target - s);
    if (path.steps.size() + 1 == kMostTemperatures && step < target - s) {
      step = target - s;
      path.forced = true;
    }
    s = step < target - s ? s + step : target;
    reweight(step);
    path.steps.push_back({s, mean_drift(s)});
    lay_centre(path.steps.back().drift);
    for (int i = 0; i < moves && s < target; ++i) move(s);
  }
  return path;
}

double Particles::follow(const TemperingPath& path, int moves) {
  double log_partition = 0;
  double s = 0;
  for (const TemperingPath::Step& step : path.steps) {
    log_partition += reweight(step.s - s);
    s = step.s;
    lay_centre(step.drift);
    for (int i = 0; i < moves && s < path.steps.back().s; ++i) move(s);
  }
  return log_partition;
}

double Particles::reweight(double step) {
  std::vector<double> weights(count());
  step_weights(rewards_, step, weights);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  const double log_mean =
      step * *std::ranges::max_element(rewards_) + std::log(total / static_cast<double>(count()));
  const double spacing = total / static_cast<double>(count());
  const double start = uniforms_.at(uniforms_.index() + steps_++).uniform(0);
  Matrix<double> rows(rows_.rows(), rows_.columns());
  std::vector<double> rewards(count());
  std::size_t from = 0;
  double reached = weights[0];
  for (std::size_t i = 0; i < count(); ++i) {
    const double level = (static_cast<double>(i) + start) * spacing;
    while (reached < level && from + 1 < count()) reached += weights[++from];
    std::ranges::copy(rows_.row(from), rows.row(i).begin());
    rewards[i] = rewards_[from];
  }
  rows_ = std::move(rows);
  rewards_ = std::move(rewards);
  return log_mean;
}

void Particles::draw_normals(std::uint64_t first, MatrixView<double> out) const {
  const std::size_t m = layer_.width();
  const std::size_t k = layer_.coordinates();
  Matrix<double> x(out.rows, k);
  normals_.at(normals_.index() + steps_).fill_normal(first * k, x.values());
  layer_.pre_activations(x.view(), {out.data, out.rows, m, out.stride});
  for (std::size_t i = 0; i < out.rows; ++i) {
    std::ranges::copy(x.row(i).first(out.columns - m), out.row(i).subspan(m).begin());
  }
}

std::vector<double> Particles::mean_drift(double s) const {
  const std::size_t m = layer_.width();
  const std::uint64_t stride = std::max<std::uint64_t>(1, count() / kMeanParticles);
  Matrix<double> block((count() + stride - 1) / stride, m);
  for (std::size_t i = 0; i < block.rows(); ++i) {
    std::ranges::copy(rows_.row(i * stride).first(m), block.row(i).begin());
  }
  layer_.slopes(block.view());
  std::vector<double> drift(m);
  for (std::size_t i = 0; i < block.rows(); ++i) {
    for (std::size_t j = 0; j < m; ++j) drift[j] += block(i, j);
  }
  const double scale = s / static_cast<double>(block.rows());
  for (std::size_t j = 0; j < m; ++j) drift[j] *= scale * readout_[j];
  return drift;
}

void Particles::lay_centre(std::vector<double> drift) {
  drift_ = std::move(drift);
  std::vector<double> mean(layer_.coordinates());
  const std::size_t m = layer_.width();
  layer_.span_point(drift_, mean, std::span(centre_).first(m));
  std::copy_n(mean.begin(), centre_.size() - m, centre_.begin() + static_cast<std::ptrdiff_t>(m));
}

void Particles::move(double s) {
  ParallelOptions loop;
  loop.threads = threads_;
  parallel_for_chunks(ChunkGrid(count(), kMoveChunk), loop, [&](const Chunk& chunk) {
    for (std::uint64_t first = chunk.begin; first < chunk.end; first += kBlock) {
      move_block(s, first, std::min<std::size_t>(kBlock, chunk.end - first));
    }
  });
  ++steps_;
}

void Particles::move_block(double s, std::uint64_t first, std::size_t count) {
  const std::size_t m = layer_.width();
  const RandomStream uniforms = uniforms_.at(uniforms_.index() + steps_);
  Matrix<double> turned(count, rows_.columns());  // the ellipses' other axes
  draw_normals(first, turned.view());
  struct Slice {
    std::size_t particle;  ///< in the block
    double floor;          ///< what s r - <mu, x> must exceed
    double angle;
    double low;
    double high;
  };
  std::vector<Slice> open;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t draw = (first + i) * kMostLooks;
    const double here = s * rewards_[first + i] - dot(rows_.row(first + i).first(m), drift_);
    const double floor = here + std::log(uniforms.uniform(draw));
    const double angle = 2 * std::numbers::pi * uniforms.uniform(draw + 1);
    open.push_back({i, floor, angle, angle - 2 * std::numbers::pi, angle});
  }
  Matrix<double> looks(count, m);
  std::vector<double> along(count);  // <mu, x>
  const std::span<const double> centre = centre_;
  for (std::uint64_t look = 2; !open.empty() && look < kMostLooks; ++look) {
    for (std::size_t a = 0; a < open.size(); ++a) {
      const Slice& slice = open[a];
      turn(rows_.row(first + slice.particle).first(m), turned.row(slice.particle).first(m),
           centre.first(m), std::cos(slice.angle), std::sin(slice.angle), looks.row(a));
      along[a] = dot(looks.row(a), drift_);
    }
    layer_.activate(looks.view().rows_from(0, open.size()));
    std::size_t left = 0;
    for (std::size_t a = 0; a < open.size(); ++a) {
      Slice slice = open[a];
      const std::uint64_t particle = first + slice.particle;
      const double reward = dot(looks.row(a), readout_);
      if (s * reward - along[a] > slice.floor) {
        const std::span<double> row = rows_.row(particle);
        turn(row, turned.row(slice.particle), centre, std::cos(slice.angle), std::sin(slice.angle),
             row);
        rewards_[particle] = reward;
        continue;
      }
      (slice.angle < 0 ? slice.low : slice.high) = slice.angle;
      slice.angle =
          slice.low + (slice.high - slice.low) * uniforms.uniform(particle * kMostLooks + look);
      open[left++] = slice;
    }
    open.resize(left);
  }
}

}  // namespace esscher::internal
