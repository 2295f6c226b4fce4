#pragma once

/// \file
/// The interface behind which the three engines stand. Users call learn_features(); this is for
/// those who drive an engine step by step.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "esscher/features/feature_options.h"
#include "esscher/model/network.h"
#include "esscher/model/samples.h"

namespace esscher {

/// The state of m neurons between batches. Randomness is a function of (seed, batch or sample
/// number), so a run is the same bit for bit however it is cut into calls of advance(), and for any
/// number of threads.
class FeatureEngine {
 public:
  virtual ~FeatureEngine() = default;

  /// Takes the next \p batches steps of the schedule.
  /// \pre no more than options.samples allow
  virtual void advance(std::uint64_t batches) = 0;
  /// The step size eta of the steps to come. With Schedule::reuse, between batches only.
  virtual void set_step_size(double eta) = 0;
  /// Steps that take some tens of milliseconds: how far a caller should go before it looks whether
  /// it has been cancelled.
  virtual std::uint64_t steps_at_a_time() const = 0;
  /// The m overlaps <w_j, theta*> as they are now.
  virtual std::span<const double> overlaps() const = 0;
  /// The first layer as it is now, in the coordinates that network.h describes.
  virtual FirstLayer layer() const = 0;
};

/// What all engines draw alike, from the seed alone: signs s_j (stream "stage1/sign", sign j),
/// biases b_j ("stage1/bias", normal or uniform j) and mixtures.
struct Neurons {
  std::vector<double> signs;   ///< m, each +-1
  std::vector<double> biases;  ///< m
  Matrix<double> mixture;      ///< order x m, or empty
};
Neurons draw_neurons(const FeatureOptions& options);

/// \pre validate(options) has passed; step_size and label are set.
std::unique_ptr<FeatureEngine> make_direct_engine(const FeatureOptions& options);
/// The same on samples of any kind, for real data. \p source must outlive the engine.
std::unique_ptr<FeatureEngine> make_direct_engine(const FeatureOptions& options,
                                                  const SampleSource& source);
/// \throws UsageError where options.dim is below least_order_parameter_dim().
std::unique_ptr<FeatureEngine> make_order_parameter_engine(const FeatureOptions& options);
std::unique_ptr<FeatureEngine> make_marginal_engine(const FeatureOptions& options);

/// Least d that the order_parameter engine can do: m + 2 + min(m, B), and m + 2 + B with
/// Schedule::reuse, where each sample of a batch needs a coordinate of its own.
std::uint64_t least_order_parameter_dim(std::size_t width, std::uint64_t batch, Schedule schedule);

}  // namespace esscher
