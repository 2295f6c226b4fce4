#include "esscher/data/column_selection.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "esscher/base/error.h"

namespace esscher {
namespace {

const std::vector<std::string> kNames{"id", "bert_p", "bert_r", "bert_f1", "rouge_f1", "y"};

using Positions = std::vector<std::size_t>;

Positions selected(std::string_view pattern) {
  return select_columns(pattern, kNames, "--features");
}

std::string selection_refusal(std::string_view pattern,
                              const std::vector<std::string>& names = kNames) {
  try {
    select_columns(pattern, names, "--features");
  } catch (const UsageError& error) {
    return error.what();
  }
  return "(selected)";
}

TEST(ColumnSelection, NamesRangesAndGlobsGiveColumnsInTheTablesOrder) {
  EXPECT_EQ(selected("y,id"), (Positions{0, 5}));
  EXPECT_EQ(selected("bert_p:rouge_f1"), (Positions{1, 2, 3, 4}));
  EXPECT_EQ(selected("y:y"), (Positions{5}));
  EXPECT_EQ(selected("bert*"), (Positions{1, 2, 3}));
  EXPECT_EQ(selected("*_f1, y"), (Positions{3, 4, 5}));
  EXPECT_EQ(selected("bert_?"), (Positions{1, 2}));
  EXPECT_EQ(selected("*"), (Positions{0, 1, 2, 3, 4, 5}));
}

TEST(ColumnSelection, AListIsItsNumbers) {
  const std::vector<std::string> names{"v[0]", "v[1]", "v[10]", "v[x]", "vw[0]", "w", "w[0]"};
  const auto chosen = [&](std::string_view pattern) {
    return select_columns(pattern, names, "--features");
  };
  EXPECT_EQ(chosen("v"), (Positions{0, 1, 2}));
  EXPECT_EQ(chosen("!v"), (Positions{3, 4, 5, 6}));
  EXPECT_EQ(chosen("w"), (Positions{5}));
  EXPECT_EQ(chosen("v,!v[1]"), (Positions{0, 2}));
  EXPECT_NE(selection_refusal("v[", names).find("no column is named 'v['"), std::string::npos);
}

TEST(ColumnSelection, NothingIsChosenTwice) { EXPECT_EQ(selected("y,*,y,id:y").size(), 6U); }

TEST(ColumnSelection, ExclusionsHoldWhereverTheyStand) {
  EXPECT_EQ(selected("bert*,!bert_r"), (Positions{1, 3}));
  EXPECT_EQ(selected("!bert_r,bert*"), (Positions{1, 3}));
  EXPECT_EQ(selected("!id,!*_f1"), (Positions{1, 2, 5}));
  EXPECT_EQ(selected("!bert_p:y"), (Positions{0}));
  EXPECT_TRUE(only_excludes("!id,!*_f1", kNames));
  EXPECT_FALSE(only_excludes("!id,y", kNames));
}

TEST(ColumnSelection, AWholeNameMeansThatColumnWhateverItLooksLike) {
  const std::vector<std::string> names{"S*", "SU", "a:b", "!c", "c"};
  EXPECT_EQ(select_columns("S*", names, "f"), (Positions{0}));
  EXPECT_EQ(select_columns("a:b", names, "f"), (Positions{2}));
  EXPECT_EQ(select_columns("!c", names, "f"), (Positions{3}));
  EXPECT_EQ(select_columns("SU:a:b", names, "f"), (Positions{1, 2}));
  EXPECT_FALSE(only_excludes("!c", names));
}

TEST(ColumnSelection, AQuestionMarkIsOneCharacterNotOneByte) {
  EXPECT_TRUE(internal::fits_glob("?", "\u00e4"));
  EXPECT_FALSE(internal::fits_glob("??", "\u00e4"));
  EXPECT_TRUE(internal::fits_glob("*\u00e4?*", "x\u00e4\u00e4"));
}

RC_GTEST_PROP(GlobProperty, AgreesWithItsDefinition, ()) {
  struct Reference {
    static bool fits(std::string_view glob, std::string_view text) {
      if (glob.empty()) return text.empty();
      if (glob[0] == '*') {
        return fits(glob.substr(1), text) || (!text.empty() && fits(glob, text.substr(1)));
      }
      return !text.empty() && (glob[0] == '?' || glob[0] == text[0]) &&
             fits(glob.substr(1), text.substr(1));
    }
  };
  const auto glob = *rc::gen::container<std::string>(rc::gen::element('a', 'b', '*', '?'));
  const auto text = *rc::gen::container<std::string>(rc::gen::element('a', 'b'));
  RC_ASSERT(internal::fits_glob(glob.substr(0, 10), text.substr(0, 12)) ==
            Reference::fits(glob.substr(0, 10), text.substr(0, 12)));
}

TEST(ColumnSelection, UnknownNamesAreRefusedWithTheNearest) {
  EXPECT_EQ(selection_refusal("bert_q"),
            "--features = bert_q: no column is named 'bert_q'; did you mean 'bert_p'?");
  EXPECT_NE(selection_refusal("id,zzz").find("no column is named 'zzz'; they are 'id', 'bert_p'"),
            std::string::npos);
  EXPECT_NE(selection_refusal("bert_p:roge_f1")
                .find("no column is named 'roge_f1'; did you mean 'rouge_f1'?"),
            std::string::npos);
  EXPECT_NE(selection_refusal("!idd").find("no column is named 'idd'"), std::string::npos);
}

TEST(ColumnSelection, PartsThatChooseNothingAreRefused) {
  EXPECT_NE(selection_refusal("zz*").find("no column's name fits 'zz*'"), std::string::npos);
  EXPECT_NE(selection_refusal("y,!zz*").find("no column's name fits 'zz*'"), std::string::npos);
  EXPECT_NE(selection_refusal("y,,id").find("a part of the list is empty"), std::string::npos);
  EXPECT_NE(selection_refusal("").find("a part of the list is empty"), std::string::npos);
  EXPECT_NE(selection_refusal("y:id").find("the range 'y:id' runs backwards; write 'id:y'"),
            std::string::npos);
  EXPECT_EQ(selection_refusal("y,!y"), "--features = y,!y: no column is left; leave out fewer");
}

}  // namespace
}  // namespace esscher
