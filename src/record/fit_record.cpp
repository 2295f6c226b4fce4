#include "esscher/record/fit_record.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <numeric>
#include <utility>

#include "record/held_out_json.h"
#include "record/record_json.h"

namespace esscher {
namespace {

using internal::Json;
using internal::or_null;

/// Columns of which the importance is told; beyond them those of the least are left out.
constexpr std::size_t kMostColumns = 4096;

Json importance_json(const std::vector<std::string>& all, const FeatureImportance& importance) {
  std::vector<std::size_t> order(std::min(all.size(), importance.columns.size()));
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() > kMostColumns) {
    std::ranges::stable_sort(order, std::ranges::greater{},
                             [&](std::size_t i) { return importance.columns[i]; });
    order.resize(kMostColumns);
    std::ranges::sort(order);
  }
  Json names = Json::array();
  Json columns = Json::array();
  for (const std::size_t i : order) {
    names.push_back(all[i]);
    columns.push_back(importance.columns[i]);
  }
  return {{"names", std::move(names)},
          {"columns", std::move(columns)},
          {"directions", importance.directions}};
}

Json deployments_json(const TrainedReward& reward) {
  Json list = Json::array();
  for (const Deployment& deployment : reward.deployments) {
    list.push_back(
        {{"weights", fit_weights_name(deployment.weights)},
         {"beta", deployment.beta},
         {"beta_sd", deployment.beta / reward.reward_sd},
         {"weight_temperature", or_null(reward.heads[deployment.head].weight_temperature)},
         {"ess", reward.head_ess[deployment.head]},
         {"scale", deployment.scale},
         {"reason", deployment.reason}});
  }
  return list;
}

}  // namespace

std::string fit_record(const TrainedReward& reward, const std::vector<std::string>& columns,
                       const TableFacts& facts, const RunRecord& run) {
  Json rounds = Json::array();
  for (const MetricRound& round : reward.rounds) {
    rounds.push_back({{"penalty", round.penalty}, {"error", round.error}});
  }
  Json kernels = Json::array();
  for (const RewardKernel& kernel : reward.kernels) {
    kernels.push_back({{"name", kernel.name()}, {"share", kernel.share}});
  }
  const bool weighted = std::isfinite(reward.feature_temperature);
  // Sides of pairs, and orders, have no variance to be explained.
  const bool preferences = facts.preferences || reward.preferences;
  Json json{{"options", internal::options_json(run)},
            {"rows", facts.rows},
            {"groups", facts.groups},
            {"clusters", facts.clusters},
            {"features", facts.features},
            {"reward_sd", reward.reward_sd},
            {"landmarks", reward.landmarks.rows()},
            {"rounds", std::move(rounds)},
            {"chosen_round", reward.chosen_round},
            {"feature_temperature", weighted ? Json(reward.feature_temperature) : Json()},
            {"kernels", std::move(kernels)},
            {"penalty", reward.heads.front().penalty},
            {"linear_penalty", reward.linear.penalty},
            {"importance", importance_json(columns, reward.importance)},
            {"deployments", deployments_json(reward)},
            {"held_out",
             preferences ? Json() : internal::held_out_json(reward.held_out, facts.groups > 0)},
            {"replicates", internal::replicates_json(reward.replicates)},
            {"data_remarks", facts.remarks},
            {"remarks", reward.remarks}};
  return internal::record_text(RecordKind::fit, std::move(json), run);
}

}  // namespace esscher
