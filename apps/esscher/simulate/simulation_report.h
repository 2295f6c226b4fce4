#pragma once

/// \file
/// A simulation as text, in the forms that its files take.

#include <string>

#include "esscher/pipeline/simulation.h"

namespace esscher::app {

/// For reading in a terminal, kPageWidth columns wide (text.h), in words for a newcomer.
std::string simulation_report(const SimulationResult& result);

/// One line a readout and temperature, with a heading.
std::string policies_csv(const SimulationResult& result);

/// One line a checkpoint of stage 1, with a heading; behind it the control's, and the steps of
/// refinement, whose samples are counted from those of stage 1 on.
std::string trajectory_csv(const SimulationResult& result);

}  // namespace esscher::app
