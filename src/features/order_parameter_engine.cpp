#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/memory.h"
#include "esscher/features/feature_engine.h"
#include "features/order_parameter_batch.h"
#include "features/order_parameter_frame.h"
#include "features/order_parameter_group.h"

namespace esscher {
namespace {

/// Samples of a group: about as many as neurons, where drawing a group and fitting the frame behind
/// it cost about the same.
std::size_t group_samples(const FeatureOptions& options) {
  constexpr std::uint64_t kFewest = 16;
  const std::uint64_t outside = options.dim - options.width - 1;
  const std::uint64_t wanted = std::max<std::uint64_t>(options.width, kFewest);
  const std::uint64_t batches = std::min(wanted, outside) / options.batch;
  return static_cast<std::size_t>(std::max<std::uint64_t>(batches, 1) * options.batch);
}

/// State: m unit rows in m + 1 coordinates (order_parameter_frame.h). Small batches, and batches
/// that are used twice, go in groups; larger ones step by step in sums over their samples.
class OrderParameterEngine final : public FeatureEngine {
 public:
  explicit OrderParameterEngine(const FeatureOptions& options)
      : options_(options),
        neurons_(draw_neurons(options)),
        activation_(options.activation, neurons_.biases, neurons_.mixture),
        rows_(internal::start_rows(options)),
        overlaps_(options.width) {
    if (options.start == Start::spectral) first_sample_ = options.spectral_samples;
    if (options.schedule == Schedule::reuse || options.batch <= options.width) {
      group_.emplace(options_, group_samples(options), neurons_.signs, activation_);
    } else {
      large_batch_.emplace(options_, neurons_.signs, activation_);
    }
    read_overlaps();
  }

  // Group and batch refer to the options and neurons in here.
  OrderParameterEngine(const OrderParameterEngine&) = delete;
  OrderParameterEngine& operator=(const OrderParameterEngine&) = delete;

  void advance(std::uint64_t batches) override {
    for (std::uint64_t i = 0; i < batches; ++i) take_step();
    read_overlaps();
  }

  void set_step_size(double eta) override { options_.step_size = eta; }

  std::uint64_t steps_at_a_time() const override {
    const auto width = static_cast<double>(options_.width);
    const double sample_seconds = 4e-10 * width * width + 3e-7;
    const double seconds = static_cast<double>(options_.batch) * sample_seconds +
                           (group_ ? 0 : 1e-10 * width * width * width);
    return static_cast<std::uint64_t>(std::max(1.0, 0.03 / seconds));
  }

  std::span<const double> overlaps() const override { return overlaps_; }

  FirstLayer layer() const override {
    Matrix<double> scratch;
    return {options_.dim, in_group_ ? group_->rows(scratch) : rows_, neurons_.biases,
            options_.activation, neurons_.mixture};
  }

 private:
  void take_step() {
    if (large_batch_) {
      rows_ = large_batch_->step(rows_, index_, first_sample_ + index_ * options_.batch);
      ++index_;
      return;
    }
    if (!in_group_) {
      group_->begin(rows_, index_, first_sample_ + index_ * group_->samples());
      ++index_;
      in_group_ = true;
    }
    group_->step();
    if (group_->steps_done() == group_->steps()) {
      rows_ = group_->rows(scratch_);
      in_group_ = false;
    }
  }

  void read_overlaps() {
    if (in_group_) {
      group_->overlaps(overlaps_);
    } else {
      for (std::size_t j = 0; j < overlaps_.size(); ++j) overlaps_[j] = rows_(j, 0);
    }
  }

  FeatureOptions options_;
  const Neurons neurons_;
  const LayerActivation activation_;
  Matrix<double> rows_;  ///< m x (m + 1), unit; while in a group, those at its start
  std::optional<internal::SampleGroup> group_;       ///< either this
  std::optional<internal::LargeBatch> large_batch_;  ///< or that
  bool in_group_ = false;
  std::uint64_t index_ = 0;  ///< of the next group, or batch
  std::uint64_t first_sample_ = 0;
  std::vector<double> overlaps_;
  Matrix<double> scratch_;
};

void require_dim(const FeatureOptions& options, std::uint64_t least) {
  if (options.dim >= least) return;
  throw UsageError(rejection("--dim", std::to_string(options.dim),
                             "the order_parameter engine needs at least " + std::to_string(least) +
                                 " with --width " + std::to_string(options.width) +
                                 " and --batch " + std::to_string(options.batch),
                             "take --engine direct"));
}

}  // namespace

std::uint64_t least_order_parameter_dim(std::size_t width, std::uint64_t batch, Schedule schedule) {
  const bool comes_back = schedule == Schedule::reuse;
  return width + 2 + (comes_back ? batch : std::min<std::uint64_t>(width, batch));
}

std::unique_ptr<FeatureEngine> make_order_parameter_engine(const FeatureOptions& options) {
  if (options.schedule == Schedule::multi_pass) {
    throw UsageError(rejection("--schedule", "multi_pass",
                               "the order_parameter engine keeps no samples to come back to",
                               "take --engine direct"));
  }
  if (options.schedule == Schedule::reuse && options.batch > options.width) {
    require_memory(
        saturating_product(3 * sizeof(double), saturating_product(options.batch, options.batch)),
        "--batch", std::to_string(options.batch),
        "a batch that the order_parameter engine uses twice", "lower it, or take --engine direct");
  }
  require_dim(options, least_order_parameter_dim(options.width, options.batch, options.schedule));
  return std::make_unique<OrderParameterEngine>(options);
}

}  // namespace esscher
