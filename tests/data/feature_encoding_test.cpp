#include "esscher/data/feature_encoding.h"

#include <gtest/gtest.h>

#include "esscher/base/error.h"

namespace esscher {
namespace {

using Kind = EncodedColumn::Kind;

FeatureEncoding example() {
  FeatureEncoding encoding;
  encoding.columns.push_back({"length"});
  encoding.columns.push_back({"system", Kind::category, {"\"a\"", "\u00e9"}});
  EncodedColumn sequence{"seq", Kind::sequence};
  sequence.length = 3;
  sequence.position_levels = {{"A", "C"}, {"G"}, {"A", "C", "\u00e9"}};
  encoding.columns.push_back(sequence);
  encoding.columns.push_back({"age"});
  return encoding;
}

TEST(FeatureEncoding, NamesFeaturesInOrderAndSkipsPositionsThatNeverVary) {
  EXPECT_EQ(example().feature_names(),
            (std::vector<std::string>{"length", "system=\"a\"", "system=\u00e9", "seq[1]=A",
                                      "seq[1]=C", "seq[3]=A", "seq[3]=C", "seq[3]=\u00e9", "age"}));
}

TEST(FeatureEncoding, EachOneHotBlockHasItsNumber) {
  EXPECT_EQ(example().blocks(), (std::vector<int>{-1, 0, 0, 1, 1, 2, 2, 2, -1}));
}

TEST(FeatureEncoding, WidthNamesAndBlocksAgree) {
  const FeatureEncoding encoding = example();
  EXPECT_EQ(encoding.width(), 9U);
  EXPECT_EQ(encoding.feature_names().size(), encoding.width());
  EXPECT_EQ(encoding.blocks().size(), encoding.width());
  EXPECT_EQ(encoding.columns[2].width(), 5U);
}

TEST(FeatureEncoding, ReadsBackFromItsJson) {
  FeatureEncoding encoding = example();
  EXPECT_EQ(FeatureEncoding::from_json(encoding.to_json(), "m"), encoding);
  encoding.impute_means = {0.1, -1e300};
  encoding.array_columns = 7;
  encoding.missing = {"?", "-999"};
  EXPECT_EQ(FeatureEncoding::from_json(encoding.to_json(), "m"), encoding);
  EXPECT_EQ(encoding.to_json().find('\n'), std::string::npos);
}

std::string refusal(std::string_view text) {
  try {
    FeatureEncoding::from_json(text, "m.safetensors");
  } catch (const DataError& error) {
    return error.what();
  }
  return "(read)";
}

TEST(FeatureEncoding, RefusesOtherJson) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"", "is not a JSON object"},
      {"[]", "is not a JSON object"},
      {R"({"columns":3})", "with columns"},
      {R"({"columns":[]})", "has no columns"},
      {R"({"columns":["a","a"]})", "has two columns 'a'"},
      {R"({"columns":[1]})", "neither a name"},
      {R"({"columns":[{"name":1,"levels":["a"]}]})", "not text"},
      {R"({"columns":[{"name":"a","levels":[]}]})", "no list"},
      {R"({"columns":[{"name":"a","levels":["b","a"]}]})", "levels out of order"},
      {R"({"columns":[{"name":"a","levels":["a","a"]}]})", "levels out of order"},
      {R"({"columns":[{"name":"a","more":1}]})", "neither levels nor positions"},
      {R"({"columns":[{"name":"a","positions":[["A","BC"]]}]})", "not one character"},
      {R"({"columns":["a"],"impute_means":["x"]})", "no numbers"},
      {R"({"columns":["a"],"impute_means":[1,2]})", "2 impute_means for 1 numeric columns"},
      {R"({"columns":["a"],"array_columns":-1})", "no count"},
      {R"({"columns":["a"],"missing":"?"})", "missing words that are no list"},
      {R"({"columns":["a"],"missing":[1]})", "not text"},
  };
  for (const auto& [text, part] : cases) {
    const std::string line = refusal(text);
    EXPECT_EQ(line.rfind("m.safetensors: the feature encoding ", 0), 0U) << text << ": " << line;
    EXPECT_NE(line.find(part), std::string::npos) << text << ": " << line;
  }
}

}  // namespace
}  // namespace esscher
