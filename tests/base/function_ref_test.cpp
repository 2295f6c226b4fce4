#include "esscher/base/function_ref.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

namespace esscher::internal {
namespace {

int twice(FunctionRef<int(int)> f, int x) { return f(f(x)); }

TEST(FunctionRef, CallsWhatItRefersToAndCopiesNothing) {
  int calls = 0;
  const auto add_three = [&calls](int x) {
    ++calls;
    return x + 3;
  };
  EXPECT_EQ(twice(add_three, 1), 7);
  EXPECT_EQ(calls, 2);
  const std::function<int(int)> square = [](int x) { return x * x; };
  EXPECT_EQ(twice(square, 3), 81);
}

TEST(FunctionRef, SeesTheStateOfAMutableCallable) {
  auto counter = [n = 0](int step) mutable { return n += step; };
  EXPECT_EQ(twice(counter, 1), 2);
  EXPECT_EQ(counter(0), 2);
}

TEST(FunctionRef, PassesArgumentsOnWithoutCopies) {
  const auto take = [](std::unique_ptr<int> p) { return std::to_string(*p); };
  const FunctionRef<std::string(std::unique_ptr<int>)> reference = take;
  EXPECT_EQ(reference(std::make_unique<int>(42)), "42");
}

}  // namespace
}  // namespace esscher::internal
