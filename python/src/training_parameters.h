#pragma once

/// \file
/// How a reward is learned, as named parameters: those of the program's `fit`, with underscores.

#include <vector>

#include "esscher/pipeline/table_training.h"
#include "parameters.h"

namespace esscher::python {

/// A number within temperature_limits(). \param choices  what else the parameter may be, ", or
/// beta"
double positive(const Parameters& parameters, const char* name, const char* choices);

/// Temperatures come out in the unit of the reward. \param sd  reward_sd() of the table
TrainingOptions training_options(const Parameters& parameters, double sd);

}  // namespace esscher::python
