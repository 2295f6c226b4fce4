#pragma once

#include <optional>
#include <string>

#include "esscher/pipeline/table_evaluation.h"
#include "esscher/record/run_record.h"
#include "esscher/record/table_facts.h"

namespace esscher {

/// An evaluation of learned rewards, as docs/schemas/evaluate.schema.json holds it; what does not
/// exist is null.
/// \param sd  reward_sd() of the table
std::string evaluation_record(const TableEvaluation& evaluation, double sd, const TableFacts& facts,
                              const RunRecord& run);

/// Share of the gain of a policy that knows every reward; empty where there is none to have.
std::optional<double> efficiency(double gain, double attainable);

}  // namespace esscher
