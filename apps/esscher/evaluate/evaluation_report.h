#pragma once

#include <string>

#include "common/settings.h"
#include "common/table_settings.h"
#include "esscher/pipeline/table_evaluation.h"

namespace esscher::app {

/// The tables and the verdict that 'esscher evaluate' prints. \param sd  of the reward
std::string evaluation_report(const TableEvaluation& evaluation, const Dataset& dataset, double sd);
/// Everything, with the resolved options and the build.
std::string evaluation_json(const TableEvaluation& evaluation, const Dataset& dataset, double sd,
                            const Settings& settings);
/// One line for each reward and temperature.
std::string evaluation_csv(const TableEvaluation& evaluation, double sd);

}  // namespace esscher::app
