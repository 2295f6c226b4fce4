#include "esscher/base/number_text.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "esscher/base/error.h"

namespace esscher {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What the call throws as a UsageError; "" where it does not throw.
template <class Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

std::string number_refusal(std::string_view text) {
  return refusal([&] { parse_number(text, "--shift"); });
}

std::string list_refusal(std::string_view text) {
  return refusal([&] { parse_number_list(text, "--beta"); });
}

std::string temperature_refusal(std::string_view text) {
  return refusal([&] { parse_temperatures(text, "--beta"); });
}

TEST(RequireTemperature, HoldsTheLimitsThatDoublesSet) {
  for (const double beta : {kLeastTemperature, 0.5, kGreatestTemperature}) {
    EXPECT_NO_THROW(require_temperature(beta, "beta"));
  }
  for (const double beta : {0.0, -1.0, 1e-10, 1e10, kInfinity}) {
    EXPECT_THROW(require_temperature(beta, "beta"), UsageError) << beta;
  }
}

TEST(NumberText, IsShort) {
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(number_text(-2), "-2");
  EXPECT_EQ(number_text(1e-3), "0.001");
  EXPECT_EQ(number_text(1e300), "1e+300");
  EXPECT_EQ(number_text(-0.0), "-0");
  EXPECT_EQ(number_text(kInfinity), "inf");
  EXPECT_EQ(number_text(-kInfinity), "-inf");
}

TEST(NumberText, CountsHaveTheirNoun) {
  EXPECT_EQ(counted(1, "row"), "1 row");
  EXPECT_EQ(counted(0, "row"), "0 rows");
  EXPECT_EQ(counted(25, "row"), "25 rows");
}

TEST(NumberText, NanHasNoSignAndNoPayload) {
  EXPECT_EQ(number_text(std::numeric_limits<double>::quiet_NaN()), "nan");
  EXPECT_EQ(number_text(-std::numeric_limits<double>::quiet_NaN()), "nan");
}

RC_GTEST_PROP(NumberText, ReadsBackToTheSameBits, (std::uint64_t bits)) {
  const double value = std::bit_cast<double>(bits);
  RC_PRE(!std::isnan(value));
  const double again = parse_number(number_text(value), "x");
  RC_ASSERT(std::bit_cast<std::uint64_t>(again) == bits);
}

TEST(ParseNumber, ReadsWhatPeopleType) {
  EXPECT_EQ(parse_number("0.25", "x"), 0.25);
  EXPECT_EQ(parse_number("+3", "x"), 3);
  EXPECT_EQ(parse_number("-1e-3", "x"), -1e-3);
  EXPECT_EQ(parse_number(".5", "x"), 0.5);
  EXPECT_EQ(parse_number("inf", "x"), kInfinity);
  EXPECT_EQ(parse_number("-inf", "x"), -kInfinity);
  EXPECT_EQ(parse_number("5e-324", "x"), std::numeric_limits<double>::denorm_min());
}

TEST(ParseNumber, RejectsEverythingElseAndNamesFieldAndText) {
  EXPECT_EQ(number_refusal("two"), "--shift = 'two': must be a number");
  for (const char* text :
       {"",    " ", "1 ", " 1",  "1x",   "0x10", "1,5",    "1e",    "--1",    "+-1", "-+1",
        "++1", "+", "-",  "nan", "-nan", "NaN",  "nan(1)", "1e999", "-1e999", "1..2"}) {
    EXPECT_NE(number_refusal(text), "") << "'" << text << "'";
  }
}

TEST(ParseInteger, KeepsItsLimits) {
  EXPECT_EQ(parse_integer("-3", "n", -3, 5), -3);
  EXPECT_EQ(parse_integer("5", "n", -3, 5), 5);
  constexpr long long kLeast = std::numeric_limits<long long>::min();
  constexpr long long kMost = std::numeric_limits<long long>::max();
  EXPECT_EQ(parse_integer("9223372036854775807", "n", kLeast, kMost), kMost);
  EXPECT_EQ(parse_integer("-9223372036854775808", "n", kLeast, kMost), kLeast);
}

TEST(ParseCount, ReadsWholeNumbersWrittenEitherWay) {
  EXPECT_EQ(parse_count("1000000", "n"), 1000000U);
  EXPECT_EQ(parse_count("1e6", "n"), 1000000U);
  EXPECT_EQ(parse_count("2.5e3", "n"), 2500U);
  EXPECT_EQ(parse_count("1e18", "n"), 1000000000000000000U);
  EXPECT_EQ(parse_count("999999999999999999", "n"), 999999999999999999U);
  EXPECT_EQ(parse_count("0", "n", 0), 0U);
}

TEST(ParseCount, RefusesWhatIsNoCount) {
  for (const char* text : {"", "-1", "0", "1.5", "1e19", "18446744073709551616", "nan", "inf",
                           "1e6x", " 5", "1e-3", "0x10"}) {
    EXPECT_THROW(parse_count(text, "n"), UsageError) << text;
  }
  EXPECT_THROW(parse_count("1", "n", 2), UsageError);
}

TEST(ParseInteger, RejectsWhatIsNotWholeOrNotInside) {
  const auto refused = [](std::string_view text) {
    return refusal([&] { parse_integer(text, "--order", -3, 5); });
  };
  EXPECT_EQ(refused("6"), "--order = '6': must be a whole number from -3 to 5");
  for (const char* text : {"", "-4", "1.0", "1e0", " 1", "1 ", "two", "9223372036854775808"}) {
    EXPECT_NE(refused(text), "") << "'" << text << "'";
  }
}

TEST(ParseNumberList, KeepsTheOrderGiven) {
  EXPECT_EQ(parse_number_list("4,2,1,0.5", "b"), (std::vector<double>{4, 2, 1, 0.5}));
  EXPECT_EQ(parse_number_list("7", "b"), std::vector<double>{7});
  EXPECT_EQ(parse_number_list("9,0:1:lin3,-1", "b"), (std::vector<double>{9, 0, 0.5, 1, -1}));
}

TEST(ParseNumberList, RangesMayRunEitherWay) {
  EXPECT_EQ(parse_number_list("2:0:lin5", "b"), (std::vector<double>{2, 1.5, 1, 0.5, 0}));
  const std::vector<double> powers = parse_number_list("8:1:log4", "b");
  ASSERT_EQ(powers.size(), 4u);
  // exp and log each within one unit in the last place of numbers near 2.
  EXPECT_NEAR(powers[1], 4, 4e-15);
  EXPECT_NEAR(powers[2], 2, 2e-15);
}

TEST(ParseNumberList, RejectsWhatIsNotAList) {
  for (const char* text : {"",           ",",          "1,",         ",1",
                           "1,,2",       "1;2",        "a",          "1:2",
                           "1:2:log",    "1:2:log1",   "1:2:log0",   "1:2:log-4",
                           "1:2:log2.5", "1:2:geo5",   "1:2:log5:6", "1:2:lin100001",
                           ":2:log5",    "1::log5",    "0:1:log5",   "1:0:log5",
                           "-1:1:log5",  "-2:-1:log5", "1:inf:lin5", "-inf:1:lin5",
                           "1:inf:log5"}) {
    EXPECT_NE(list_refusal(text), "") << "'" << text << "'";
  }
}

TEST(ParseNumberList, NamesTheFieldAndThePartThatIsWrong) {
  EXPECT_EQ(list_refusal("1,2:3"),
            "--beta = 2:3: a range is first:last:logN or first:last:linN; "
            "for example 0.25:8:log33");
  EXPECT_EQ(list_refusal("1,x"), "--beta = 'x': must be a number");
  EXPECT_EQ(list_refusal("0:1:log9"),
            "--beta = 0:1:log9: both ends of a log range must be finite and positive");
  EXPECT_EQ(list_refusal("0:inf:lin9"), "--beta = 0:inf:lin9: both ends of a range must be finite");
}

TEST(ParseNumberList, TheWidestLinearRangeStaysFinite) {
  constexpr double kMost = std::numeric_limits<double>::max();
  const std::string end = number_text(kMost);
  EXPECT_EQ(parse_number_list("-" + end + ":" + end + ":lin3", "b"),
            (std::vector<double>{-kMost, 0, kMost}));
}

RC_GTEST_PROP(ParseNumberList, RangeEndsAreExactAndPointsAscend, (bool logarithmic)) {
  const double first = *rc::gen::inRange(1, 1'000'000) / 3.0;
  const double last = first * (1 + *rc::gen::inRange(1, 1'000'000) / 7.0);
  const int count = *rc::gen::inRange(2, 200);
  const std::string text = number_text(first) + ":" + number_text(last) + ":" +
                           (logarithmic ? "log" : "lin") + std::to_string(count);
  const std::vector<double> values = parse_number_list(text, "x");
  RC_ASSERT(values.size() == static_cast<std::size_t>(count));
  RC_ASSERT(values.front() == first);
  RC_ASSERT(values.back() == last);
  for (std::size_t i = 1; i < values.size(); ++i) RC_ASSERT(values[i - 1] < values[i]);
}

RC_GTEST_PROP(ParseNumberList, ReadsBackAnyListOfNumbers, (std::vector<double> numbers)) {
  RC_PRE(!numbers.empty());
  std::string text;
  for (const double number : numbers) text += (text.empty() ? "" : ",") + number_text(number);
  RC_ASSERT(parse_number_list(text, "x") == numbers);
}

TEST(ParseTemperatures, TakesFinitePositiveNumbers) {
  EXPECT_EQ(parse_temperatures("4,0.5", "b"), (std::vector<double>{4, 0.5}));
  EXPECT_NE(temperature_refusal("0,5").find("write 0.5 for a half"), std::string::npos);
  EXPECT_EQ(parse_temperatures("0.25:8:log2", "b"), (std::vector<double>{0.25, 8}));
}

TEST(ParseTemperatures, RejectsTheRestWithARemedy) {
  EXPECT_EQ(temperature_refusal("1,-2"),
            "--beta = -2: a temperature must be a finite positive number; "
            "give values such as 0.5 or 0.25:8:log33");
  for (const char* text : {"0", "-0", "inf", "-inf", "nan", "1:-1:lin3", ""}) {
    EXPECT_NE(temperature_refusal(text), "") << "'" << text << "'";
  }
}

}  // namespace
}  // namespace esscher
