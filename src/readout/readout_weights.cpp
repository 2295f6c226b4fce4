#include "esscher/readout/readout_weights.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/parallel.h"
#include "readout/affine.h"
#include "readout/moments.h"
#include "readout/penalty.h"
#include "readout/ridge_options.h"
#include "readout/row_space.h"

namespace esscher {
namespace {

constexpr std::array<std::pair<ReadoutWeights, const char*>, 5> kNames = {{
    {ReadoutWeights::automatic, "auto"},
    {ReadoutWeights::uniform, "uniform"},
    {ReadoutWeights::label, "label"},
    {ReadoutWeights::surrogate, "surrogate"},
    {ReadoutWeights::oracle, "oracle"},
}};

}  // namespace

std::string_view readout_weights_name(ReadoutWeights weights) {
  for (const auto& [known, name] : kNames) {
    if (known == weights) return name;
  }
  throw InternalError("readout weights without a name");
}

ReadoutWeights parse_readout_weights(std::string_view text, std::string_view field) {
  std::vector<std::string> names;
  for (const auto& [weights, name] : kNames) {
    if (text == name) return weights;
    names.emplace_back(name);
  }
  const std::string nearest = nearest_name(text, names);
  throw UsageError(rejection(field, text, "must be auto, uniform, label, surrogate or oracle",
                             nearest.empty() ? "" : "did you mean " + nearest + "?"));
}

std::vector<double> cross_fitted_predictions(const DesignRows& rows,
                                             std::span<const double> targets, int folds,
                                             const RidgeOptions& options) {
  internal::require_valid(options, rows);
  internal::require_targets(rows, targets);
  // With the penalty by folds, too, every training set must have two.
  const int least = options.rule == PenaltyRule::kfold ? 3 : 2;
  if (folds < least || folds > 20 || static_cast<std::uint64_t>(folds) > rows.rows()) {
    throw UsageError(rejection("folds", std::to_string(folds),
                               "must lie from " + std::to_string(least) +
                                   " to 20, and not exceed the " + std::to_string(rows.rows()) +
                                   " rows"));
  }
  const auto count = static_cast<std::size_t>(folds);
  const internal::RowSpace space(rows);
  const internal::RowWeights ones;
  const auto each = internal::fold_moments(space.rows(), targets, {&ones, 1}, {.count = count},
                                           options.threads, options.callbacks);
  if (!each) return {};
  const internal::FoldMoments& moments = each->front();

  std::vector<internal::MomentFit> fits(count);
  parallel_for_chunks(ChunkGrid(count, 1), {options.threads, "readout: pilot", options.callbacks},
                      [&](const Chunk& chunk) {
                        std::vector<const internal::Moments*> others;
                        for (std::size_t fold = 0; fold < count; ++fold) {
                          if (fold != chunk.index) others.push_back(&moments.folds[fold]);
                        }
                        internal::MomentFit& fit = fits[chunk.index];
                        fit = internal::fit_moments(others, rows.columns(), options);
                        fit.intercept = moments.intercept(fit.coefficients, fit.intercept);
                      });

  constexpr std::uint64_t kChunkRows = 512;
  std::vector<double> out(targets.size());
  const ParallelOptions loop{options.threads, "readout: pilot's predictions", options.callbacks};
  const LoopStatus status =
      parallel_for_chunks(ChunkGrid(rows.rows(), kChunkRows), loop, [&](const Chunk& chunk) {
        Matrix<double> block(static_cast<std::size_t>(chunk.size()), space.rows().columns());
        space.rows().fill(chunk.begin, block.view());
        for (std::size_t i = 0; i < block.rows(); ++i) {
          const internal::MomentFit& fit = fits[(chunk.begin + i) % count];
          out[chunk.begin + i] = internal::affine(block.row(i), fit.coefficients, fit.intercept);
        }
      });
  if (status == LoopStatus::cancelled) out.clear();
  return out;
}

std::vector<double> tilted_log_weights(std::span<const double> values, double beta) {
  require_temperature(beta, "beta");
  std::vector<double> result(values.begin(), values.end());
  if (result.empty()) return result;
  const double largest = *std::max_element(result.begin(), result.end());
  for (double& value : result) value = (value - largest) / beta;
  return result;
}

}  // namespace esscher
