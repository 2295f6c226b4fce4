#pragma once

/// \file
/// Stage 1 from start to end: runs an engine, follows the overlaps and sums up.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/features/feature_engine.h"

namespace esscher {

/// A share of the neurons with its 95 % Wilson interval.
struct Share {
  std::size_t count = 0;
  std::size_t of = 0;
  double value = 0;
  double lower = 0;
  double upper = 0;
};
Share wilson_share(std::size_t count, std::size_t of);

/// Overlap levels that a checkpoint tells.
inline constexpr std::array<double, 7> kOverlapLevels{0, 0.05, 0.25, 0.5, 0.75, 0.95, 1};

struct Checkpoint {
  /// Seen so far, those of the start included. A sample counts again in each epoch of multi_pass;
  /// the two steps that reuse takes on a batch count it once.
  std::uint64_t samples = 0;
  /// Quantiles of |<w_j, theta*>| over the neurons at kOverlapLevels.
  std::array<double, 7> quantiles{};
  double weak = 0;    ///< share of neurons with |overlap| > options.weak
  double strong = 0;  ///< > options.strong
};

enum class FeatureStatus {
  completed,  ///< all samples used
  settled,    ///< overlaps had stopped to change
  cancelled,  ///< stopped from outside, with what was done so far
};
std::string_view feature_status_name(FeatureStatus status);

/// When neurons recovered: samples seen at the first checkpoint with |overlap| above a threshold,
/// which is late by up to one step between checkpoints.
struct RecoveryTimes {
  std::vector<std::optional<double>> neuron;  ///< m; empty: never
  std::optional<double> median;               ///< over the neurons that did
  std::optional<double> lower_quartile;
  std::optional<double> upper_quartile;
};

/// The mean drift of the overlaps that theory predicts beside the one observed, over an early
/// stretch.
///
/// By Stein's lemma and the Hermite expansions phi(. + b_j) = sum_k c_jk h_k and C_k = E[T h_k(Z)],
/// a step's expected gradient has the exact component, along theta*,
///     D_j(m) = s_j (1 - m^2) sum_k k C_k c_jk m^{k-1},
/// and renormalising shrinks what results: E m' = (m + eta D_j) / sqrt(1 + eta^2 G_j) with
///     G_j = E|g_j|^2 = (d - 1) E T^2 E phi'(Z + b_j)^2 / B + (1 - 1/B) D_j^2 / (1 - m^2),
/// to relative order m + 1/d in G_j and to first order in its fluctuations (ours). From checkpoint
/// to checkpoint theory predicts the change from the overlaps at the first of both, by the midpoint
/// rule. So what is observed differs from it by errors of mean 0 given the past, which add up like
/// independent ones: hence the standard error. It holds whether neurons share their samples or not;
/// its own relative error is about 12 % at 40 checkpoints a decade.
///
/// The stretch ends where overlaps begin to feel their way: at the mean neuron's relaxation time,
/// 1 / |d(E m' - m)/dm| steps; or where the mean |overlap| exceeds kEarlyOverlap, samples repeat or
/// the cooldown begins.
struct DriftComparison {
  /// Change of overlap a sample, each neuron in the direction of its predicted drift, averaged over
  /// the first kDriftNeurons neurons and over the stretch.
  double predicted = 0;
  double observed = 0;
  double standard_error = 0;  ///< of observed - predicted
  std::uint64_t samples = 0;  ///< length of the stretch
};
inline constexpr double kEarlyOverlap = 0.25;
inline constexpr std::size_t kDriftNeurons = 128;

struct FeatureSummary {
  FeatureStatus status = FeatureStatus::completed;
  Engine engine = Engine::marginal;
  std::uint64_t samples = 0;  ///< different ones used, those of the start included
  std::uint64_t steps = 0;
  double seconds = 0;
  std::vector<double> overlaps;  ///< m, final
  Share weak;
  Share strong;
  RecoveryTimes weak_times;    ///< above options.weak
  RecoveryTimes strong_times;  ///< above options.strong
  std::vector<Checkpoint> trajectory;
  /// Empty where there is no such stretch (a spectral start, fewer than 8 checkpoints), where
  /// batches are used twice, and on samples whose law is not known.
  std::optional<DriftComparison> drift;
  std::vector<std::string> remarks;  ///< plain sentences
};

struct FeatureResult {
  FirstLayer layer;
  FeatureSummary summary;
};

/// Checkpoints lie on a geometric grid of steps, options.checkpoints_per_decade to a factor of ten
/// (each step, where that is coarser), and at both ends.
///
/// Settled means, at a checkpoint after t steps, a tenth of them all or more: more neurons are
/// weakly recovered than at the start, and from (t/2, t/sqrt 2] to (t/sqrt 2, t] neither the
/// quartiles of |overlap| nor the weak and the strong share moved by more than 0.01, all of them
/// averaged over the checkpoints of either interval, of which there must be 3 or more. So it costs
/// twice the samples that were needed, and a plateau before the first recovery is waited out; one
/// between the first and later recoveries is not if it lasts longer than all that came before
/// (ours).
///
/// Progress counts samples, as Checkpoint::samples does (stage "features"). Samples that do not
/// fill a last batch are not used.
///
/// \throws UsageError as validate(), or where memory would not suffice.
FeatureResult learn_features(const FeatureOptions& options);

/// The same on samples of any kind, always with the direct engine; options.model is not used, and
/// overlaps are with e_1.
///
/// \throws UsageError unless the source has the dimension of the options and as many samples;
///         DataError where a sample is not finite or a weighted label beyond 1e30.
FeatureResult learn_features(const FeatureOptions& options, const SampleSource& source);

}  // namespace esscher
