#include "pipeline/gain_ceilings.h"

#include <algorithm>
#include <utility>

#include "pipeline/heavy_designs.h"

namespace esscher::internal {
namespace {

void add(std::span<const double> gold, const TableReference& reference,
         const std::optional<LabelNoise>& noise, std::span<const double> betas,
         const TablePolicyOptions& how, TableEvaluation& result) {
  TablePolicyOptions policy = how;
  policy.bootstrap = 0;
  policy.influence = false;
  policy.predicted = {};
  policy.label_noise = {};
  for (const double beta : betas) {
    policy.beta = beta;
    result.attainable_gain.push_back(table_policy_value(gold, gold, reference, policy).gain.value);
  }
  if (!noise) return;
  result.noise_free_gain = noise_free_gain(gold, *noise, reference, betas, policy);
  if (std::ranges::max(result.noise_free_gain) == 0) {
    result.remarks.emplace_back(
        "Labels vary by no more than their noise: no share is told of what could be gained "
        "without it.");
  }
}

}  // namespace

void add_gain_ceilings(const RewardTable& table, std::span<const double> gold,
                       const TableReference& reference, const std::optional<LabelNoise>& noise,
                       std::span<const double> betas, const TablePolicyOptions& policy,
                       TableEvaluation& result) {
  if (table.twins.empty()) return add(gold, reference, noise, betas, policy, result);
  WholeDesigns whole =
      whole_designs(table.twins, table.log_weights, gold,
                    noise ? std::span<const double>(noise->shares) : std::span<const double>{});
  std::optional<LabelNoise> of_whole;
  if (noise) of_whole = LabelNoise{noise->sd, std::move(whole.shares)};
  add(whole.values, whole.reference(), of_whole, betas, policy, result);
}

}  // namespace esscher::internal
