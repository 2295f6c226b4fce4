#include "esscher/report/record.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "esscher/base/error.h"

namespace esscher {
namespace {

std::string refusal(const std::string& json) {
  try {
    record_kind(json, "a.json");
  } catch (const DataError& error) {
    return error.what();
  }
  return "accepted";
}

constexpr char kNoResult[] =
    "a.json: is no result of theory, simulate, fit, evaluate or audit; name a result.json of one "
    "of them";
constexpr char kNoObject[] =
    "a.json: is no JSON object; name a result.json, a folder that holds one, or what --format json "
    "printed";

TEST(RecordKind, HasTheNameOfItsCommand) {
  const std::pair<RecordKind, std::string> named[] = {{RecordKind::theory, "theory"},
                                                      {RecordKind::simulate, "simulate"},
                                                      {RecordKind::fit, "fit"},
                                                      {RecordKind::evaluate, "evaluate"},
                                                      {RecordKind::pairs, "pairs"}};
  for (const auto& [kind, name] : named) {
    EXPECT_EQ(record_kind_name(kind), name);
    EXPECT_EQ(record_kind(R"({"record": ")" + name + R"(", "record_version": 1})", "a.json"), kind);
    // A name is enough: fields are only added.
    EXPECT_EQ(record_kind(R"({"record": ")" + name + R"("})", "a.json"), kind);
  }
  EXPECT_THROW(record_kind_name(static_cast<RecordKind>(99)), InternalError);
}

TEST(RecordKind, OfOldRecordsIsToldByTheirFields) {
  EXPECT_EQ(record_kind(R"({"rewards": [{"policies": [{"beta": 1}]}]})", "a.json"),
            RecordKind::evaluate);
  EXPECT_EQ(record_kind(R"({"policies": [], "features": {}})", "a.json"), RecordKind::simulate);
  EXPECT_EQ(record_kind(R"({"temperatures": [], "exponents": {}})", "a.json"), RecordKind::theory);
  EXPECT_EQ(refusal(R"({"policies": []})"), kNoResult);
  EXPECT_EQ(refusal(R"({"temperatures": []})"), kNoResult);
}

TEST(RecordKind, IsNotGuessedFromFieldsWhereARecordHasANameOrAVersion) {
  EXPECT_EQ(refusal(R"({"record": "poem", "rewards": [{"policies": [1]}]})"), kNoResult);
  EXPECT_EQ(refusal(R"({"record_version": 1, "rewards": [{"policies": [1]}]})"), kNoResult);
  EXPECT_EQ(refusal(R"({"record": 7, "record_version": 1})"), kNoResult);
}

TEST(RecordKind, OfAnEvaluationOfPairsIsNotThatOfAnEvaluation) {
  EXPECT_EQ(record_kind(R"({"rewards": [{"name": "auto", "log_loss": {"value": 0.6}}]})", "a.json"),
            RecordKind::pairs);
  EXPECT_EQ(record_kind(R"({"rewards": [{"policies": [1], "log_loss": {}}]})", "a.json"),
            RecordKind::evaluate);
}

TEST(RecordKind, OfANewerVersionIsRefusedWithTheVersionThatIsNeeded) {
  const std::string newer = std::to_string(kRecordVersion + 1);
  EXPECT_EQ(refusal(R"({"record": "fit", "record_version": )" + newer + "}"),
            "a.json: is a record of version " + newer + ", and this esscher reads up to " +
                std::to_string(kRecordVersion) + "; take a newer esscher");
  // Whatever it is of: newer versions may have kinds that this one does not know.
  EXPECT_TRUE(refusal(R"({"record": "poem", "record_version": 9})").ends_with("a newer esscher"));
}

TEST(RecordKind, OfWhatIsNoJsonObjectIsRefused) {
  for (const char* text : {"", "{", "[1]", "words", "{\"record\": \"fit\"} {}", "\xff"}) {
    EXPECT_EQ(refusal(text), kNoObject) << text;
  }
  EXPECT_EQ(refusal("{}"), kNoResult);
}

}  // namespace
}  // namespace esscher
