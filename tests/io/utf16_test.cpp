#include "io/utf16.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "../support/utf16.h"
#include "esscher/base/error.h"
#include "pieces.h"

namespace esscher::internal {
namespace {

using std::literals::operator""s;
using std::literals::operator""sv;

std::string converted(std::string_view bytes, std::size_t most, std::size_t wanted = 5) {
  const auto source = as_utf8(std::make_unique<Pieces>(std::string(bytes), most), "t.txt");
  std::string text;
  std::string piece(wanted, '\0');
  while (const std::size_t count = source->read(piece.data(), piece.size())) {
    text += piece.substr(0, count);
  }
  return text;
}

std::string utf16_refusal(std::string_view bytes) {
  try {
    converted(bytes, 100);
  } catch (const DataError& error) {
    return error.what();
  }
  return "(read)";
}

TEST(Utf16, IsReadAsUtf8InEitherOrder) {
  // a, e with an acute accent, the euro sign, a treble clef.
  const std::string text = "a\u00E9\u20AC\U0001D11E";
  for (std::size_t most = 1; most <= 12; ++most) {
    for (std::size_t wanted = 1; wanted <= 12; ++wanted) {
      EXPECT_EQ(converted("\xFF\xFE"
                          "a\0\xE9\0\xAC\x20\x34\xD8\x1E\xDD"sv,
                          most, wanted),
                text);
      EXPECT_EQ(converted("\xFE\xFF\0a\0\xE9\x20\xAC\xD8\x34\xDD\x1E"sv, most, wanted), text);
    }
  }
}

TEST(Utf16, WithoutItsMarkItIsReadWhereAllThatIsSeenFirstIsLatin) {
  const std::string text = "a,\u00E9\r\n1,2\n";
  for (const bool big : {false, true}) {
    EXPECT_EQ(converted(utf16_of(text, big), 1), text);
    // What comes behind may be anything.
    const std::string far = std::string(256, 'a') + "\u20AC\U0001D11E";
    EXPECT_EQ(converted(utf16_of(far, big), 100), far);
  }
}

TEST(Utf16, WithoutItsMarkItIsRefusedWhereItIsLikely) {
  for (const char* text : {"\u0438\u043C\u044F,y\n1,2\n", "\u5E74,y\n1,2\n"}) {
    for (const bool big : {false, true}) {
      EXPECT_EQ(utf16_refusal(utf16_of(text, big)),
                std::string("t.txt: the file seems to be UTF-16 without a mark of its byte order; "
                            "convert it: iconv -f UTF-16") +
                    (big ? "BE" : "LE") + " -t UTF-8 < t.txt > t.converted.txt")
          << text;
    }
  }
  EXPECT_EQ(utf16_refusal("\xFF\xFE\0\0a\0\0\0"sv),
            "t.txt: the file is UTF-32; convert it: iconv -f UTF-32 -t UTF-8 < t.txt > "
            "t.converted.txt");
}

TEST(Utf16, OtherBytesStayAsTheyAre) {
  const std::string far = std::string(100'000, 'a') + "\0b"s;
  for (const std::string_view bytes :
       {""sv, "a"sv, "a,b\n1,2\n"sv, "\xFF"sv,
        "\xEF\xBB\xBF"
        "a"sv,
        "a,b\n1,2\0\n"sv, "a\0\0\0b\0\0\0"sv, "SQLite format 3\0\x10\0\1\1"sv,
        "\xff\xff\xff\xff\x10\0\0\0"sv, std::string_view(far)}) {
    EXPECT_EQ(converted(bytes, 1), bytes);
    EXPECT_EQ(converted(bytes, 1000, 1000), bytes);
    EXPECT_FALSE(is_other_than_utf8(bytes));
  }
  EXPECT_EQ(converted("\xFF\xFE"sv, 1), "");
}

TEST(Utf16, HalfACharacterIsRefusedWithItsPlace) {
  const std::string is = ": the file is UTF-16 and ";
  const std::string remedy = "; copy the file again, or save it as UTF-8";
  const std::string mark = "\xFF\xFE";
  EXPECT_EQ(utf16_refusal(mark + utf16_of("a\n") + "b"),
            "t.txt: line 2, byte 7" + is + "ends within a character" + remedy);
  EXPECT_EQ(utf16_refusal(mark + "\x34\xD8"),
            "t.txt: line 1, byte 3" + is + "ends within a character" + remedy);
  EXPECT_EQ(utf16_refusal(mark + utf16_of("\n\n") + "\x34\xD8" + utf16_of("a")),
            "t.txt: line 3, byte 7" + is + "has half a character, 0xD834" + remedy);
  EXPECT_EQ(utf16_refusal(mark + "\x1E\xDD"),
            "t.txt: line 1, byte 3" + is + "has half a character, 0xDD1E" + remedy);
  // Far behind the first piece.
  EXPECT_EQ(utf16_refusal("\xFE\xFF" + utf16_of(std::string(100'000, '\n'), true) + "\xDD\x1E"),
            "t.txt: line 100001, byte 200003" + is + "has half a character, 0xDD1E" + remedy);
}

}  // namespace
}  // namespace esscher::internal
