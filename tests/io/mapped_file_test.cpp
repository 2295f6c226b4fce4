#include "io/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "array_bytes.h"

namespace esscher {
namespace {

using internal::MappedFile;

std::string file_refusal(const std::string& path) {
  return refusal_of<IoError>([&] { MappedFile(path, "--data"); });
}

TEST(MappedFile, HoldsTheBytesOfTheFile) {
  const TestFile file("x", "abc");
  const MappedFile mapped(file.path());
  ASSERT_EQ(mapped.bytes().size(), 3U);
  EXPECT_EQ(static_cast<char>(mapped.bytes()[2]), 'c');
  // A file replaced by renaming leaves the mapping as it was.
  std::filesystem::remove(file.path());
  file.put("xyz");
  EXPECT_EQ(static_cast<char>(mapped.bytes()[2]), 'c');
}

TEST(MappedFile, AnEmptyFileHasNoBytes) {
  const TestFile file("x");
  const MappedFile mapped(file.path());
  EXPECT_TRUE(mapped.bytes().empty());
  mapped.touched(0, 0);
}

TEST(MappedFile, RefusesWhatIsNoFile) {
  const TestFile file("x");
  const std::string folder = std::filesystem::path(file.path()).parent_path().string();
  EXPECT_EQ(file_refusal(folder + "/none"),
            "--data = " + folder +
                "/none: cannot be read (No such file or directory); check that it exists and may "
                "be read");
  EXPECT_EQ(file_refusal(folder), "--data = " + folder + ": is a folder; name a file in it");
  const std::string pipe = folder + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(file_refusal(pipe),
            "--data = " + pipe +
                ": is not a regular file, and cannot be mapped; copy its content to "
                "a file first");
}

}  // namespace
}  // namespace esscher
