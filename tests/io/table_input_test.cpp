#include "io/table_input.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "../support/packed.h"
#include "esscher/base/error.h"

namespace esscher::internal {
namespace {

std::string refusal(std::string_view bytes) {
  try {
    refuse_other_kinds(bytes, "t.csv");
  } catch (const DataError& error) {
    return error.what();
  }
  return "(taken)";
}

TEST(TableInput, OtherKindsOfFilesAreNamedWithWhatToDo) {
  using namespace std::string_view_literals;
  EXPECT_EQ(refusal("PK\x03\x04..."sv),
            "t.csv: it is a zip archive, perhaps an Excel workbook; unpack it, or save the sheet "
            "as csv");
  EXPECT_EQ(refusal("\xFD"
                    "7zXZ\0..."sv),
            "t.csv: it is compressed by xz; unpack it, or compress it by gzip or zstd");
  EXPECT_NE(refusal("BZh91AY&SY"sv).find("compressed by bzip2"), std::string::npos);
  EXPECT_NE(refusal("PAR1\x15"sv).find("Parquet file; write the table as csv"), std::string::npos);
  EXPECT_NE(refusal("\x93NUMPY\x01\0"sv).find("NumPy array; arrays are read in place"),
            std::string::npos);
  EXPECT_NE(refusal("\n <!DOCTYPE html>"sv).find("web page"), std::string::npos);
  EXPECT_NE(refusal("<HTML>"sv).find("web page"), std::string::npos);
  for (const std::string_view text : {""sv, "a,b\n"sv, "BZh,b\n"sv, "BZh"sv, "<a>,b\n"sv}) {
    EXPECT_EQ(refusal(text), "(taken)") << text;
  }
}

TEST(TableInput, WhatIsPackedIsLookedAtInside) {
  const auto path = std::filesystem::path(testing::TempDir()) / "table_input_test.csv";
  const auto put = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    return path.string();
  };
  EXPECT_EQ(open_table_input(put(zstd_of("a,b\n")), {}).first(), "a,b\n");
  EXPECT_THROW(open_table_input(put(gzip_of("PAR1")), {}), DataError);
  EXPECT_THROW(open_table_input(put(gzip_of(gzip_of("a,b\n"))), {}), DataError);
  EXPECT_THROW(open_table_input(put(gzip_of("a,b\n")), {.unpack_limit = 3}), DataError);
  std::filesystem::remove(path);
  EXPECT_THROW(open_table_input(path.string(), {}), IoError);
}

}  // namespace
}  // namespace esscher::internal
