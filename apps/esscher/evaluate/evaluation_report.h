#pragma once

#include <optional>
#include <string>

#include "common/settings.h"
#include "common/table_settings.h"
#include "esscher/pipeline/table_evaluation.h"

namespace esscher::app {

/// The tables and the verdict that 'esscher evaluate' prints. \param sd  of the reward
std::string evaluation_report(const TableEvaluation& evaluation, const Dataset& dataset, double sd);
/// Everything, with the resolved options and the build.
/// \param data  the file of features
std::string evaluation_json(const TableEvaluation& evaluation, const Dataset& dataset, double sd,
                            const Settings& settings, const std::string& data);
/// Share of the gain of a policy that knows every reward; empty where there is none to have.
std::optional<double> efficiency(double gain, double attainable);
/// One line for each reward and temperature.
std::string evaluation_csv(const TableEvaluation& evaluation, double sd);

}  // namespace esscher::app
