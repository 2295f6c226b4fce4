#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/memory.h"
#include "esscher/base/parallel.h"
#include "esscher/features/feature_engine.h"
#include "esscher/features/spectral.h"
#include "esscher/linalg/gemm.h"
#include "features/direct_labels.h"
#include "features/direct_rows.h"

namespace esscher {
namespace {

using internal::DirectRows;

/// How a batch is cut. A chunk holds a gradient of its own, m x d like the rows themselves, so
/// there are few chunks, and each goes through its samples in blocks that the cache holds.
struct BatchPlan {
  std::uint64_t block_rows;
  ChunkGrid chunks;
};

BatchPlan plan_batch(std::uint64_t batch, std::uint64_t width, std::uint64_t dim) {
  constexpr std::uint64_t kBlockEntries = std::uint64_t{1} << 20;  // 4 MiB of x
  constexpr std::uint64_t kMostChunks = 16;
  constexpr std::uint64_t kGradientEntries = std::uint64_t{1} << 26;  // 256 MiB in all chunks
  const std::uint64_t most =
      std::clamp<std::uint64_t>(kGradientEntries / saturating_product(width, dim), 2, kMostChunks);
  // Shorter chunks keep more threads busy; longer ones spend less on adding up their gradients.
  const std::uint64_t least = std::clamp<std::uint64_t>(batch / 4, 128, 256);
  const std::uint64_t chunk = std::min(batch, std::max(batch / most + 1, least));
  const std::uint64_t block = std::clamp<std::uint64_t>(kBlockEntries / dim, 128, 512);
  return {std::min(chunk, block), ChunkGrid(batch, chunk)};
}

/// What a thread needs to go through a block of samples.
struct Workspace {
  Workspace(std::size_t rows, std::size_t dim, std::size_t width)
      : x(rows, dim), u(rows, width), c(rows, width), y(rows), decay(width) {}

  Matrix<float> x;           ///< samples
  Matrix<float> u;           ///< <w_j, x_i>
  Matrix<float> c;           ///< c_ij
  std::vector<double> y;     ///< labels, then T(y_i)
  std::vector<float> decay;  ///< sum over the block of c_ij u_ij
};

/// Workspaces outlive the batch: allocating megabytes anew for each costs as much as the products.
class WorkspacePool {
 public:
  WorkspacePool(std::size_t rows, std::size_t dim, std::size_t width)
      : rows_(rows), dim_(dim), width_(width) {}

  std::unique_ptr<Workspace> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Workspace> workspace = std::move(idle_.back());
        idle_.pop_back();
        return workspace;
      }
    }
    return std::make_unique<Workspace>(rows_, dim_, width_);
  }
  void give_back(std::unique_ptr<Workspace> workspace) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(workspace));
  }

 private:
  std::size_t rows_;
  std::size_t dim_;
  std::size_t width_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> idle_;
};

class DirectEngine final : public FeatureEngine {
 public:
  DirectEngine(const FeatureOptions& options, std::shared_ptr<const SampleSource> source)
      : options_(options),
        source_(std::move(source)),
        neurons_(draw_neurons(options)),
        activation_(options.activation, neurons_.biases, neurons_.mixture),
        signs_(neurons_.signs.begin(), neurons_.signs.end()),
        plan_(plan_batch(options.batch, options.width, options.dim)),
        workspaces_(plan_.block_rows, options.dim, options.width),
        rows_(options.width, options.dim),
        gradients_(plan_.chunks.chunks(), Matrix<float>(options.width, options.dim)),
        decays_(plan_.chunks.chunks(), std::vector<double>(options.width)),
        overlaps_(options.width) {
    if (options_.start == Start::spectral) first_sample_ = options_.spectral_samples;
    start();
  }

  void advance(std::uint64_t batches) override {
    for (std::uint64_t end = step_ + batches; step_ < end; ++step_) take_step();
  }

  void set_step_size(double eta) override { options_.step_size = eta; }

  std::uint64_t steps_at_a_time() const override {
    // Seconds a step on one core: products, normals, rows, threads.
    const auto batch = static_cast<double>(options_.batch);
    const auto dim = static_cast<double>(options_.dim);
    const auto entries = static_cast<double>(options_.width) * dim;
    const double seconds = 4e-11 * batch * entries + 1e-9 * batch * dim + 3e-9 * entries + 1e-5;
    return static_cast<std::uint64_t>(std::max(1.0, 0.03 / seconds));
  }

  std::span<const double> overlaps() const override { return overlaps_; }

  FirstLayer layer() const override {
    FirstLayer layer{options_.dim, Matrix<double>(rows_.rows(), rows_.dim()), neurons_.biases,
                     options_.activation, neurons_.mixture};
    for (std::size_t j = 0; j < rows_.rows(); ++j) {
      for (std::size_t k = 0; k < rows_.dim(); ++k) layer.weights(j, k) = rows_(j, k);
    }
    layer.hidden = options_.hidden;
    return layer;
  }

 private:
  ParallelOptions parallel() const { return {options_.threads, {}, {}}; }

  /// Loop over the rows: chunks worth a good part of a millisecond. At the end of each loop threads
  /// wait for one another, and on a machine that others use, too, far longer than short chunks
  /// take.
  void for_each_row(internal::FunctionRef<void(std::size_t)> body) {
    constexpr std::uint64_t kEntries = std::uint64_t{1} << 18;
    const std::uint64_t rows = std::max<std::uint64_t>(kEntries / options_.dim, 1);
    parallel_for_chunks(ChunkGrid(rows_.rows(), rows), parallel(), [&](const Chunk& chunk) {
      for (std::uint64_t j = chunk.begin; j < chunk.end; ++j) body(static_cast<std::size_t>(j));
    });
  }

  void start() {
    std::vector<double> estimate;
    if (options_.start == Start::spectral) {
      estimate = spectral_estimate(*source_, options_.label,
                                   {options_.spectral_order, options_.spectral_samples,
                                    options_.threads, options_.callbacks});
    }
    const RandomStream directions(options_.seed, "stage1/rows");
    const RandomStream sides(options_.seed, "stage1/start");
    for_each_row([&](std::size_t j) {
      std::vector<double> row(options_.dim);
      directions.at(j).fill_normal(0, row);
      // Empty where the estimate was cancelled: then nothing but the start is asked for any more.
      if (!estimate.empty()) {
        double squares = 0;
        for (const double value : row) squares += value * value;
        const double factor = std::sqrt(squares) * sides.sign(j);
        for (std::size_t k = 0; k < row.size(); ++k) row[k] += factor * estimate[k];
      }
      rows_.set(j, row);
      overlaps_[j] = overlap(j);
    });
  }

  void take_step() {
    const std::uint64_t batch_number = options_.schedule == Schedule::reuse ? step_ / 2 : step_;
    parallel_for_chunks(plan_.chunks, parallel(), [&](const Chunk& chunk) {
      std::unique_ptr<Workspace> workspace = workspaces_.take();
      add_up(chunk, batch_number * options_.batch, *workspace);
      workspaces_.give_back(std::move(workspace));
    });
    for_each_row([&](std::size_t j) { move_row(j); });
  }

  /// The chunk's share of the gradient, sum_i c_ij x_i, and of the decay, sum_i c_ij u_ij.
  void add_up(const Chunk& chunk, std::uint64_t first_visit, Workspace& workspace) {
    Matrix<float>& gradient = gradients_[chunk.index];
    std::vector<double>& decay = decays_[chunk.index];
    const auto batch = static_cast<double>(options_.batch);
    std::fill(decay.begin(), decay.end(), 0.0);
    for (std::uint64_t begin = chunk.begin; begin < chunk.end; begin += plan_.block_rows) {
      const std::uint64_t count = std::min(plan_.block_rows, chunk.end - begin);
      const MatrixView<float> x = workspace.x.view().rows_from(0, count);
      const MatrixView<float> u = workspace.u.view().rows_from(0, count);
      const MatrixView<float> c = workspace.c.view().rows_from(0, count);
      const std::span<double> y = std::span(workspace.y).first(count);
      fill(first_visit + begin, x, y);
      internal::weigh_labels(options_.label, first_visit + begin, y);
      gemm(Operand::plain, x, Operand::transposed, rows_.leading(), 0, u);
      std::copy_n(u.data, count * u.columns, c.data);
      activation_.slopes(c);
      std::fill(workspace.decay.begin(), workspace.decay.end(), 0.0F);
      for (std::uint64_t i = 0; i < count; ++i) {
        const auto weight = static_cast<float>(y[i] / batch);
        for (std::size_t j = 0; j < c.columns; ++j) {
          const float coefficient = c(i, j) * signs_[j] * weight;
          c(i, j) = coefficient;
          workspace.decay[j] += coefficient * u(i, j);
        }
      }
      for (std::size_t j = 0; j < decay.size(); ++j) {
        decay[j] += static_cast<double>(workspace.decay[j]);
      }
      gemm(Operand::transposed, c, Operand::plain, x, begin == chunk.begin ? 0.0F : 1.0F,
           gradient.view());
    }
  }

  /// Samples of the schedule from number \p visit on; multi_pass begins again at the end.
  void fill(std::uint64_t visit, MatrixView<float> x, std::span<double> y) const {
    const std::uint64_t pool = options_.samples - first_sample_;
    for (std::uint64_t done = 0; done < x.rows;) {
      std::uint64_t number = visit + done;
      std::uint64_t count = x.rows - done;
      if (options_.schedule == Schedule::multi_pass) {
        number %= pool;
        count = std::min(count, pool - number);
      }
      source_->fill(first_sample_ + number, x.rows_from(done, count), y.subspan(done, count));
      done += count;
    }
  }

  void move_row(std::size_t j) {
    double decay = 0;
    for (const std::vector<double>& part : decays_) decay += part[j];
    const std::span<float> gradient = gradients_[0].row(j);
    for (std::size_t k = 1; k < gradients_.size(); ++k) {
      internal::add_to(gradient, gradients_[k].row(j));
    }
    const double eta = options_.step_size;
    const double length = rows_.step(j, 1 - eta * decay, eta, gradient);
    if (!(length > 0 && std::isfinite(length))) {
      throw DataError(rejection("length of row " + std::to_string(j), length,
                                "must be positive and finite",
                                "look for infinite or missing values in the samples, or lower "
                                "--step-size"));
    }
    overlaps_[j] = overlap(j);
  }

  /// <w_j, theta*>, or the length of the part along several hidden directions.
  double overlap(std::size_t j) const {
    if (options_.hidden == 1) return std::clamp<double>(rows_(j, 0), -1.0, 1.0);
    double square = 0;
    for (std::size_t k = 0; k < options_.hidden; ++k) {
      square += static_cast<double>(rows_(j, k)) * rows_(j, k);
    }
    return std::min(std::sqrt(square), 1.0);
  }

  FeatureOptions options_;
  std::shared_ptr<const SampleSource> source_;
  Neurons neurons_;
  LayerActivation activation_;
  std::vector<float> signs_;
  std::uint64_t first_sample_ = 0;  ///< behind those that the spectral start took
  BatchPlan plan_;
  WorkspacePool workspaces_;
  DirectRows rows_;
  std::vector<Matrix<float>> gradients_;     ///< of the chunks
  std::vector<std::vector<double>> decays_;  ///< of the chunks
  std::vector<double> overlaps_;
  std::uint64_t step_ = 0;
};

void require_direct_memory(const FeatureOptions& options, std::string_view remedy) {
  const BatchPlan plan = plan_batch(options.batch, options.width, options.dim);
  const std::uint64_t chunks = plan.chunks.chunks();
  const std::uint64_t layer = saturating_product(options.width, options.dim);
  const std::uint64_t block = saturating_product(plan.block_rows, options.dim + 2 * options.width);
  // Never more workspaces than chunks. Rows, gradients, workspaces, and the result in double.
  const std::uint64_t entry = DirectRows::kBytesPerEntry + sizeof(float) * chunks + sizeof(double);
  const std::uint64_t layers = saturating_product(layer, entry);
  const std::uint64_t blocks = saturating_product(block, sizeof(float) * chunks);
  require_memory(layers + std::min(blocks, ~layers), "--dim", std::to_string(options.dim),
                 "the direct engine with " + std::to_string(options.width) + " neurons", remedy);
}

}  // namespace

std::unique_ptr<FeatureEngine> make_direct_engine(const FeatureOptions& options) {
  require_direct_memory(options,
                        "--engine order_parameter or marginal needs none that grows with d");
  return std::make_unique<DirectEngine>(
      options,
      std::make_shared<SingleIndexSamples>(options.model, options.dim, options.seed, "stage1"));
}

std::unique_ptr<FeatureEngine> make_direct_engine(const FeatureOptions& options,
                                                  const SampleSource& source) {
  if (source.dim() != options.dim) {
    throw UsageError(rejection("--dim", std::to_string(options.dim),
                               "must be that of the samples, " + std::to_string(source.dim())));
  }
  if (source.size() < options.samples) {
    throw UsageError(rejection("--feature-samples", std::to_string(options.samples),
                               "there are only " + std::to_string(source.size()) + " samples",
                               "take --schedule multi_pass with more --epochs"));
  }
  require_direct_memory(options, "lower --width or reduce the dimension of the samples first");
  // Not owned: the caller keeps it alive.
  return std::make_unique<DirectEngine>(
      options, std::shared_ptr<const SampleSource>(std::shared_ptr<void>(), &source));
}

}  // namespace esscher
