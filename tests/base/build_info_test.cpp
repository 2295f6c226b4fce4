#include "esscher/base/build_info.h"

#include <gtest/gtest.h>

#include <regex>

namespace esscher {
namespace {

bool matches(const std::string& text, const char* pattern) {
  return std::regex_match(text, std::regex(pattern));
}

TEST(BuildInfo, IsWhatTheHeaderSays) {
  const BuildInfo& info = build_info();
  EXPECT_TRUE(matches(info.version, R"(\d+\.\d+\.\d+)")) << info.version;
  EXPECT_TRUE(matches(info.commit, R"(unknown|[0-9a-f]{12,40}(-dirty)?)")) << info.commit;
  EXPECT_TRUE(matches(info.compiler, R"([A-Za-z]+ \d+(\.\d+)+)")) << info.compiler;
  EXPECT_TRUE(matches(info.build_type, R"([A-Za-z]*)")) << info.build_type;
  EXPECT_TRUE(matches(info.instruction_set, R"([A-Z][A-Z0-9_]*)")) << info.instruction_set;
}

TEST(BuildInfo, InstructionSetIsOneThatThisCompilerCanBuildFor) {
  const std::string& name = build_info().instruction_set;
  EXPECT_NE(name, "Unknown");
#if defined(__x86_64__)
  EXPECT_TRUE(matches(name, "SSE2|SSSE3|SSE4|AVX2|AVX3|AVX3_DL|AVX3_ZEN4|AVX3_SPR")) << name;
#endif
}

TEST(BuildInfo, LineNamesEveryPart) {
  const BuildInfo& info = build_info();
  const std::string line = build_line();
  for (const std::string& part :
       {info.version, info.commit, info.compiler, info.build_type, info.instruction_set}) {
    EXPECT_NE(line.find(part), std::string::npos) << line << " lacks " << part;
  }
  EXPECT_EQ(line.rfind("esscher ", 0), 0u) << line;
}

}  // namespace
}  // namespace esscher
