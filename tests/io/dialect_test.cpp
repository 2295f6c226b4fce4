#include "io/dialect.h"

#include <gtest/gtest.h>

#include "esscher/base/error.h"

namespace esscher::internal {
namespace {

Dialect found(std::string_view sample, const TableFormat& format = {}, char plain = ',') {
  return find_dialect(sample, true, format, plain, "t.csv");
}

/// "delimiter decimal": enough for most tests.
std::string marks(std::string_view sample, const TableFormat& format = {}) {
  const Dialect dialect = found(sample, format);
  return {dialect.delimiter, ' ', dialect.numbers.decimal};
}

std::string format_refusal(const TableFormat& format) {
  try {
    found("a,b\n1,2\n", format);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "(found)";
}

TEST(Dialect, TheDelimiterIsTheOneThatGivesRowsAsManyFieldsAsNames) {
  EXPECT_EQ(marks("a,b\n1,2\n"), ", .");
  EXPECT_EQ(marks("a;b\n1;2\n"), "; .");
  EXPECT_EQ(marks("a\tb\n1\t2\n"), "\t .");
  EXPECT_EQ(marks("a|b\n1|2\n"), "| .");
  EXPECT_EQ(marks("a;b"), "; .");  // no row
  EXPECT_EQ(marks("a\n1\n"), ", .");
  EXPECT_EQ(marks(""), ", .");
  // Commas are in as many places, but in one row too few.
  EXPECT_EQ(marks("x,m|y,m\n1,5|2,5\n1|2,5\n"), "| ,");
  EXPECT_EQ(marks("name\ttext\nu\tone, two\nv\tone\n"), "\t .");
}

TEST(Dialect, QuotedDelimitersDoNotCount) {
  EXPECT_EQ(marks("a;b\n\"1,2,3\";\"x\ny\"\n\"4,5,6\";\"\"\"\"\n"), "; .");
  EXPECT_EQ(marks("\"a;c\",b\n\"1;2\",2\n"), ", .");
}

TEST(Dialect, AmongFittingDelimitersNumbersDecideThenThePlainOne) {
  // Three fields by commas, too, but "Foo; 1" and "5; 2" are no numbers.
  EXPECT_EQ(marks("name; size, kg; price, EUR\nFoo; 1,5; 2,5\nBar; 2,5; 3,5\n"), "; ,");
  EXPECT_EQ(marks("a,b;c\nx,y;z\n"), ", .");
  EXPECT_EQ(found("a,b\tc\nx,y\tz\n", {}, '\t').delimiter, '\t');
}

TEST(Dialect, ARaggedRowDoesNotTurnTheTable) {
  EXPECT_EQ(marks("a;b\n1;2\n3;4;5\n6;7\n"), "; .");
  EXPECT_EQ(marks("a,b\n1,2,3\n"), ", .");
  EXPECT_EQ(marks("a;b;c\n1;1;2;3\n2;1;2;3\n"), "; .");  // rows with a name of their own, as R's
}

TEST(Dialect, TheDecimalMarkIsThatOfMostColumns) {
  EXPECT_EQ(marks("a;b\n0,5;1\n"), "; ,");
  EXPECT_EQ(marks("a;b\n0.5;1\n"), "; .");
  EXPECT_EQ(marks("a,b\n\"1,5\",2\n"), ", ,");
  EXPECT_EQ(marks("version;b;c\n1.2;0,5;2,5\n1.3;1,5;2\n"), "; ,");
  EXPECT_EQ(marks("a;list\n0.5;1,5\n"), "; .");      // a tie
  EXPECT_EQ(marks("a;b\n1,5;0.5\nu;1.5\n"), "; .");  // a text column counts for neither
  EXPECT_EQ(marks("a;b\n1.234;5\n"), "; .");         // nothing speaks for a comma
  EXPECT_EQ(marks("a;b\n1.234;0,5\n"), "; ,");
  EXPECT_FALSE(found("a;b\n1.234;0,5\n").numbers.grouped);
}

TEST(Dialect, ThousandsArePartedWhereANumberCannotBeReadOtherwise) {
  EXPECT_EQ(marks("a;b\n1,234,567;1\n"), "; .");
  EXPECT_EQ(marks("a;b\n1.234.567;0,5\n"), "; ,");
  EXPECT_EQ(marks("a;b\n1.234,5;1\n"), "; ,");
  for (const char* sample : {"a;b\n1.234,5;1\n", "a;b\n1.234.567;1\n7;2\n", "a;b\n1,234.5;1\n",
                             "a;b\n1,034,567;1\n", "a,b\n\"1,234,567\",1\n\"12,000\",2\n",
                             "a;b\n1 034;1\n56;2\n", "a;b\n1 234;1\n0.5;2\n", "a;b\n1'234;1\n"}) {
    EXPECT_TRUE(found(sample).numbers.grouped) << sample;
  }
  for (const char* sample : {"a;b\n1 234;1\n", "a;b\n1,234;1\n", "a;b\n1 234;1\nx;2\n"}) {
    EXPECT_FALSE(found(sample).numbers.grouped) << sample;
  }
}

TEST(Dialect, WhatMayBeListsOfNumbersIsNotReadAsThousands) {
  for (const char* sample : {
           "a;b\n1,234,567;1\n",
           "a,b\n\"1,234,567\",1\n5,2\n",
           "a;b\n1 234;1\n56;2\n",
           "a,b\n\"1,234\",1\n5,2\n",
           // Beside a column that may hold lists nothing tells what the mark is, not even
           // one that holds none.
           "a,b\n\"1,000,567\",\"1,234\"\n\"2,000,567\",5\n",
           "a,b\n\"1,234\",\"1,000,567\"\n5,\"2,000,567\"\n",
           "a,b,c\n\"1,234\",\"1,000,567\",0.5\n5,\"2,000,567\",1\n",
       }) {
    EXPECT_FALSE(found(sample).numbers.grouped) << sample;
    EXPECT_EQ(found(sample).thousands, "") << sample;
  }
  // Lists by blanks alone are texts, and lone numbers beside them a doubt.
  EXPECT_EQ(found("a;b\n128 255;1\n12 113;2\n").numbers.thousands, "");
  EXPECT_EQ(found("a;b\n128 255;1\n12;2\n").numbers.thousands, " ");
  EXPECT_TRUE(found("a;b\n1,234,567;1\n", {.decimal = "."}).numbers.grouped);
}

TEST(Dialect, OneMarkBetweenThousandsIsFound) {
  EXPECT_EQ(found("a;b\n1 034;1\n12;2\n").numbers.thousands, " ");
  EXPECT_EQ(found("a;b\n1 234.5;1\n").numbers.thousands, " ");
  EXPECT_EQ(found("a;b\n1\u00A0234;1\n").numbers.thousands, "\u00A0");
  EXPECT_EQ(found("a;b\n1,034,567;1\n").numbers.thousands, ",");
  // Nothing tells whether 1.595 is 1595, as 7.598.143 says, or a version stands there.
  EXPECT_TRUE(found("a;b\n7.598.143;1.595\n").numbers.unsettled);
  EXPECT_FALSE(found("a;b;c\n7.598.143;1.595;0,5\n").numbers.unsettled);
  EXPECT_FALSE(found("a;b\n7.598.143;7\n1.595;8\n").numbers.unsettled);
}

TEST(Dialect, WhatIsSaidIsNotLookedFor) {
  EXPECT_EQ(marks("a;b\n1,5;2\n", {.delimiter = ","}), ", .");
  EXPECT_EQ(marks("a b\n1 2\n", {.delimiter = "space"}), "  .");
  EXPECT_EQ(marks("a:b\n1:2\n", {.delimiter = ":"}), ": .");
  EXPECT_EQ(marks("a;b\n0,5;2\n", {.decimal = "."}), "; .");
  EXPECT_TRUE(found("a;b\n1,234;2\n", {.decimal = "."}).numbers.grouped);
  EXPECT_EQ(format_refusal({.delimiter = "x"}),
            "--delimiter = 'x': must be comma, tab, semicolon, pipe, space or a mark such as ':'");
  EXPECT_EQ(format_refusal({.decimal = ";"}),
            "--decimal = ';': must be '.' or ','; leave it out to find it");
}

TEST(Dialect, CommentsBeforeTheNamesArePassedOver) {
  const Dialect dialect = found("# from the plate reader\n#\n\na,b\n1,2\n");
  EXPECT_EQ(dialect.begin, 27U);
  EXPECT_EQ(dialect.comment_lines, 2U);
  EXPECT_FALSE(dialect.names_in_comment);
  EXPECT_EQ(found("sep=;\na;b\n1;2\n").begin, 6U);
  EXPECT_EQ(marks("sep=|\na;b|c\n1;2|3\n"), "| .");
}

TEST(Dialect, TheLastCommentNamesColumnsOfNumbersThatHaveNoOtherNames) {
  const Dialect dialect = found("# savetxt\n# a;b\n1;2\n3;4\n");
  EXPECT_TRUE(dialect.names_in_comment);
  EXPECT_EQ(dialect.begin, 12U);
  EXPECT_EQ(dialect.comment_lines, 1U);
  EXPECT_FALSE(found("# a;b\nu;v\n3;4\n").names_in_comment);
  EXPECT_TRUE(found("#id;b\nu;2\nv;4\n").names_in_comment);
  EXPECT_FALSE(found("#id;2\nu;2\nv;4\n").names_in_comment);
  EXPECT_FALSE(found("# 7;8\n1;2\n3;4\n").names_in_comment);
  EXPECT_FALSE(found("# a\n1;2\n3;4\n").names_in_comment);
}

TEST(Dialect, CommentsWithoutATableAreRefused) {
  try {
    find_dialect("# a\n# b\n", false, {}, ',', "t.csv");
    FAIL();
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(),
                 "t.csv: 2 lines that begin with '#' and no table behind them; remove them");
  }
}

TEST(Dialect, OnlyTheFirstThousandRowsAreLookedAt) {
  std::string sample = "a;b\n";
  for (int i = 0; i < 1000; ++i) sample += "1;2\n";
  EXPECT_EQ(marks(sample + "0,5;2\n"), "; .");
  // A last row that may be cut off is no row.
  EXPECT_EQ(find_dialect("a;b\n1;2\n0,", false, {}, ',', "t").numbers.decimal, '.');
}

TEST(Dialect, IsToldInOneSentence) {
  const auto remark = [](std::string_view sample, char plain = ',') {
    return found(sample, {}, plain).remark("t.csv", plain);
  };
  EXPECT_EQ(remark("a,b\n1,2\n"), "");
  EXPECT_EQ(remark("a\tb\n1\t2\n", '\t'), "");
  EXPECT_EQ(remark("a;b\n1,5;2\n"), "t.csv: read with ';' between fields and decimal commas.");
  EXPECT_EQ(remark("a\tb\n1.234,5\t2\n"),
            "t.csv: read with tabs between fields, decimal commas and '.' between thousands.");
  EXPECT_EQ(remark("a,b\n1 034,2\n56,2\n"), "t.csv: read with spaces between thousands.");
  EXPECT_EQ(remark("# x\na;b\n1;2\n"),
            "t.csv: read with ';' between fields, from behind 1 line of comments.");
  EXPECT_EQ(remark("# x\n# y\na,b\n1,2\n"), "t.csv: read from behind 2 lines of comments.");
  EXPECT_EQ(remark("# a,b\n1,2\n"), "t.csv: read with the names of columns behind a '#'.");
}

}  // namespace
}  // namespace esscher::internal
