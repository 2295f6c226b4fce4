#pragma once

// What tests of records share.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "../support/schema.h"
#include "esscher/record/run_record.h"
#include "esscher/report/record.h"

namespace esscher::testing_support {

inline RunRecord run_of(const std::string& command) {
  RunRecord run;
  run.command = command;
  run.options = {{"seed", "7"}, {"beta", "1"}};
  return run;
}

/// The record, which must meet the schema of its kind; without its options it must not.
inline nlohmann::json record_of(const std::string& text, RecordKind kind) {
  EXPECT_EQ(record_kind(text, "record"), kind);
  nlohmann::json record = nlohmann::json::parse(text);
  const std::string name(record_kind_name(kind));
  EXPECT_EQ(schema_faults(ESSCHER_SCHEMAS, name, record), "");
  nlohmann::json broken = record;
  broken.erase("options");
  EXPECT_NE(schema_faults(ESSCHER_SCHEMAS, name, broken), "");
  return record;
}

}  // namespace esscher::testing_support
