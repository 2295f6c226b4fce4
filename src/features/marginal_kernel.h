#pragma once

/// \file
/// The marginal engine's inner loops: neurons side by side in vectors, one sample after another
/// (mathematics, section 4.1, item 3), for the instruction set found at run time.
///
/// Randomness. Sample i of neuron j owns block j of index i of the stream "stage1/marginal": words
/// 0 and 1 make the normals (a, b), words 2 and 3 two more, of which the first is xi. (Uniform
/// noise takes word 2, rademacher noise the top bit of word 2.) The second makes the batch's
/// chi-square, of the batch's last sample, unless the noise has used up word 2 or dof is below
/// kLeastPolynomialDof; then index "last sample" of "stage1/marginal/chi_square" does, from block
/// j + k 2^32, k = 0, 1, ... So results depend neither on how neurons are grouped, nor on the lanes
/// of a vector, nor on how a run is cut.
///
/// Normals have single precision; all else is double. What that costs was measured over all 2^32
/// words of radius and of angle: the radius' moments of order 1 to 6 are off by less than 2e-8 of
/// themselves (at most 5e-9 up to order 5; 6e-8 and 2e-7 at orders 7 and 8), the angle's even
/// moments by 2e-9, and odd moments vanish, since signs and the swap are exact. So a step's mean
/// moves by some 1e-8 of its deviation, and n steps by 1e-8 sqrt(n) deviations of their sum: by 1 %
/// of one after 1e12 steps. The law ends at 6.76 deviations, beyond which one draw in 7e10 would
/// lie.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "esscher/features/weighted_label.h"
#include "esscher/model/noise.h"
#include "model/activation_kernel.h"
#include "model/link_kernel.h"

namespace esscher::internal {

/// Neurons that go together through time, their state in the first-level cache.
inline constexpr std::size_t kMarginalGroup = 64;

/// What is the same for all neurons.
struct MarginalLaw {
  std::uint64_t sample_key = 0;      ///< of the stream "stage1/marginal"
  std::uint64_t chi_square_key = 0;  ///< of the stream "stage1/marginal/chi_square"
  const LinkKernel* link = nullptr;
  NoiseKind noise = NoiseKind::none;
  double noise_scale = 0;  ///< xi is this times a draw: normal, sign, or uniform on [-1/2, 1/2]
  WeightedLabel label;
  std::uint64_t batch = 1;
  double dof = 0;  ///< d - 2
  /// chi_square_polynomial(dof), empty where there is none.
  std::vector<double> chi_square;
};

/// Up to kMarginalGroup neurons; arrays are padded to a multiple of kNeuronPadding.
struct MarginalGroup {
  std::uint64_t first = 0;    ///< number of the first neuron, a multiple of kNeuronPadding
  std::size_t size = 0;       ///< padded
  double* overlap = nullptr;  ///< m
  double* rest = nullptr;     ///< q = sqrt(1 - m^2), kept apart so that it keeps its digits
  /// 1 / q, or near: where the search for the next root begins. No other use.
  double* inverse_rest = nullptr;
  const double* gain = nullptr;  ///< eta s_j / B
  const double* biases = nullptr;
  const ActivationTables<double>* activation = nullptr;  ///< of these neurons
};

/// Takes \p batches steps, on samples \p first, first + 1, ...
void advance_marginal(const MarginalLaw& law, const MarginalGroup& group, std::uint64_t first,
                      std::uint64_t batches);

/// One sample's draws for a group, in an order that is the same everywhere.
struct MarginalDraws {
  float a[kMarginalGroup];
  float b[kMarginalGroup];
  double noise[kMarginalGroup];       ///< xi
  double chi_square[kMarginalGroup];  ///< as if the sample were its batch's last
};

/// For the parts that are not in a hurry.
void draw_marginal(const MarginalLaw& law, const MarginalGroup& group, std::uint64_t sample,
                   MarginalDraws& draws);

}  // namespace esscher::internal
