#include "esscher/record/theory_record.h"

#include <gtest/gtest.h>

#include "records.h"

namespace esscher {
namespace {

using nlohmann::json;
using testing_support::record_of;
using testing_support::run_of;

TEST(TheoryRecord, MeetsItsSchema) {
  TheoryOptions options{{parse_link("tanh"), Noise()}, {2, 0.5}, 4, {}, 1};
  const TheoryReport report = analyse(options);
  const json record = record_of(theory_record(report, run_of("again")), RecordKind::theory);
  // Of the report itself.
  EXPECT_EQ(record["options"]["link"], "tanh");
  EXPECT_EQ(record["options"]["beta"], json({2, 0.5}));
  EXPECT_FALSE(record["options"].contains("seed"));
  EXPECT_TRUE(record["options"].at("learned").is_null());
  EXPECT_EQ(record["exponents"]["hermite"], json(report.exponents.hermite));
  EXPECT_EQ(record["temperatures"][1]["kl"], report.rows[1].law.kl);
  EXPECT_FALSE(record["temperatures"][0].contains("learned"));
  EXPECT_EQ(record["reward_curve"]["z"].size(), 241);
  // Finite at every temperature: the limit is infinite.
  EXPECT_TRUE(record["link"].at("inverse_temperature_limit").is_null());

  options.learned = parse_link("max(0,u-1)");
  options.overlap = 0.5;
  const TheoryReport both = analyse(options);
  const json more = record_of(theory_record(both, run_of("again")), RecordKind::theory);
  EXPECT_EQ(more["options"]["overlap"], 0.5);
  EXPECT_EQ(more["temperatures"][0]["learned"]["value"], both.rows[0].learned->value);
}

}  // namespace
}  // namespace esscher
