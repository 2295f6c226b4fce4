#pragma once

#include <string>
#include <vector>

#include "esscher/pipeline/table_training.h"
#include "esscher/record/run_record.h"
#include "esscher/record/table_facts.h"

namespace esscher {

/// The fact of a TableModel that holds the record of its fit.
inline constexpr char kRecordFact[] = "record";

/// What a fit tells, as docs/schemas/fit.schema.json holds it; no coefficients, which the model
/// has. \param columns  that the reward was fitted on, by name: the features and, with
/// interactions,
///                 their products. The importance of up to 4096 of them is told
std::string fit_record(const TrainedReward& reward, const std::vector<std::string>& columns,
                       const TableFacts& facts, const RunRecord& run);

}  // namespace esscher
