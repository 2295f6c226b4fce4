#pragma once

#include <string>

#include "esscher/data/dataset.h"
#include "esscher/pipeline/table_evaluation.h"

namespace esscher::app {

/// The tables and the verdict that 'esscher evaluate' prints. \param sd  of the reward
std::string evaluation_report(const TableEvaluation& evaluation, const Dataset& dataset, double sd);
/// One line for each reward and temperature.
std::string evaluation_csv(const TableEvaluation& evaluation, double sd);

}  // namespace esscher::app
