#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "include_scan.h"

namespace esscher::scan {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ostringstream content;
  content << std::ifstream(path).rdbuf();
  return content.str();
}

Rooms project_rooms() {
  std::ifstream file(ESSCHER_ROOMS_FILE);
  return read_rooms(file);
}

TEST(Layering, EveryIncludeOfTheProjectObeysIt) {
  const fs::path root = ESSCHER_SOURCE_DIR;
  const Rooms rooms = project_rooms();
  ASSERT_TRUE(rooms.contains("base"));
  int files = 0;
  for (const char* folder : {"include", "src", "apps"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string kind = entry.path().extension().string();
      if (kind != ".h" && kind != ".cpp") continue;
      ++files;
      const std::string path = fs::relative(entry.path(), root).generic_string();
      for (const std::string& line : violations(rooms, path, content_of(entry.path()))) {
        ADD_FAILURE() << line;
      }
    }
  }
  EXPECT_GT(files, 5) << "few files under " << root << ": is it the source folder?";
}

TEST(Layering, NoRoomMayIncludeItselfThroughOthers) {
  const Rooms rooms = project_rooms();
  for (const auto& [room, allowed] : rooms) {
    for (const std::string& other : allowed) {
      EXPECT_FALSE(rooms.at(other).contains(room)) << room << " and " << other;
    }
  }
}

// Two types of one name in one namespace are no error to compilers and linkers, which take either
// one's functions for both.
TEST(Layering, NoTwoHeadersDefineTypesOfOneName) {
  const std::regex definition("\n(?:class|struct) (\\w+)[^;<(]*\\{");
  std::map<std::string, std::string> found;
  for (const char* folder : {"include", "src"}) {
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(ESSCHER_SOURCE_DIR) / folder)) {
      if (entry.path().extension() != ".h") continue;
      const std::string text = content_of(entry.path());
      for (std::sregex_iterator match(text.begin(), text.end(), definition), end; match != end;
           ++match) {
        const auto [other, is_new] = found.emplace((*match)[1], entry.path().filename().string());
        EXPECT_TRUE(is_new) << (*match)[1] << " in " << entry.path() << " and in " << other->second;
      }
    }
  }
  EXPECT_GT(found.size(), 50U);
}

// The scan itself: two rooms, `upper` on `lower`.
class Scan : public testing::Test {
 protected:
  std::vector<std::string> found(const std::string& path, const std::string& content) const {
    return violations(rooms_, path, content);
  }

 private:
  const Rooms rooms_{{"lower", {}}, {"upper", {"lower"}}};
};

TEST_F(Scan, ReportsARoomThatReachesUp) {
  const std::string line = "#include \"esscher/upper/name.h\"\n";
  EXPECT_EQ(found("src/lower/a.cpp", "\n" + line),
            std::vector<std::string>{"src/lower/a.cpp:2: esscher/upper/name.h: "
                                     "room lower may not include room upper"});
  EXPECT_EQ(found("include/esscher/lower/a.h", line).size(), 1u);
  EXPECT_EQ(found("src/upper/a.cpp", line).size(), 0u);
}

TEST_F(Scan, LetsARoomReachDown) {
  EXPECT_TRUE(found("src/upper/a.cpp", "#include \"esscher/lower/name.h\"\n").empty());
  EXPECT_TRUE(found("src/upper/deep/a.cpp", "#include \"esscher/lower/name.h\"\n").empty());
}

TEST_F(Scan, KeepsInternalHeadersFromProgramsAndFromRoomsBelow) {
  EXPECT_EQ(found("src/lower/a.cpp", "#include \"upper/detail.h\"\n").size(), 1u);
  // Kernels that are to be inlined must be seen by the rooms behind.
  EXPECT_TRUE(found("src/upper/a.cpp", "#include \"lower/detail.h\"\n").empty());
  EXPECT_EQ(found("apps/program/a.cpp", "#include \"lower/detail.h\"\n").size(), 1u);
  EXPECT_EQ(found("apps/program/a.cpp", "#include \"../../src/lower/detail.h\"\n").size(), 1u);
  EXPECT_TRUE(found("src/upper/a.cpp", "#include \"upper/detail.h\"\n").empty());
  EXPECT_TRUE(found("apps/program/a.cpp", "#include \"command.h\"\n").empty());
  EXPECT_TRUE(found("apps/program/a.cpp", "#include \"esscher/upper/name.h\"\n").empty());
}

TEST_F(Scan, ReportsThirdPartiesInPublicHeadersOnly) {
  const std::string line = "#  include <boost/math/quadrature/gauss.hpp>\n";
  EXPECT_EQ(found("include/esscher/upper/a.h", line).size(), 1u);
  EXPECT_EQ(found("include/esscher/upper/a.h", "#include <omp.h>\n").size(), 1u);
  EXPECT_EQ(found("include/esscher/upper/a.h", "#include \"upper/detail.h\"\n").size(), 1u);
  EXPECT_TRUE(found("include/esscher/upper/a.h", "#include <vector>\n").empty());
  EXPECT_TRUE(found("src/upper/a.cpp", line).empty());
}

TEST_F(Scan, ReportsRoomsThatDoNotExist) {
  EXPECT_EQ(found("src/upper/a.cpp", "#include \"esscher/cellar/name.h\"\n").size(), 1u);
  EXPECT_EQ(found("src/upper/a.cpp", "#include \"esscher/name.h\"\n").size(), 1u);
  EXPECT_EQ(found("src/cellar/a.cpp", "").size(), 1u);
  EXPECT_EQ(found("src/a.cpp", "").size(), 1u);
  EXPECT_EQ(found("include/esscher/a.h", "").size(), 1u);
}

TEST_F(Scan, ReportsOwnHeadersInAngles) {
  EXPECT_EQ(found("src/upper/a.cpp", "#include <esscher/lower/name.h>\n").size(), 1u);
}

TEST_F(Scan, SeesNoIncludeInACommentLineOrMacro) {
  EXPECT_TRUE(found("src/lower/a.cpp",
                    "// #include \"esscher/upper/name.h\"\n"
                    "#include HWY_TARGET_INCLUDE\n")
                  .empty());
}

TEST(ReadRooms, RejectsARoomThatNoLineDefines) {
  std::istringstream lines("lower: \nupper: lower cellar\n");
  EXPECT_THROW(read_rooms(lines), std::runtime_error);
}

}  // namespace
}  // namespace esscher::scan
