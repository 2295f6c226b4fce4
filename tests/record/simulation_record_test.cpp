#include "esscher/record/simulation_record.h"

#include <gtest/gtest.h>

#include "records.h"

namespace esscher {
namespace {

using nlohmann::json;
using testing_support::record_of;
using testing_support::run_of;

TEST(SimulationRecord, MeetsItsSchema) {
  SimulationOptions options{.model = {parse_link("damped_hermite:2"), parse_noise("none")}};
  options.dim = 20;
  options.width = 6;
  options.feature_samples = 1000;
  options.readout_samples = 1000;
  options.policy_samples = 4096;
  options.deployment_temperatures = {1};
  options.weights = {ReadoutWeights::uniform};
  options.seed = 3;
  options.threads = 1;
  SimulationResult result = simulate(options);
  const json record = record_of(simulation_record(result, run_of("again")), RecordKind::simulate);
  EXPECT_EQ(record["status"], "completed");
  EXPECT_EQ(record["options"]["seed"], "7");
  EXPECT_EQ(record["features"]["overlaps"], json(result.overlaps));
  EXPECT_EQ(record["policies"][0]["policy"]["gold"]["value"], result.rows[0].policy->gold.value);
  EXPECT_EQ(record["temperatures"][0]["weights"], "uniform");
  EXPECT_TRUE(record.at("control").is_null());

  result.rows[0].policy.reset();
  result.refinement.reset();
  const json less = record_of(simulation_record(result, run_of("again")), RecordKind::simulate);
  EXPECT_TRUE(less["policies"][0].at("policy").is_null());
  EXPECT_TRUE(less.at("refinement").is_null());
}

}  // namespace
}  // namespace esscher
