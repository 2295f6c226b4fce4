#include "esscher/record/table_facts.h"

namespace esscher {

TableFacts table_facts(const Dataset& dataset) {
  TableFacts facts;
  facts.rows = dataset.rewards.size();
  facts.groups = dataset.group_names.size();
  facts.clusters = dataset.cluster_count;
  facts.features = dataset.feature_names;
  facts.preferences = dataset.preferences;
  facts.remarks = dataset.remarks;
  return facts;
}

}  // namespace esscher
