#pragma once

#include <optional>

#include "esscher/data/preference_counts.h"
#include "esscher/pipeline/preference_evaluation.h"
#include "record/record_json.h"

namespace esscher::internal {

Json quality_json(const PreferenceQuality& quality);
/// null where there are none.
Json counts_json(const std::optional<PreferenceCounts>& counts);

}  // namespace esscher::internal
