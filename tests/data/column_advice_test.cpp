#include "data/column_advice.h"

#include <gtest/gtest.h>

namespace esscher::internal {
namespace {

TEST(ColumnAdvice, AShellTakesTheNameAsItStands) {
  EXPECT_EQ(leaving_out("x"), "--features '!x'");
  EXPECT_EQ(leaving_out("the group"), "--features '!the group'");
  EXPECT_EQ(leaving_out("it's"), "--features '!it'\\''s'");
}

TEST(ColumnAdvice, WhatNoListCanHoldIsRenamedFirst) {
  for (const char* name : {"a,b", " a", "a ", "a\tb", "a\x7f"}) {
    EXPECT_FALSE(is_listable(name)) << name;
    EXPECT_EQ(leaving_out(name),
              "--features '!NAME' (rename it first, since no list of columns can name it)");
  }
  EXPECT_TRUE(is_listable("a b"));
}

TEST(ColumnAdvice, PartsOfAListAreWordsOfAShell) {
  EXPECT_EQ(list_word("!x"), "'!x'");
  EXPECT_EQ(list_word("it's:vector"), "'it'\\''s:vector'");
  EXPECT_EQ(list_word("x\ny:vector"), "'x?y:vector'");
}

}  // namespace
}  // namespace esscher::internal
