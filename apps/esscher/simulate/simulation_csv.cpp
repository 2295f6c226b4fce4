#include "common/csv_line.h"
#include "simulation_report.h"

namespace esscher::app {
namespace {

std::string heading(std::initializer_list<const char*> names) {
  CsvLine line;
  for (const char* name : names) line.add(std::string(name));
  return line.text();
}

void add(const Estimate& estimate, CsvLine& line) {
  line.add(estimate.value);
  line.add(estimate.standard_error);
}

/// Behind weights and beta.
constexpr int kPolicyColumns = 20;

void add(const PolicyValue& policy, CsvLine& line) {
  line.add(policy.efficiency ? std::optional(policy.efficiency->value) : std::nullopt);
  line.add(policy.efficiency ? std::optional(policy.efficiency->standard_error) : std::nullopt);
  for (const Estimate* estimate : {&policy.gap, &policy.value, &policy.gold, &policy.proxy,
                                   &policy.kl, &policy.log_partition}) {
    add(*estimate, line);
  }
  line.add(policy.optimal_value);
  line.add(policy.reference_value);
  line.add(std::string(policy_method_name(policy.method)));
  line.add(std::string(policy.reliable ? "true" : "false"));
  line.add(policy.ess);
  line.add(policy.pareto_k);
}

void add_trajectory(const FeatureSummary& summary, const std::string& run, std::string& text) {
  for (const Checkpoint& checkpoint : summary.trajectory) {
    CsvLine line;
    line.add(run);
    line.add(std::to_string(checkpoint.samples));
    line.add(checkpoint.weak);
    line.add(checkpoint.strong);
    for (const double quantile : checkpoint.quantiles) line.add(quantile);
    line.add(std::string());
    text += line.text();
  }
}

/// Behind run and samples: shares and quantiles, which refinement does not tell.
constexpr int kCheckpointColumns = 9;

void add_refinement(const SimulationResult& result, std::string& text) {
  for (const RefineStep& step : result.refinement->trajectory) {
    CsvLine line;
    line.add(std::string("refinement"));
    line.add(std::to_string(result.features.samples + step.samples));
    for (int empty = 0; empty < kCheckpointColumns; ++empty) line.add(std::string());
    line.add(step.overlap);
    text += line.text();
  }
}

}  // namespace

std::string policies_csv(const SimulationResult& result) {
  std::string text = heading({"weights",
                              "beta",
                              "efficiency",
                              "efficiency_error",
                              "gap",
                              "gap_error",
                              "value",
                              "value_error",
                              "gold",
                              "gold_error",
                              "proxy",
                              "proxy_error",
                              "kl",
                              "kl_error",
                              "log_partition",
                              "log_partition_error",
                              "optimal_value",
                              "reference_value",
                              "method",
                              "reliable",
                              "policy_ess",
                              "policy_pareto_k",
                              "weight_temperature",
                              "readout_ess",
                              "readout_top_share",
                              "readout_pareto_k",
                              "penalty",
                              "degrees_of_freedom",
                              "predicted_gap",
                              "predicted_efficiency"});
  for (const PolicyRow& row : result.rows) {
    CsvLine line;
    line.add(std::string(readout_weights_name(row.weights)));
    line.add(row.beta);
    if (row.policy) {
      add(*row.policy, line);
    } else {
      for (int empty = 0; empty < kPolicyColumns; ++empty) line.add(std::string());
    }
    line.add(row.weight_temperature);
    line.add(row.fit.weights.ess);
    line.add(row.fit.weights.top_share);
    line.add(row.fit.weights.pareto_k);
    line.add(row.fit.penalty);
    line.add(row.fit.degrees_of_freedom);
    line.add(row.predicted ? row.predicted->gap : std::nullopt);
    line.add(row.predicted ? row.predicted->efficiency : std::nullopt);
    text += line.text();
  }
  return text;
}

std::string trajectory_csv(const SimulationResult& result) {
  std::string text = heading({"run", "samples", "weak", "strong", "q0", "q05", "q25", "q50", "q75",
                              "q95", "q100", "leading_overlap"});
  add_trajectory(result.features, "features", text);
  if (result.control) add_trajectory(*result.control, "control", text);
  if (result.refinement) add_refinement(result, text);
  return text;
}

}  // namespace esscher::app
