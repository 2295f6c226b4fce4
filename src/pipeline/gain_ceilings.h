#pragma once

#include <optional>
#include <span>

#include "esscher/pipeline/table_evaluation.h"
#include "pipeline/noise_free_gain.h"

namespace esscher::internal {

/// What policies that knew every reward would gain, and every noise-free one where \p noise is
/// known, at each temperature of \p betas, with the remark that belongs to it. Parts of a heavy
/// design (heavy_designs.h) are one candidate here, whose reward is their mean.
/// \param table      whose rows, in pi_0 with \p reference, have the rewards \p gold
/// \param policy     how to value them; temperature, errors and labels' noise are not looked at
void add_gain_ceilings(const RewardTable& table, std::span<const double> gold,
                       const TableReference& reference, const std::optional<LabelNoise>& noise,
                       std::span<const double> betas, const TablePolicyOptions& policy,
                       TableEvaluation& result);

}  // namespace esscher::internal
