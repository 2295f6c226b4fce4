#pragma once

#include <gtest/gtest.h>

#include <string>

/// The message of the \p Failure that \p call throws; "" and a failed test where it throws none or
/// another.
template <class Failure, class Call>
std::string failure_text(Call call) {
  try {
    call();
  } catch (const Failure& failure) {
    return failure.what();
  } catch (const std::exception& other) {
    ADD_FAILURE() << "another kind of failure: " << other.what();
    return {};
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

/// Expects every one of \p words in \p text.
template <class... Words>
void expect_words(const std::string& text, const Words&... words) {
  for (const std::string& word : {std::string(words)...}) {
    EXPECT_NE(text.find(word), std::string::npos) << "'" << word << "' is missing from: " << text;
  }
}
