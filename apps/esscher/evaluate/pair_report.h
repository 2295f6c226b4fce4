#pragma once

#include <string>

#include "common/json_text.h"
#include "common/settings.h"
#include "esscher/data/dataset.h"
#include "esscher/pipeline/preference_evaluation.h"

namespace esscher::app {

/// What 'esscher evaluate' prints of stated pairs.
std::string pair_report(const PairEvaluation& evaluation, const Dataset& dataset);
/// Everything, with the resolved options and the build. \param data  as evaluate was given it
std::string pair_json(const PairEvaluation& evaluation, const Dataset& dataset,
                      const Settings& settings, const std::string& data);
/// One line for each reward.
std::string pair_csv(const PairEvaluation& evaluation);

/// "held-out accuracy on 123 pairs 0.71 +- 0.02", for tables with groups.
std::string accuracy_text(const PreferenceQuality& quality);
Json quality_json(const PreferenceQuality& quality);
Json counts_json(const std::optional<PreferenceCounts>& counts);

}  // namespace esscher::app
