#include "esscher/io/jsonl.h"

#include <gtest/gtest.h>

#include <cmath>

#include "esscher/base/error.h"
#include "table_rows.h"

namespace esscher {
namespace {

using Names = std::vector<std::string>;
using Rows = TableRows;

Rows jsonl_rows(std::string_view bytes) {
  JsonlReader reader = JsonlReader::over(bytes, "t.jsonl");
  return rest_of(reader);
}

std::string jsonl_refusal(std::string_view bytes) {
  return data_refusal([&] { jsonl_rows(bytes); });
}

TEST(Jsonl, KeysAreColumnsAndNumbersAreReadAsTheyAreWritten) {
  JsonlReader reader = JsonlReader::over(
      "{\"a\": 1.50, \"b\": \"x\\n\\u00e4\"}\n{\"b\":\"\",\"a\":-2e-3}\r\n\n  \n{\"a\":0}",
      "t.jsonl");
  EXPECT_EQ(reader.columns(), (Names{"a", "b"}));
  EXPECT_EQ(reader.row(), 0U);
  EXPECT_EQ(rest_of(reader), (Rows{{"1.50", "x\n\u00e4"}, {"-2e-3", ""}, {"0", ""}}));
  EXPECT_EQ(reader.row(), 3U);
  EXPECT_EQ(reader.number("-2e-3", 0), -2e-3);
  EXPECT_EQ(reader.remark(), "");
}

TEST(Jsonl, BooleansAreNumbersAndNullsAndAbsentKeysMissing) {
  EXPECT_EQ(jsonl_rows("{\"a\":true,\"b\":null}\n{\"a\":false}\n{\"b\":\"NA\",\"c\":7}\n"),
            (Rows{{"1", "", ""}, {"0", "", ""}, {"", "NA", "7"}}));
  // What Python's json writes for numbers that are none.
  EXPECT_EQ(jsonl_rows("{\"a\":NaN}\n{\"a\":-Infinity}\n"), (Rows{{"NaN"}, {"-Infinity"}}));
  JsonlReader reader = JsonlReader::over("{\"a\":1}", "t.jsonl");
  EXPECT_TRUE(std::isnan(reader.number("NaN", 0)));
}

TEST(Jsonl, ListsOfNumbersAreColumns) {
  JsonlReader reader = JsonlReader::over(
      "{\"y\":1,\"e\":[0.5,null,true]}\n{\"e\":null,\"y\":2}\n{\"e\":[1,2,3]}\n", "t.jsonl");
  EXPECT_EQ(reader.columns(), (Names{"y", "e[0]", "e[1]", "e[2]"}));
  EXPECT_EQ(rest_of(reader), (Rows{{"1", "0.5", "", "1"}, {"2", "", "", ""}, {"", "1", "2", "3"}}));
}

TEST(Jsonl, OtherListsAreTextsAsTheyStand) {
  EXPECT_EQ(jsonl_rows("{\"m\":[1]}\n{\"m\":[{\"role\": \"user\"}, [2]]}\n{\"m\":[]}\n"),
            (Rows{{"[1]"}, {"[{\"role\": \"user\"}, [2]]"}, {"[]"}}));
}

TEST(Jsonl, ObjectsWithinGiveColumnsOfTheirOwn) {
  JsonlReader reader = JsonlReader::over(
      "{\"s\":{\"a\":1,\"b\":{\"c\":[2,3]}},\"y\":4}\n{\"s\":null,\"y\":5}\n{\"s\":{}}\n",
      "t.jsonl");
  EXPECT_EQ(reader.columns(), (Names{"s.a", "s.b.c[0]", "s.b.c[1]", "y"}));
  EXPECT_EQ(rest_of(reader), (Rows{{"1", "2", "3", "4"}, {"", "", "", "5"}, {"", "", "", ""}}));
}

TEST(Jsonl, ValuesOfAnotherKindNameTheRowAndTheKey) {
  EXPECT_EQ(jsonl_refusal("{\"e\":[1,2]}\n{\"e\":[1]}\n"),
            "t.jsonl: row 2: key 'e': a list of 1 where row 1 has 2; lists of numbers must have "
            "one length");
  EXPECT_EQ(jsonl_refusal("{\"e\":1}\n{\"e\":[1]}\n"),
            "t.jsonl: row 2: key 'e': a list of numbers where row 1 has a single value; write all "
            "alike");
  EXPECT_EQ(jsonl_refusal("{}\n{\"e\":{\"a\":1}}\n{\"e\":\"x\"}\n"),
            "t.jsonl: row 3: key 'e': a single value where row 2 has an object; write all alike");
  EXPECT_EQ(jsonl_refusal("{\"e\":1,\"e\":2}\n"),
            "t.jsonl: row 1: key 'e': there twice; rename one");
  EXPECT_EQ(jsonl_refusal("{\"e.a\":1,\"e\":{\"a\":2}}\n"),
            "t.jsonl: row 1: key 'e.a': there twice; rename one");
  EXPECT_EQ(jsonl_refusal("{\"e[0]\":1,\"e\":[2]}\n"),
            "t.jsonl: two columns would be named 'e[0]', one of them from within a list or an "
            "object; rename one");
  EXPECT_EQ(jsonl_refusal("{\"\":1}"),
            "t.jsonl: row 1: a key without a name; keys name the columns");
  EXPECT_EQ(jsonl_refusal("{}\n"), "t.jsonl: its objects have no keys; keys name the columns");
}

TEST(Jsonl, WhatComesBehindTheFirstThousandRowsMustBeKnown) {
  std::string bytes = "{\"a\":1,\"n\":null,\"e\":[1,2]}\n";
  for (int i = 1; i < 1000; ++i) bytes += "{\"a\":1}\n";
  EXPECT_EQ(jsonl_rows(bytes + "{\"e\":[3,4]}\n").back(),
            (std::vector<std::string>{"", "", "3", "4"}));
  EXPECT_EQ(jsonl_refusal(bytes + "{\"b\":1}\n"),
            "t.jsonl: row 1001: key 'b': in none of the first 1000 rows, which tell the columns; "
            "write it there, as null where it is missing");
  EXPECT_EQ(jsonl_refusal(bytes + "{\"n\":[1]}\n"),
            "t.jsonl: row 1001: key 'n': a list of numbers where the first 1000 rows have null; "
            "write one of them there");
  EXPECT_EQ(
      jsonl_refusal(bytes + "{\"e\":[1,\"x\"]}\n"),
      "t.jsonl: row 1001: key 'e': a list where row 1 has a list of numbers; write all alike");
  // A scalar is what null stands for otherwise.
  EXPECT_EQ(jsonl_rows(bytes + "{\"a\":\"x\"}\n").back()[0], "x");
}

TEST(Jsonl, WhatIsNoJsonIsRefusedWithItsRow) {
  const std::string no_json = "t.jsonl: row 2: no JSON (";
  for (const std::string line : {"{\"a\":1", "{\"a\" 1}", "{\"a\":1,}", "{\"a\":\"\\x\"}", "{a:1}",
                                 "{\"a\":\"\xFF\"}", "{\"a\":[1 2]}", "{\"a\":[1}"}) {
    EXPECT_EQ(jsonl_refusal("{\"a\":1}\n" + line + "\n").substr(0, 17), no_json.substr(0, 17))
        << line;
  }
  for (const std::string value : {"01", "1.", "+1", ".5", "nul", "tru", "0x1", "1e", "abc"}) {
    EXPECT_NE(jsonl_refusal("{\"a\":" + value + "}\n").find("key 'a': '" + value + "' is no JSON"),
              std::string::npos)
        << value;
    EXPECT_NE(jsonl_refusal("{\"b\":1,\"a\":" + value + "}\n"), "(read)") << value;
  }
  EXPECT_EQ(jsonl_refusal("{\"a\":1} {\"a\":2}\n"),
            "t.jsonl: row 1: text behind the object; write one object a line");
  EXPECT_EQ(jsonl_refusal("{\"a\":1}\n[1]\n"),
            "t.jsonl: row 2: no object; each line must be one, {\"column\": value, ...}");
  EXPECT_EQ(jsonl_refusal("[{\"a\":1}]"),
            "t.jsonl: row 1: a list; write its objects one a line, as jq -c '.[]' does");
  EXPECT_EQ(jsonl_refusal("\n \n"), "t.jsonl: the file is empty; it must hold an object a line");
  EXPECT_NE(jsonl_refusal("{\n\"a\": 1\n}\n").find("row 1: no JSON ("), std::string::npos);
}

TEST(Jsonl, ObjectsAreRefusedWhereTheyAreTooDeepAndRowsWhereTheyAreTooLong) {
  std::string deep = "1";
  for (int i = 0; i < 17; ++i) deep = "{\"a\":" + deep + "}";
  EXPECT_EQ(jsonl_refusal(deep), "t.jsonl: row 1: objects within objects, more than 16 deep");
  EXPECT_EQ(jsonl_refusal("{\"a\":\"" + std::string(std::size_t{1} << 24, 'x') + "\"}"),
            "t.jsonl: a row is longer than 16 MiB; end each object's line");
}

TEST(Jsonl, NumbersInTextsAreNumbersWithPoints) {
  JsonlReader reader =
      JsonlReader::over("{\"a\":\"1.5\",\"b\":\"1,5\"}", "t.jsonl", {.decimal = ","});
  std::vector<std::string_view> fields;
  ASSERT_TRUE(reader.next(fields));
  EXPECT_EQ(reader.number(fields[0], 0), 1.5);
  try {
    reader.number(fields[1], 1);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_STREQ(
        error.what(),
        "t.jsonl: row 1, column b: '1,5' is no number as JSON writes them; write it with a "
        "decimal point, if any");
  }
}

}  // namespace
}  // namespace esscher
