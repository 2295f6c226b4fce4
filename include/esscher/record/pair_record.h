#pragma once

#include <string>

#include "esscher/pipeline/preference_evaluation.h"
#include "esscher/record/run_record.h"
#include "esscher/record/table_facts.h"

namespace esscher {

/// An evaluation on stated pairs, as docs/schemas/pairs.schema.json holds it. It has no page.
std::string pair_record(const PairEvaluation& evaluation, const TableFacts& facts,
                        const RunRecord& run);

}  // namespace esscher
