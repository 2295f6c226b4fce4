#pragma once

/// \file
/// What stage 1 is to do: a two-layer network's first layer learns theta* by spherical stochastic
/// gradient descent on the weighted label (mathematics, section 4).
///
/// One step on a batch of B samples, for neuron j with row w_j, sign s_j and bias b_j:
///     c_ij = s_j T(y_i) phi'(<w_j, x_i> + b_j) / B
///     g_j  = sum_i c_ij (x_i - <w_j, x_i> w_j),     w_j <- normalise(w_j + eta g_j).

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "esscher/base/callbacks.h"
#include "esscher/features/weighted_label.h"
#include "esscher/model/activation.h"
#include "esscher/model/single_index.h"

namespace esscher {

/// Three ways to simulate one law (section 4.1).
enum class Engine {
  direct,           ///< explicit x: the only one for real data; 4 n d m flops
  order_parameter,  ///< exact law of all inner products: cost free of d, up to 1e15
  marginal,         ///< exact law of each neuron on data of its own: some ns a neuron and sample
};
std::string_view engine_name(Engine engine);

enum class Schedule {
  one_pass,    ///< every batch is fresh
  multi_pass,  ///< epochs over the same n1 samples, in order; direct engine only
  reuse,       ///< each batch is used for two steps in a row
};
std::string_view schedule_name(Schedule schedule);
Schedule parse_schedule(std::string_view text, std::string_view field = "schedule");

enum class Start {
  random,    ///< rows uniform on the sphere
  spectral,  ///< rows halfway between a random one and +-v, the spectral estimate of theta*
};
std::string_view start_name(Start start);
Start parse_start(std::string_view text, std::string_view field = "start");

enum class BiasLaw { normal, uniform };  ///< N(0, 1), or uniform on [-sqrt 3, sqrt 3]

struct FeatureOptions {
  SingleIndexModel model;
  std::uint64_t dim = 1000;  ///< d, 2 to 1e15
  /// q: overlaps are with theta* = e_1, or where q > 1 lengths of rows' parts along e_1 to e_q;
  /// samples of several directions are for the direct engine, given as a source.
  std::size_t hidden = 1;
  std::size_t width = 256;  ///< m
  Activation activation{};
  BiasLaw bias_law = BiasLaw::normal;
  WeightedLabel label{};  ///< T

  Engine engine = Engine::marginal;
  Schedule schedule = Schedule::one_pass;
  int epochs = 1;             ///< multi_pass only
  std::uint64_t batch = 1;    ///< B
  double step_size = 0;       ///< eta > 0; see default_step_size()
  std::uint64_t samples = 0;  ///< n1 >= 1: fresh samples that may be used, those of the start too

  /// Over this last share of the steps eta falls linearly to 0 (in 32 stages): overlaps then end
  /// beyond the noise of a constant step. In [0, 1); 0 keeps eta constant. Ours.
  double cooldown = 0;

  Start start = Start::random;
  int spectral_order = 1;  ///< 1: mean of T(y) x; 2: top eigenvector of mean of T(y)(xx' - I)
  std::uint64_t spectral_samples = 0;  ///< taken from `samples`; the first ones

  /// Ends early once neurons have recovered and overlaps no longer change (summary: settled); a
  /// cooldown begins then, and takes its share of the fewer steps.
  bool stop_when_settled = true;
  double weak = 0.5;                ///< |overlap| above which a neuron counts as weakly recovered
  double strong = 0.9;              ///< as strongly recovered
  int checkpoints_per_decade = 40;  ///< of samples seen: the resolution of recovery times

  std::uint64_t seed = 1;
  int threads = 0;
  Callbacks callbacks{};
};

/// \throws UsageError for the first option outside its range: field, value, constraint, remedy.
///         Field names are those of the program's options ("--dim").
void validate(const FeatureOptions& options);

/// eta = delta * B * d^{-max(1, k/2)}, k the exponent at work, for a label of root mean square 1,
/// at most 1 (ours). delta 0.3 by default.
/// \throws UsageError unless delta ("--step-scale") is positive and finite, and k >= 1
double default_step_size(double delta, std::uint64_t batch, std::uint64_t dim, int exponent);

}  // namespace esscher
