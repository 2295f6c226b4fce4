#pragma once

#include <string>

#include "common/settings.h"
#include "common/table_settings.h"

namespace esscher::app {

/// What a fit tells, with the resolved options and the build; no coefficients, which the model has.
/// \param data  the file of features
std::string fit_json(const LoadedTable& loaded, const TrainedReward& reward,
                     const Settings& settings, const std::string& data);

}  // namespace esscher::app
