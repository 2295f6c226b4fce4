#pragma once

#include <string>

#include "esscher/data/dataset.h"
#include "esscher/pipeline/preference_evaluation.h"

namespace esscher::app {

/// What 'esscher evaluate' prints of stated pairs.
std::string pair_report(const PairEvaluation& evaluation, const Dataset& dataset);
/// One line for each reward.
std::string pair_csv(const PairEvaluation& evaluation);

/// "held-out accuracy on 123 pairs 0.71 +- 0.02", for tables with groups.
std::string accuracy_text(const PreferenceQuality& quality);

}  // namespace esscher::app
