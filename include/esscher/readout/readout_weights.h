#pragma once

/// \file
/// Which weights stage 2 puts on its samples.

#include <span>
#include <string_view>
#include <vector>

#include "esscher/readout/ridge.h"

namespace esscher {

enum class ReadoutWeights {
  automatic,  ///< "auto": chosen from the sample (src/pipeline/automatic_readout.h)
  uniform,    ///< w = 1: plain regression
  label,      ///< w = e^{y/beta}: idealised, noise and all
  surrogate,  ///< w = e^{r_pilot(x)/beta}: practical, the pilot cross-fitted with uniform weights
  oracle,     ///< w = e^{r*(x)/beta}: simulation only
};
std::string_view readout_weights_name(ReadoutWeights weights);
ReadoutWeights parse_readout_weights(std::string_view text, std::string_view field = "weights");

/// Cross-fitted predictions of the uniform-weight ridge: row i is predicted by a fit that has not
/// seen fold i mod K, the penalty chosen anew for each of them. Empty where it was cancelled.
/// \throws UsageError unless 2 <= folds <= 20 (3 where the penalty is chosen by folds, too) and
/// there
///         are as many rows; as fit_ridge()
/// Cost: one pass for the folds' Gram matrices, one for the predictions.
std::vector<double> cross_fitted_predictions(const DesignRows& rows,
                                             std::span<const double> targets, int folds,
                                             const RidgeOptions& options = {});

/// values / beta, the largest at 0. \throws UsageError unless beta is a temperature.
std::vector<double> tilted_log_weights(std::span<const double> values, double beta);

}  // namespace esscher
