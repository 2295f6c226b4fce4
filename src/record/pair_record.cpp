#include "esscher/record/pair_record.h"

#include <utility>

#include "record/preference_json.h"
#include "record/record_json.h"

namespace esscher {
namespace {

using internal::Json;

}  // namespace

std::string pair_record(const PairEvaluation& evaluation, const TableFacts& facts,
                        const RunRecord& run) {
  Json rewards = Json::array();
  for (const PairEvaluation::Reward& reward : evaluation.rewards) {
    Json json{{"name", reward.name}};
    json.update(internal::quality_json(reward.quality));
    rewards.push_back(std::move(json));
  }
  Json json{{"options", internal::options_json(run)},
            {"preferences", internal::counts_json(facts.preferences)},
            {"clusters", facts.clusters},
            {"features", facts.features},
            {"folds", evaluation.folds},
            {"penalties", evaluation.penalties},
            {"rewards", std::move(rewards)},
            {"data_remarks", facts.remarks},
            {"remarks", evaluation.remarks}};
  return internal::record_text(RecordKind::pairs, std::move(json), run);
}

}  // namespace esscher
