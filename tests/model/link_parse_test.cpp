#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "../support/failure_text.h"
#include "esscher/base/error.h"
#include "esscher/model/link.h"

namespace esscher {
namespace {

std::string parse_refusal(const std::string& spec) {
  return failure_text<UsageError>([&spec] { parse_link(spec, "--link"); });
}

TEST(LinkParse, UnknownNamesGetTheNearestOne) {
  expect_words(parse_refusal("relo"), "--link = relo", "no link is called relo",
               "did you mean relu?", "esscher links");
  expect_words(parse_refusal("Relu"), "did you mean relu?");
  expect_words(parse_refusal("damped_hermit:3"), "did you mean damped_hermite?");
  expect_words(parse_refusal("foo:3"), "no link is called foo", "esscher links");
  EXPECT_EQ(parse_refusal("foo:3").find("did you mean"), std::string::npos);
  expect_words(parse_refusal(""), "--link = ''", "needs the name");
  expect_words(parse_refusal("  @scale:2"), "needs the name");
}

TEST(LinkParse, MessagesAreOneLine) {
  for (const char* spec : {"relo", "tanh(x)", "1/z", "hermite:65", "tanh@scale:0", "exp(z^2/3)"}) {
    const std::string text = parse_refusal(spec);
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    EXPECT_TRUE(text.starts_with(std::string("--link = ") + spec + ": ")) << text;
  }
}

RC_GTEST_PROP(LinkParse, AnyTextGivesALinkOrAFailureOfOurs, ()) {
  // Pieces of the grammar in any order, the parser's own vocabulary included.
  const std::vector<std::string> pieces = {
      "z", "u", "3",  "0.5",   "+",       "-",   "*",       "/",     "^",
      "(", ")", ",",  "tanh",  "relu",    "abs", "h(",      "@clip", "@scale",
      ":", "?", "==", "<",     "e",       "pi",  "hermite", "sin(",  "@",
      "=", "!", "\"", "table", "formula", " ",   "clip("};
  const auto picks =
      *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, static_cast<int>(pieces.size())));
  std::string spec;
  for (const int pick : picks) spec += pieces[static_cast<std::size_t>(pick)];
  try {
    const Link link = parse_link(spec);
    RC_ASSERT(parse_link(link.name()).name() == link.name());
    RC_ASSERT(link(0.3) == parse_link(link.name())(0.3));
  } catch (const InternalError&) {
    RC_FAIL("an internal error");
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace esscher
