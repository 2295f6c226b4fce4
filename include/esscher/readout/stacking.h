#pragma once

/// \file
/// Shares of several readouts in their mean, by what each predicts of rows that it has not seen
/// (stacked regression: Wolpert 1992, Breiman 1996), with the error measured where a policy goes.

#include <cstdint>
#include <span>
#include <vector>

namespace esscher {

/// Shares c >= 0 of sum 1 that minimise the weighted variance of y - sum_k c_k p_k, a variance
/// since no policy sees a constant. \param held_out     one vector of n predictions a readout
/// \param labels       n
/// \param log_weights  n
/// \param groups       empty, or n dense ids: errors are taken about their group's mean
/// \throws UsageError for no readout or unequal lengths, DataError as normalise_log_weights()
/// Cost: n h^2 multiply-adds for h readouts.
std::vector<double> stacking_shares(std::span<const std::vector<double>> held_out,
                                    std::span<const double> labels,
                                    std::span<const double> log_weights,
                                    std::span<const std::uint32_t> groups = {});

/// The same, drawn back towards the first readout by the factor 1 - (standard error / gain)^2, at
/// least 0, gain being the error that they save against it: what few effective samples cannot tell
/// is not acted on (James and Stein's rule, ours here).
std::vector<double> cautious_stacking_shares(std::span<const std::vector<double>> held_out,
                                             std::span<const double> labels,
                                             std::span<const double> log_weights,
                                             std::span<const std::uint32_t> groups = {});

/// sum_k c_k p_k. \throws UsageError for unequal lengths
std::vector<double> stacked(std::span<const std::vector<double>> predictions,
                            std::span<const double> shares);

}  // namespace esscher
