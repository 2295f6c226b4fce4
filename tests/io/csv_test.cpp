#include "esscher/io/csv.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <utility>

#include "../support/utf16.h"
#include "esscher/base/error.h"
#include "table_rows.h"

namespace esscher {
namespace {

using Rows = TableRows;

Rows rows_of(std::string_view bytes, const std::string& delimiter = "comma") {
  CsvReader reader = CsvReader::over(bytes, "t.csv", {.delimiter = delimiter});
  return rest_of(reader);
}

std::string csv_refusal(std::string_view bytes) {
  return data_refusal([&] { rows_of(bytes); });
}

TEST(Csv, ReadsPlainAndQuotedFields) {
  CsvReader reader = CsvReader::over("a,\"b,\"\"1\"\"\"\n1,\"x\r\ny\"\n,\"\"", "t.csv");
  EXPECT_EQ(reader.columns(), (std::vector<std::string>{"a", "b,\"1\""}));
  EXPECT_EQ(reader.row(), 0U);
  EXPECT_EQ(rest_of(reader), (Rows{{"1", "x\r\ny"}, {"", ""}}));
  EXPECT_EQ(reader.row(), 2U);
  std::vector<std::string_view> fields;
  EXPECT_FALSE(reader.next(fields));
  EXPECT_EQ(reader.row(), 2U);
}

TEST(Csv, EitherLineEndAndTheByteOrderMarkMakeNoDifference) {
  const Rows expected{{"1", "2"}, {"3", "\u00e4"}};
  for (const std::string_view bytes :
       {"a,b\n1,2\n3,\u00e4\n", "a,b\r\n1,2\r\n3,\u00e4\r\n", "a,b\n1,2\n3,\u00e4",
        "\xEF\xBB\xBF"
        "a,b\r\n1,2\n3,\u00e4"}) {
    CsvReader reader = CsvReader::over(bytes, "t.csv");
    EXPECT_EQ(reader.columns(), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(rest_of(reader), expected);
  }
  EXPECT_EQ(rows_of("a\tb\n1,5\t2\n", "tab"), (Rows{{"1,5", "2"}}));
}

TEST(Csv, ATableWithoutRowsIsFine) {
  EXPECT_TRUE(rows_of("a,b").empty());
  EXPECT_TRUE(rows_of("a,b\r\n").empty());
}

TEST(Csv, AnEmptyLineIsAnEmptyFieldOfASingleColumnAndNoRowOfMore) {
  EXPECT_EQ(rows_of("a\n1\n\n2\n"), (Rows{{"1"}, {""}, {"2"}}));
  EXPECT_EQ(rows_of("\n\r\na,b\n\n1,2\r\n\r\n3,4\n\n"), (Rows{{"1", "2"}, {"3", "4"}}));
}

RC_GTEST_PROP(CsvProperty, AnyFieldsReadBackAsTheyWereQuoted, ()) {
  const auto letters =
      rc::gen::container<std::string>(rc::gen::element('a', ',', '"', '\n', '\r', ' ', '\t', '7'));
  const auto width = *rc::gen::inRange<std::size_t>(2, 5);
  const auto table =
      *rc::gen::container<Rows>(rc::gen::container<std::vector<std::string>>(width, letters));
  std::string bytes;
  for (std::size_t j = 0; j < width; ++j) {
    bytes += (j == 0 ? "" : ",") + std::string("c") + std::to_string(j);
  }
  for (const auto& row : table) {
    for (std::size_t j = 0; j < width; ++j) {
      bytes += j == 0 ? "\n\"" : ",\"";
      for (const char letter : row[j]) bytes += letter == '"' ? "\"\"" : std::string(1, letter);
      bytes += '"';
    }
  }
  RC_ASSERT(rows_of(bytes) == table);
}

TEST(Csv, RaggedRowsAreRefused) {
  EXPECT_EQ(csv_refusal("a,b\n1,2\n1\n"),
            "t.csv: row 2: 1 field where the header has 2; quote a field that holds a delimiter");
  EXPECT_NE(csv_refusal("a,b\n1,2,3\n").find("row 1: 3 fields where the header has 2"),
            std::string::npos);
}

TEST(Csv, RowsWithOneFieldMoreThanTheHeaderNameTheRemedy) {
  EXPECT_EQ(csv_refusal("x,y\n1,2,3\n2,3,4\n"),
            "t.csv: row 1: 3 fields where the header has 2; quote a field that holds a delimiter, "
            "or write the table without names of rows (R: row.names=FALSE)");
  EXPECT_EQ(csv_refusal("x,y\n1,2,\n2,3,\n"),
            "t.csv: row 1: 3 fields where the header has 2; quote a field that holds a delimiter, "
            "or remove the delimiter that ends each row");
}

/// Where nobody says what parts the fields.
std::string found_refusal(std::string_view bytes) {
  return data_refusal([&] {
    CsvReader reader = CsvReader::over(bytes, "t.csv");
    rest_of(reader);
  });
}

TEST(Csv, WhereBlanksPartNumbersTheDelimiterIsTold) {
  const std::string one =
      "t.csv: header: one column, named 'x0 y'; say by --delimiter what parts the fields: "
      "--delimiter space for blanks";
  EXPECT_EQ(found_refusal("# x0 y\n9.4e-02 1.2\n1.5e-01 2.5\n").substr(0, 31),
            "t.csv: header: one column, name");
  EXPECT_EQ(found_refusal("x0 y\n0.5 1.5\n1 2\n"), one);
  EXPECT_EQ(found_refusal("\"x0\" \"y\"\n\"1\" 0.5 1\n\"2\" 1.5 2\n"),
            "t.csv: header: text behind a closing quote; double the quotes inside a quoted field, "
            "or say --delimiter space");
  EXPECT_EQ(found_refusal("some text\nof two\nor more\n"), "(read)");
  EXPECT_EQ(found_refusal("my y\n1\n2\n"), "(read)");
}

TEST(Csv, ATitleBeforeTheNamesIsNoTable) {
  const std::string said =
      "t.csv: header: one column, named 'Sales of 2024'; most lines behind it have 3 fields: "
      "remove "
      "what stands before the names of columns, or begin it with '#'; if it is one column, say "
      "--delimiter tab";
  EXPECT_EQ(found_refusal("Sales of 2024\n\na,b,y\n1,2,3\n4,5,6\n"), said);
  EXPECT_EQ(found_refusal("Sales of 2024\nby me\na;b;y\n1;2;3\n4;5;6\n7;8;9\n"), said);
  EXPECT_EQ(
      found_refusal("Sales,2024\na,b,c,y\n1,2,3,4\n"),
      "t.csv: row 1: 4 fields where the header has 2; quote a field that holds a delimiter, or "
      "remove what stands before the names of columns");
  // One column may hold lists, texts and decimal commas.
  EXPECT_EQ(found_refusal("v\n\"0.1, 0.2, 0.3\"\n\"0.4, 0.5, 0.6\"\n"), "(read)");
  EXPECT_EQ(found_refusal("text\n\"a, b, c\"\nd\n\"e, f, g\"\n"), "(read)");
  CsvReader tabs = CsvReader::over("v\n[0.1, 0.2, 0.3]\n[0.4, 0.5, 0.6]\n", "t.tsv");
  EXPECT_EQ(rest_of(tabs).size(), 2U);
  EXPECT_EQ(rows_of("v\n0.1,0.2,0.3\n0.4,0.5,0.6\n", "tab"),
            (Rows{{"0.1,0.2,0.3"}, {"0.4,0.5,0.6"}}));
}

TEST(Csv, SeveralBlanksBetweenFieldsNameTheRemedy) {
  EXPECT_EQ(found_refusal("x   y   z\n1   2   3\n10  5   6\n"),
            "t.csv: header: one column, named 'x   y   z'; several blanks between fields are not "
            "read: awk '{$1=$1; print}' OFS=, puts commas there");
  EXPECT_EQ(found_refusal("my  y\n1\n2\n"), "(read)");
}

TEST(Csv, BlanksAroundNamesAndInEmptyLinesMeanNothing) {
  CsvReader reader = CsvReader::over("   \na, b ,\tc\n1, 2,3\n  \n4,5,6\n", "t.csv");
  EXPECT_EQ(reader.columns(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(rest_of(reader), (Rows{{"1", " 2", "3"}, {"4", "5", "6"}}));
  EXPECT_EQ(csv_refusal("a, a\n1,2\n"),
            "t.csv: header: columns 1 and 2 are both named 'a'; rename one");
  EXPECT_EQ(rows_of("a\n1\n \n"), (Rows{{"1"}, {" "}}));
  EXPECT_EQ(rows_of("a b c\n1 2 3\n  4\n", "space"), (Rows{{"1", "2", "3"}, {"", "", "4"}}));
}

TEST(Csv, BrokenQuotesAreRefused) {
  EXPECT_EQ(csv_refusal("a,b\n1,2\n3,\"4\n5,6\n"),
            "t.csv: row 2: the file ends inside a quoted field; close its quote");
  EXPECT_NE(csv_refusal("a,b\n1,\"2\"x\n").find("row 1: text behind a closing quote"),
            std::string::npos);
  EXPECT_NE(csv_refusal("a,b\n1,2\"x\n").find("row 1: a quote inside a field"), std::string::npos);
  EXPECT_NE(csv_refusal("\"a").find("header: the file ends inside"), std::string::npos);
}

TEST(Csv, BytesThatAreNoTextAreRefused) {
  EXPECT_EQ(csv_refusal("a,b\n1,\xE9\n"),
            "t.csv: row 1: field 2: byte 0xE9 is not UTF-8; save the file as UTF-8");
  // Overlong, a surrogate, beyond U+10FFFF, cut off.
  for (const std::string bytes : {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    EXPECT_NE(csv_refusal("a,b\n1," + bytes + "\n").find("is not UTF-8"), std::string::npos);
  }
  EXPECT_NE(csv_refusal(std::string_view("a,b\n1,\0\n", 8)).find("field 2: a NUL byte"),
            std::string::npos);
  EXPECT_EQ(csv_refusal("\xFF\xFE" + utf16_of("a\n") + "\x34\xD8"),
            "t.csv: line 2, byte 7: the file is UTF-16 and ends within a character; copy the file "
            "again, or save it as UTF-8");
  EXPECT_NE(csv_refusal("a,b\r1,2\r").find("carriage return without a line feed"),
            std::string::npos);
}

TEST(Csv, HeadersMustNameEveryColumnOnce) {
  EXPECT_EQ(csv_refusal(""), "t.csv: the file is empty; its first row must name the columns");
  EXPECT_EQ(csv_refusal("a,,b\n"),
            "t.csv: header: column 2 has no name; name it or remove it (pandas: index=False)");
  EXPECT_EQ(csv_refusal(",a,b\n1,2,3\n"), "(read)");  // row numbers, as pandas writes them
  EXPECT_EQ(csv_refusal(",Unnamed: 0,b\n1,2,3\n"), "(read)");
  EXPECT_EQ(csv_refusal("a,b,a\n"),
            "t.csv: header: columns 1 and 3 are both named 'a'; rename one");
  EXPECT_NE(csv_refusal("a;b\n1;2\n").find("one column, named 'a;b'; say by --delimiter"),
            std::string::npos);
}

TEST(Csv, ARowOfNumbersIsNoHeader) {
  EXPECT_EQ(csv_refusal("0.31,2,-1\n0.5,1,0\n"),
            "t.csv: header: only numbers, '0.31', '2', '-1'; the first row must name the columns");
  EXPECT_EQ(csv_refusal("0,1,2\n0.5,1,0\n"), "(read)");  // pandas' names for columns without one
}

TEST(Csv, AFieldBeyond16MebibytesIsRefused) {
  const std::size_t most = std::size_t{1} << 24;
  EXPECT_EQ(rows_of("a\n" + std::string(most, 'x')).at(0).at(0).size(), most);
  EXPECT_NE(
      csv_refusal("a\n" + std::string(most + 1, 'x')).find("row 1: a field is longer than 16 MiB"),
      std::string::npos);
  EXPECT_NE(csv_refusal("a\n\"" + std::string(most + 1, 'x') + "\"").find("closing quote missing?"),
            std::string::npos);
}

class CsvFile : public testing::Test {
 protected:
  CsvFile()
      : folder_(std::filesystem::path(testing::TempDir()) /
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(folder_);
  }
  ~CsvFile() override { std::filesystem::remove_all(folder_); }
  std::string put(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return (folder_ / name).string();
  }
  std::filesystem::path folder_;
};

// Rows of 7 bytes do not divide a block of 1 MiB, so that block ends fall everywhere in a row.
TEST_F(CsvFile, BlocksMakeNoDifference) {
  const std::size_t count = 600'000;
  std::string bytes = "aa,b\r\n";
  for (std::size_t i = 0; i < count; ++i) bytes += "\"x\",\r\n\"\"\"\",\r\n";
  CsvReader reader(put("t.csv", bytes));
  std::vector<std::string_view> fields;
  std::size_t wrong = 0;
  while (reader.next(fields)) wrong += fields[0] == (reader.row() % 2 == 1 ? "x" : "\"") ? 0U : 1U;
  EXPECT_EQ(reader.row(), 2 * count);
  EXPECT_EQ(wrong, 0U);
}

TEST_F(CsvFile, TheExtensionTellsTheDelimiter) {
  CsvReader reader(put("t.TSV", "a\tb,c\n1\t2\n"));
  EXPECT_EQ(reader.columns(), (std::vector<std::string>{"a", "b,c"}));
  CsvReader moved = std::move(reader);
  EXPECT_EQ(rest_of(moved), (Rows{{"1", "2"}}));
}

TEST_F(CsvFile, WhatCannotBeReadIsAnIoError) {
  EXPECT_THROW(CsvReader((folder_ / "none.csv").string()), IoError);
  try {
    CsvReader reader(folder_.string());
    FAIL();
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("cannot be read (Is a directory)"), std::string::npos);
  }
}

double number_in(const std::string& field) {
  const std::string bytes = "a,y\n1,\"" + field + "\"\n";
  CsvReader reader = CsvReader::over(bytes, "t.csv");
  std::vector<std::string_view> fields;
  reader.next(fields);
  return reader.number(fields[1], 1);
}

std::string number_refusal(const std::string& field) {
  try {
    number_in(field);
  } catch (const DataError& error) {
    return error.what();
  }
  return "(read)";
}

TEST(CsvNumber, IsReadOrMissing) {
  EXPECT_EQ(number_in(" 1.5"), 1.5);
  EXPECT_TRUE(std::isnan(number_in("n/a")));
}

TEST(CsvNumber, OthersAreRefusedWithTheirPlace) {
  EXPECT_EQ(
      number_refusal("abc"),
      "t.csv: row 1, column y: 'abc' is not a number; a missing value is an empty field, or a "
      "word that --missing names");
  EXPECT_EQ(number_refusal("-inf"),
            "t.csv: row 1, column y: '-inf' is not finite; give a number or nothing");
  EXPECT_EQ(number_refusal("1e999"),
            "t.csv: row 1, column y: '1e999' is beyond the largest double, 1.8e308");
  EXPECT_EQ(number_refusal("a\nb" + std::string(60, 'c')),
            "t.csv: row 1, column y: 'a?b" + std::string(45, 'c') +
                "...' is not a number; a missing value is an empty field, or a word that --missing "
                "names");
}

}  // namespace
}  // namespace esscher
