#include "esscher/io/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "esscher/base/error.h"

namespace esscher {
namespace {

class AtomicFileTest : public testing::Test {
 protected:
  AtomicFileTest()
      : folder_(std::filesystem::path(testing::TempDir()) /
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(folder_);
  }
  ~AtomicFileTest() override { std::filesystem::remove_all(folder_); }
  static std::string content(const std::filesystem::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_),
                                                  std::filesystem::directory_iterator()));
  }
  std::filesystem::path folder_;
};

TEST_F(AtomicFileTest, AppearsAtCommitAndNotBefore) {
  const auto path = folder_ / "a";
  std::ofstream(path) << "old";
  AtomicFile file(path.string());
  file.write("new");
  EXPECT_EQ(content(path), "old");
  file.commit();
  EXPECT_EQ(content(path), "new");
  EXPECT_EQ(files(), 1U);
}

TEST_F(AtomicFileTest, LeavesNothingWithoutACommit) {
  { AtomicFile((folder_ / "a").string()).write("lost"); }
  EXPECT_EQ(files(), 0U);
}

// A file that may not grow stands in for a full disk.
TEST_F(AtomicFileTest, LeavesNothingWhereThereIsNoRoom) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 1000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string refusal;
  try {
    AtomicFile file((folder_ / "a").string(), "-o");
    file.write(std::string(100'000, 'x'));
    file.commit();
  } catch (const IoError& error) {
    refusal = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_NE(refusal.find("cannot be written"), std::string::npos) << refusal;
  EXPECT_NE(refusal.find("has room"), std::string::npos) << refusal;
  EXPECT_EQ(files(), 0U);
}

TEST_F(AtomicFileTest, WritesBehindASymbolicLink) {
  const auto link = folder_ / "link";
  std::filesystem::create_symlink("target", link);
  AtomicFile file(link.string());
  file.write("x");
  file.commit();
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(content(folder_ / "target"), "x");
}

TEST_F(AtomicFileTest, RefusesFoldersAndNamesTheField) {
  try {
    AtomicFile file(folder_.string(), "--output");
    FAIL() << "a folder passed";
  } catch (const IoError& error) {
    EXPECT_EQ(std::string(error.what()).rfind("--output = ", 0), 0U) << error.what();
  }
  EXPECT_THROW(AtomicFile(""), IoError);
  EXPECT_THROW(AtomicFile((folder_ / "no" / "a").string()), IoError);
}

}  // namespace
}  // namespace esscher
