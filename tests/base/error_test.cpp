#include "esscher/base/error.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <string>
#include <type_traits>
#include <vector>

namespace esscher {
namespace {

TEST(Error, EveryKindIsAnErrorAndNoKindIsAnother) {
  static_assert(std::is_base_of_v<std::runtime_error, Error>);
  static_assert(std::is_base_of_v<Error, UsageError>);
  static_assert(std::is_base_of_v<Error, DataError>);
  static_assert(std::is_base_of_v<Error, IoError>);
  static_assert(std::is_base_of_v<Error, InternalError>);
  static_assert(!std::is_base_of_v<UsageError, DataError>);
  EXPECT_STREQ(UsageError("a sentence").what(), "a sentence");
}

TEST(Rejection, NamesFieldValueConstraintAndRemedy) {
  EXPECT_EQ(rejection("--beta", "-1", "must be positive", "give 0.5"),
            "--beta = -1: must be positive; give 0.5");
  EXPECT_EQ(rejection("--beta", "-1", "must be positive"), "--beta = -1: must be positive");
}

TEST(Rejection, PrintsNumbersInTheirShortestExactForm) {
  EXPECT_EQ(rejection("beta", 0.1, "too small"), "beta = 0.1: too small");
  EXPECT_EQ(rejection("beta", -0.0, "must be positive"), "beta = -0: must be positive");
  EXPECT_EQ(rejection("beta", std::numeric_limits<double>::infinity(), "must be finite"),
            "beta = inf: must be finite");
  EXPECT_EQ(rejection("beta", std::numeric_limits<double>::quiet_NaN(), "must be finite"),
            "beta = nan: must be finite");
}

TEST(NearestName, OffersASlipOfThePenAndNothingElse) {
  const std::vector<std::string> names{"tanh", "sigmoid", "hermite", "damped_hermite"};
  EXPECT_EQ(nearest_name("sigmod", names), "sigmoid");
  EXPECT_EQ(nearest_name("hermit", names), "hermite");
  EXPECT_EQ(nearest_name("dampedhermite", names), "damped_hermite");
  EXPECT_EQ(nearest_name("tanh", names), "tanh");
  EXPECT_EQ(nearest_name("quadratic", names), "");
  EXPECT_EQ(nearest_name("Y", {"x", "y"}), "y");  // another case is no other letter
  EXPECT_EQ(nearest_name("", names), "");
  EXPECT_EQ(nearest_name("tanh", {}), "");
}

TEST(NearestName, ATieGoesToTheFirst) {
  EXPECT_EQ(nearest_name("abd", {"abc", "abe"}), "abc");
  EXPECT_EQ(nearest_name("abd", {"abe", "abc"}), "abe");
}

TEST(NearestName, AThirdOfTheLettersIsTheLimit) {
  EXPECT_EQ(nearest_name("abcxyz", {"abcdyz"}), "abcdyz");
  EXPECT_EQ(nearest_name("abcxwz", {"abcdyz"}), "abcdyz");  // 2 of 6
  EXPECT_EQ(nearest_name("abcxwv", {"abcdyz"}), "");        // 3 of 6
}

RC_GTEST_PROP(NearestName, OneChangedLetterIsFoundAgain, ()) {
  const auto letters = rc::gen::inRange('a', 'p');
  const auto word = *rc::gen::container<std::string>(8, letters);
  const auto place = *rc::gen::inRange<std::size_t>(0, word.size());
  std::string typed = word;
  typed[place] = *letters;
  RC_ASSERT(nearest_name(typed, {"qrstuvwx", word, "zzzzzzzz"}) == word);
}

}  // namespace
}  // namespace esscher
