#pragma once

#include <string>

#include "esscher/pipeline/simulation.h"
#include "esscher/record/run_record.h"

namespace esscher {

/// A simulation, as docs/schemas/simulate.schema.json holds it; infinite and undefined numbers are
/// null.
std::string simulation_record(const SimulationResult& result, const RunRecord& run);

}  // namespace esscher
