#include "esscher/data/npy.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "esscher/base/error.h"

namespace esscher {
namespace {

TEST(Npy, IsTheFormatThatNumPyReads) {
  const std::string path =
      (std::filesystem::path(testing::TempDir()) / "esscher_npy_test.npy").string();
  Matrix<double> values(2, 3);
  for (std::size_t i = 0; i < 6; ++i) values.values()[i] = 0.5 * static_cast<double>(i);
  // Two of three columns: rows are not contiguous.
  write_npy(path, {values.data() + 1, 2, 2, 3});
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  std::filesystem::remove(path);
  ASSERT_GT(bytes.size(), 10U);
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const std::size_t header =
      static_cast<unsigned char>(bytes[8]) + 256U * static_cast<unsigned char>(bytes[9]);
  ASSERT_EQ(bytes.size(), 10 + header + 4 * sizeof(double));
  EXPECT_EQ((10 + header) % 64, 0U);
  EXPECT_EQ(bytes[9 + header], '\n');
  EXPECT_EQ(bytes.substr(10, 61), "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }  ");
  double read[4];
  std::memcpy(read, bytes.data() + 10 + header, sizeof read);
  EXPECT_EQ(read[0], 0.5);
  EXPECT_EQ(read[1], 1.0);
  EXPECT_EQ(read[2], 2.0);
  EXPECT_EQ(read[3], 2.5);
}

TEST(Npy, RefusesAFolderThatIsNotThere) {
  EXPECT_THROW(write_npy("/nowhere/at/all/x.npy", {}), IoError);
}

}  // namespace
}  // namespace esscher
