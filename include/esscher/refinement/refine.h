#pragma once

/// \file
/// Stage 1b: features to the end. Stage 1 stops at a floor, since the gradient of its correlation
/// loss has the whole variance of the label; squared-loss gradients have the residual's alone
/// (mathematics, section 9.1). Three steps (the scheme is ours; joint training after the early
/// phase is that of Zhou and Ge, "How does gradient descent learn features", 2024):
///
/// 1. Pilot: a ridge readout of stage 1's rows, and its average gradient outer product
///    (gradient_product.h). Its leading eigenvectors V (k x d) hold what all rows together know.
/// 2. Joint training of both layers on the squared loss. Rows are tied to few directions,
///    w_j = C_j V: free rows would spend m d parameters on noise that no policy needs. Each batch
///    fits the second layer by ridge regression on g(v), v = V x, redraws C from the metric
///    M = E[grad g grad g'], and moves V by a Gauss-Newton step
///        V <- V + (I + Pi)^{-1} B / ((d - k) s^2) D,   D = mean of e grad g(v) (x - V'v)',
///    made orthonormal, with e the residuals, s^2 their mean square, and Pi the information that
///    all batches so far hold about V, Pi <- (t - 1)/t Pi + B M / ((d - k) s^2): recursive least
///    squares in which batch t counts t times, so that what early batches saw from the wrong place
///    is forgotten. In one pass 1 - overlap^2 falls to some 4/3 of d tau^2 / (n E f'^2), the
///    variance of the best estimate for a known link: more passes over the same samples gain
///    nothing.
/// 3. The trained network's M gives spectrum and directions; how many, is decided by held-out
///    error. Stage 2's rows are drawn from them anew: N(0, M) in their span, made unit, with fresh
///    biases. For one direction that is +-v.
///
/// Everything depends on inner products alone, so that the law of a run can be simulated without x:
/// the order_parameter engine's cost is free of d, and it takes over where stage 1 was simulated by
/// the marginal engine.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "esscher/base/callbacks.h"
#include "esscher/model/multi_index.h"
#include "esscher/model/network.h"
#include "esscher/model/samples.h"

namespace esscher {

struct RefineOptions {
  /// All that refinement takes: a pilot of at most an eighth, an eighth at most to decide on the
  /// number of directions, and the rest for joint training. At least kLeastRefineSamples.
  std::uint64_t samples = 0;
  int steps = 20;                   ///< of joint training: batches of one pass, >= 1
  std::size_t most_directions = 8;  ///< k at most
  /// Of joint training, whatever the layer's width: with a quarter of them, what the network could
  /// not say of a few directions moved the directions themselves (errors ten times the best).
  std::size_t neurons = 256;
  std::uint64_t seed = 1;
  int threads = 0;
  Callbacks callbacks{};
};
inline constexpr std::uint64_t kLeastRefineSamples = 1024;
inline constexpr std::uint64_t kLeastRefineDim = 4;

enum class RefineStatus {
  refined,    ///< the layer is the refined one
  kept,       ///< held-out error is worse than stage 1's or than a constant's: its layer is kept
  cancelled,  ///< stopped from outside: stage 1's layer is kept
};
std::string_view refine_status_name(RefineStatus status);

struct HeldOutError {
  double value = 0;  ///< mean squared error, of samples that the reward has not seen
  double standard_error = 0;
};

/// Where joint training stood after a step.
struct RefineStep {
  std::uint64_t samples = 0;  ///< taken so far, the pilot's included
  double overlap = 0;         ///< length of the leading direction's part along the hidden ones
};

struct RefineSummary {
  RefineStatus status = RefineStatus::refined;
  std::uint64_t samples = 0;  ///< used
  double seconds = 0;
  std::size_t directions = 0;      ///< r, of the refined layer
  std::vector<double> spectrum{};  ///< eigenvalues of M, descending, k; reward^2
  /// Held-out error of a network on the leading 1 ... k directions, the standard error that of its
  /// difference to the chosen number's.
  std::vector<HeldOutError> by_directions{};
  HeldOutError pilot{};    ///< of the readout of stage 1's rows
  HeldOutError refined{};  ///< of the chosen number of directions
  double label_variance = 0;
  std::vector<RefineStep> trajectory{};  ///< the pilot's leading direction first
  /// Cosines of the principal angles between the chosen directions and the hidden ones, descending.
  std::vector<double> principal_cosines{};
  std::vector<std::string> remarks{};  ///< plain sentences
};

struct RefineResult {
  FirstLayer layer;  ///< of the width that was given, in coordinates whose first are the hidden
  RefineSummary summary;
};

/// \throws UsageError for an option outside its range, named as the program's ("--refine-samples").
void validate(const RefineOptions& options);

/// By the exact law of all inner products, on fresh samples of the model: streams "refine/..." of
/// the seed. Progress counts samples (stage "refinement").
/// Cost: half a microsecond a sample on one core; stage 1's width m enters the pilot alone,
/// whose ridge regression costs 32 m^3; joint training has 256 neurons by default.
/// \throws UsageError as validate(), or where layer.dim is below kLeastRefineDim; InternalError
///         unless the model has as many directions as the layer says that are hidden
RefineResult refine(const FirstLayer& layer, const MultiIndexModel& model,
                    const RefineOptions& options);

/// On explicit samples number 0 ... options.samples - 1 of a source; overlaps are with
/// the first layer.hidden coordinates.
/// \throws UsageError unless layer and source have one dimension and the source as many samples
RefineResult refine(const FirstLayer& layer, const SampleSource& source,
                    const RefineOptions& options);

}  // namespace esscher
