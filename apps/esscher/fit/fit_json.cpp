#include "fit_json.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "common/held_out_json.h"
#include "common/json_text.h"

namespace esscher::app {
namespace {

/// Columns of which the importance is told; beyond them those of the least are left out.
constexpr std::size_t kMostColumns = 4096;

Json fit_options_json(const Settings& settings, const std::string& data) {
  Json options{{"data", data}};
  for (const Setting& setting : settings.table()) options[setting.name] = setting.value;
  return options;
}

Json importance_json(const LoadedTable& loaded, const FeatureImportance& importance) {
  const std::vector<std::string> all = column_names(loaded);
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
  return {{"names", names}, {"columns", columns}, {"directions", importance.directions}};
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

std::string fit_json(const LoadedTable& loaded, const TrainedReward& reward,
                     const Settings& settings, const std::string& data) {
  Json rounds = Json::array();
  for (const MetricRound& round : reward.rounds) {
    rounds.push_back({{"penalty", round.penalty}, {"error", round.error}});
  }
  Json kernels = Json::array();
  for (const RewardKernel& kernel : reward.kernels) {
    kernels.push_back({{"name", kernel.name()}, {"share", kernel.share}});
  }
  const Dataset& dataset = loaded.dataset;
  const bool weighted = std::isfinite(reward.feature_temperature);
  const bool grouped = !dataset.groups.empty();
  // Sides of pairs, and orders, have no variance to be explained.
  const bool preferences = settings["loss"] == "preferences" || dataset.preferences.has_value();
  Json json = record_json(RecordKind::fit,
                          settings.command({"esscher", "fit", data, "-o", "reward.safetensors"}));
  json.update({{"options", fit_options_json(settings, data)},
               {"rows", dataset.rewards.size()},
               {"groups", dataset.group_names.size()},
               {"clusters", dataset.cluster_count},
               {"features", dataset.feature_names},
               {"reward_sd", reward.reward_sd},
               {"landmarks", reward.landmarks.rows()},
               {"rounds", rounds},
               {"chosen_round", reward.chosen_round},
               {"feature_temperature", weighted ? Json(reward.feature_temperature) : Json()},
               {"kernels", kernels},
               {"penalty", reward.heads.front().penalty},
               {"linear_penalty", reward.linear.penalty},
               {"importance", importance_json(loaded, reward.importance)},
               {"deployments", deployments_json(reward)},
               {"held_out", preferences ? Json() : held_out_json(reward.held_out, grouped)},
               {"replicates", replicates_json(reward.replicates)},
               {"data_remarks", dataset.remarks},
               {"remarks", reward.remarks}});
  return json_text(json);
}

}  // namespace esscher::app
