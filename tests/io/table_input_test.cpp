#include "io/table_input.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "../support/packed.h"
#include "esscher/base/error.h"

namespace esscher::internal {
namespace {

TEST(TableInput, WhatIsPackedIsLookedAtInside) {
  const auto path = std::filesystem::path(testing::TempDir()) / "table_input_test.csv";
  const auto put = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    return path.string();
  };
  EXPECT_EQ(open_table_input(put(zstd_of("a,b\n")), {}).first(), "a,b\n");
  EXPECT_THROW(open_table_input(put(gzip_of("PAR1\x15\x04")), {}), UsageError);
  EXPECT_THROW(open_table_input(put(gzip_of(gzip_of("a,b\n"))), {}), UsageError);
  EXPECT_THROW(open_table_input(put(gzip_of("a,b\n")), {.unpack_limit = 3}), DataError);
  std::filesystem::remove(path);
  EXPECT_THROW(open_table_input(path.string(), {}), IoError);
}

}  // namespace
}  // namespace esscher::internal
