#pragma once

/// \file
/// What a simulation is to do, as named parameters: those of the program, with underscores.

#include "esscher/pipeline/simulation_options.h"
#include "parameters.h"

namespace esscher::python {

SimulationOptions simulation_options(const Parameters& parameters);

}  // namespace esscher::python
