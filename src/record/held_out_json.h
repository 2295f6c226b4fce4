#pragma once

/// \file
/// What fits and evaluations tell alike of the rows of a table.

#include <optional>

#include "esscher/pipeline/table_training.h"
#include "record/record_json.h"

namespace esscher::internal {

/// Predictions beside rewards, 1500 at most, taken evenly; R2 is of all of them.
Json held_out_json(const HeldOutRewards& rewards, bool grouped);

Json replicates_json(const std::optional<Replicates>& replicates);

}  // namespace esscher::internal
