#pragma once

// Whether records are what docs/schemas says.

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

namespace esscher::testing_support {

/// What the schema of a kind of record has to say against \p record; "" where it meets it.
/// \param folder  docs/schemas
inline std::string schema_faults(const std::string& folder, const std::string& kind,
                                 const nlohmann::json& record) {
  using Adapter = valijson::adapters::NlohmannJsonAdapter;
  std::ifstream file(folder + "/" + kind + ".schema.json");
  const nlohmann::json text = nlohmann::json::parse(file, nullptr, false);
  EXPECT_FALSE(text.is_discarded()) << kind;
  valijson::Schema schema;
  valijson::SchemaParser().populateSchema(Adapter(text), schema);
  valijson::ValidationResults results;
  valijson::Validator().validate(schema, Adapter(record), &results);
  std::string list;
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    for (const std::string& part : error.context) list += part;
    list += ": " + error.description + "\n";
  }
  return list;
}

}  // namespace esscher::testing_support
