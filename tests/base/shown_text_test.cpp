#include "esscher/base/shown_text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace esscher {
namespace {

TEST(ShownText, IsOneLineOfValidUtf8) {
  EXPECT_EQ(shown("h\xC3\xA9llo"), "h\xC3\xA9llo");
  EXPECT_EQ(shown("a\nb\tc\x7F"), "a?b?c?");
  EXPECT_EQ(shown("\xC0\x80\xED\xA0\x80"), "?????");  // overlong, and half a surrogate pair
}

TEST(ShownText, CountsCharactersNotBytes) {
  std::string letters;
  for (int i = 0; i < 49; ++i) letters += "\xC3\xA9";
  EXPECT_EQ(shown(letters), letters.substr(0, 96) + "...");
  EXPECT_EQ(shown(letters.substr(0, 96)), letters.substr(0, 96));
}

TEST(ShownText, OfManyTextsTheFirstAndTheirNumber) {
  EXPECT_EQ(list_in_quotes({"a", "b"}), "'a', 'b'");
  EXPECT_EQ(list_in_quotes(std::vector<std::string>(9, "a")),
            "'a', 'a', 'a', 'a', 'a', 'a', 'a', 'a', ... (9 in all)");
}

}  // namespace
}  // namespace esscher
