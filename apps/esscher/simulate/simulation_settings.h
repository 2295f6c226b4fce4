#pragma once

/// \file
/// The options of `esscher simulate`: their table, and what they mean.

#include "common/settings.h"
#include "esscher/pipeline/simulation_options.h"

namespace esscher::app {

std::vector<Setting> simulation_settings();

/// \throws UsageError for the first value that cannot be read
SimulationOptions read_simulation(const Settings& settings);

/// Writes what the open choices became into the settings, so that toml() tells the run in full.
void write_plan(const FeaturePlan& plan, Settings& settings);

}  // namespace esscher::app
