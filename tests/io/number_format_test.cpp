#include "esscher/io/number_format.h"

#include <gtest/gtest.h>

#include <limits>

namespace esscher::internal {
namespace {

const NumberFormat kPoint{'.', false};
const NumberFormat kComma{',', false};
const NumberFormat kPointGrouped{'.', true};
const NumberFormat kCommaGrouped{',', true};

/// The number that \p field is, or what it is instead, as a code that no test reads as a number.
double read(const NumberFormat& format, std::string_view field) {
  double value = 0;
  const CsvNumber kind = format.read(field, value);
  return kind == CsvNumber::number ? value : -1e300 * (1 + static_cast<int>(kind));
}

CsvNumber kind_of(const NumberFormat& format, std::string_view field) {
  double value = 0;
  return format.read(field, value);
}

TEST(NumberFormat, ReadsNumbersInAnySpelling) {
  EXPECT_EQ(read(kPoint, "1.5"), 1.5);
  EXPECT_EQ(read(kPoint, " +.5\t"), 0.5);
  EXPECT_EQ(read(kPoint, "-1E-3"), -1e-3);
  EXPECT_EQ(read(kPoint, "1e-400"), 0);
  EXPECT_EQ(read(kPoint, "0." + std::string(400, '0') + "1"), 0);
  EXPECT_EQ(read(kPoint, "5e-324"), 5e-324);
  EXPECT_EQ(kind_of(kPoint, "-inf"), CsvNumber::infinite);
  EXPECT_EQ(kind_of(kPoint, "1e999"), CsvNumber::too_large);
}

TEST(NumberFormat, ReadsDecimalCommasToTheSameBits) {
  EXPECT_EQ(read(kComma, "1,5"), 1.5);
  EXPECT_EQ(read(kComma, "+,5"), 0.5);
  EXPECT_EQ(read(kComma, "-0,1e-3"), -0.1e-3);
  EXPECT_EQ(read(kComma, "7"), 7);
  EXPECT_EQ(read(kComma, "1,234"), 1.234);
  EXPECT_EQ(read(kComma, "0,30000000000000004"), 0.30000000000000004);
  EXPECT_EQ(kind_of(kComma, "1,5e999"), CsvNumber::too_large);
  for (const char* field : {"1.5", "1,5,2", "1,5.2", ",", "1,5e", "1,-5", "-,e1"}) {
    EXPECT_EQ(kind_of(kComma, field), CsvNumber::text) << field;
  }
}

TEST(NumberFormat, MarksBetweenThousandsStandInGroupsOfThree) {
  EXPECT_EQ(read(kPointGrouped, "1,234"), 1234);
  EXPECT_EQ(read(kPointGrouped, "-1,234,567.25"), -1234567.25);
  EXPECT_EQ(read(kCommaGrouped, "1.234.567,25"), 1234567.25);
  EXPECT_EQ(read(kPointGrouped, "12 345.5"), 12345.5);
  EXPECT_EQ(read(kCommaGrouped, "12\u00A0345\u00A0678"), 12345678);
  EXPECT_EQ(read(kCommaGrouped, "12\u202F345,5"), 12345.5);
  EXPECT_EQ(read(kPointGrouped, "12'345"), 12345);
  for (const char* field : {"1,23", "1234,567", "0,123", ",123", "1,234 567", "1,2345", "1,234,56",
                            "1.234,567", "12,345-", "1  234"}) {
    EXPECT_EQ(kind_of(kPointGrouped, field), CsvNumber::text) << field;
  }
}

TEST(NumberFormat, MarksThatNobodySpokeOfAreNotGuessed) {
  for (const char* field : {"1,234", "1,234,567", "1,234.5", "1 234", "1'234"}) {
    EXPECT_EQ(kind_of(kPoint, field), CsvNumber::grouped) << field;
  }
  EXPECT_EQ(kind_of(kComma, "1.234"), CsvNumber::grouped);
  EXPECT_EQ(kPoint.refusal("1,234"),
            "'1,234' is 1234 by --decimal . and 1.234 by --decimal ,; say which");
  EXPECT_EQ(kComma.refusal("1.234"),
            "'1.234' is 1234 by --decimal , and 1.234 by --decimal .; say which");
  EXPECT_EQ(kPoint.refusal("1,234,567"),
            "'1,234,567' is 1234567 by --decimal ., or 3 numbers, a list as --features "
            "'NAME:vector' takes it; say which");
  EXPECT_EQ(kComma.refusal("1 234"),
            "'1 234' is 1234 by --decimal ,, or 2 numbers, a list as --features 'NAME:vector' "
            "takes it; say which");
  EXPECT_EQ(kComma.refusal("1.234.567"),
            "'1.234.567' has marks between thousands, as --decimal , reads them");
  EXPECT_EQ(kPoint.refusal("1,234.5"),
            "'1,234.5' has marks between thousands, as --decimal . reads them");
  EXPECT_EQ(kPoint.refusal("0,5"),
            "'0,5' is no number with a decimal point, as the others have; --decimal , reads it as "
            "0.5");
}

TEST(NumberFormat, OneMarkMayBeTheOnlyOne) {
  NumberFormat format{'.', true};
  format.thousands = " ";
  EXPECT_EQ(read(format, "1 234.5"), 1234.5);
  EXPECT_EQ(kind_of(format, "1,234"), CsvNumber::grouped);
  format.thousands = ",";
  format.unsettled = true;
  EXPECT_EQ(read(format, "1,234,567"), 1234567);
  EXPECT_EQ(read(format, "1,234.5"), 1234.5);
  EXPECT_EQ(format.refusal("1,234"),
            "'1,234' is 1234 by --decimal . and 1.234 by --decimal ,; say which");
}

TEST(NumberFormat, WhereNoOptionTurnsItNoneIsOffered) {
  NumberFormat format;
  format.fixed = true;
  for (const char* field : {"1,234", "0,5"}) {
    EXPECT_EQ(kind_of(format, field), CsvNumber::text) << field;
    EXPECT_EQ(format.refusal(field).find("--decimal"), std::string::npos) << field;
  }
}

TEST(NumberFormat, TextIsText) {
  for (const char* field : {"0x10", "+-1", "--1", "1.5kg", "nan(1)", ".", "1 2", "1/2", "12:30"}) {
    for (const NumberFormat& format : {kPoint, kComma, kPointGrouped, kCommaGrouped}) {
      EXPECT_EQ(kind_of(format, field), CsvNumber::text) << field;
    }
  }
}

TEST(NumberFormat, WordsOfMissingValuesAreThoseOfPandasAndADash) {
  for (const char* field : {"", "  ", "NA", "na", "nan", "NaN", "N/A", "n/a", "NULL", "null",
                            "None", "<NA>", "#N/A", "-nan", " - "}) {
    EXPECT_EQ(kind_of(kPoint, field), CsvNumber::missing) << field;
    EXPECT_EQ(kind_of(kCommaGrouped, field), CsvNumber::missing) << field;
  }
  EXPECT_EQ(missing_words().substr(0, 13), "NA, N/A, NULL");
}

TEST(NumberFormat, OtherWordsOfMissingValuesAreAdded) {
  NumberFormat format;
  format.missing = {"?", "unknown", "-999"};
  for (const char* field : {"?", "Unknown", "-999", "-999.0", "NA"}) {
    EXPECT_EQ(kind_of(format, field), CsvNumber::missing) << field;
  }
  EXPECT_EQ(read(format, "999"), 999);
  EXPECT_EQ(kind_of(format, "??"), CsvNumber::text);
}

}  // namespace
}  // namespace esscher::internal
