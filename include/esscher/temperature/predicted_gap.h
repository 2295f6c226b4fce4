#pragma once

/// \file
/// The value gap that large samples predict (mathematics, sections 5 and 7): sandwich variance of
/// the readout plus approximation error, both under the optimal policy, over 2 beta.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "esscher/model/network.h"
#include "esscher/model/single_index.h"
#include "esscher/readout/readout_weights.h"

namespace esscher {

struct PredictedGapOptions {
  std::uint64_t samples = 20000;  ///< n2
  /// Draws from which population averages are taken, half of them from the optimal policy; at least
  /// 64 a neuron are taken.
  std::uint64_t draws = 1 << 15;
  std::uint64_t seed = 1;
  int threads = 0;
};

struct PredictedGap {
  double beta = 0;
  /// Var_{pi*}(r* - r) of the population's fit with these weights: what no sample mends.
  double approximation = 0;
  /// E Var_{pi*}(r - E r) over samples. Empty where E w^2 is infinite, or beyond doubles.
  std::optional<double> variance;
  std::optional<double> gap;         ///< (approximation + variance) / (2 beta)
  std::optional<double> efficiency;  ///< 1 - gap / (J* - J(pi_0)); empty if r* is constant, too
  std::string remark;                ///< a sentence where variance is empty
};

/// Of which readout the gap is to be predicted.
struct PredictedReadout {
  ReadoutWeights weights = ReadoutWeights::uniform;
  double penalty = 0;  ///< lambda of the ridge
};

/// The predictions for several readouts at one temperature, which is that of the weights too.
/// Surrogate counts as oracle: the pilot's error is not predicted.
///
/// With w the weights of mean 1, A = Cov_w(phi) + lambda I, a = A^{-1} Cov_w(phi, y) the
/// population's readout, e the residual about it, B = E (w e (phi - E_w phi) - lambda w a)(...)'
/// with misspecification and noise both in e, and P = Cov_{pi*}(phi):
///     approximation = Var_{pi*}(r* - <a, phi>),  variance = tr(A^{-1} B A^{-1} P) / n2.
/// Constants do not matter to a policy, hence the covariances. The noise is averaged over in closed
/// form, by its cumulants. Good while the gap is a quadratic form in the error, which is small
/// against beta then, and n2 large against the number of neurons at the weights' ESS.
/// \throws UsageError for options or a layer outside their ranges, automatic weights, which are
///         chosen from a sample, or where E e^{r*/beta} is infinite.
/// Cost: per draw m k + 3 m^2 multiply-adds, 3 m^2 / 2 less where none or all have uniform weights,
/// and two eigendecompositions of m x m, however many readouts there are.
std::vector<PredictedGap> predicted_gaps(const FirstLayer& layer, const SingleIndexModel& model,
                                         std::span<const PredictedReadout> readouts, double beta,
                                         const PredictedGapOptions& options);

}  // namespace esscher
