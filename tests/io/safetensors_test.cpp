#include "esscher/io/safetensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "../support/file_bytes.h"
#include "esscher/base/error.h"

namespace esscher {
namespace {

class SafetensorsFile : public testing::Test {
 protected:
  SafetensorsFile()
      : folder_(std::filesystem::path(testing::TempDir()) /
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(folder_);
  }
  ~SafetensorsFile() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return (folder_ / "x.safetensors").string(); }

  void put(const std::string& bytes) const { std::ofstream(path(), std::ios::binary) << bytes; }
  std::string get() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// A file with this header and these bytes behind it.
  void put(const std::string& header, const std::string& data) const {
    put(safetensors_file(header, data));
  }
  std::string refusal() const {
    try {
      read_safetensors(path());
    } catch (const DataError& error) {
      return error.what();
    }
    return "(read)";
  }

  std::filesystem::path folder_;
};

TEST_F(SafetensorsFile, ReadsBackWhatWasWritten) {
  Safetensors content;
  content.tensors["w"] = {{2, 3}, {1, -0.0, 1e-310, std::numeric_limits<double>::max(), 0.1, 3}};
  content.tensors["empty"] = {{0, 5}, {}};
  content.tensors["scalar"] = {{}, {42}};
  content.metadata = {{"format", "1"}, {"note", "caf\u00e9 \"quoted\"\n"}};
  write_safetensors(path(), content);
  const Safetensors read = read_safetensors(path());
  EXPECT_EQ(read.metadata, content.metadata);
  ASSERT_EQ(read.tensors.size(), 3U);
  EXPECT_EQ(read.tensors.at("w").shape, (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(read.tensors.at("w").values, content.tensors.at("w").values);
  EXPECT_TRUE(std::signbit(read.tensors.at("w").values[1]));
  EXPECT_EQ(read.tensors.at("empty").shape, (std::vector<std::uint64_t>{0, 5}));
  EXPECT_EQ(read.tensors.at("scalar").values, std::vector<double>{42});
}

TEST_F(SafetensorsFile, ReadsHalfPrecisions) {
  // 1.5, -2, the least subnormal and infinity as F16; 1 and -3 as BF16; 0.5 as F32.
  put(R"({"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},)"
      R"("b":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]},)"
      R"("f":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}})",
      std::string("\x00\x3e\x00\xc0\x01\x00\x00\x7c\x80\x3f\x40\xc0\x00\x00\x00\x3f", 16));
  const Safetensors read = read_safetensors(path());
  EXPECT_EQ(read.tensors.at("h").values,
            (std::vector<double>{1.5, -2, 0x1p-24, std::numeric_limits<double>::infinity()}));
  EXPECT_EQ(read.tensors.at("b").values, (std::vector<double>{1, -3}));
  EXPECT_EQ(read.tensors.at("f").values, std::vector<double>{0.5});
}

TEST_F(SafetensorsFile, ATruncatedFileSaysHowMuchIsMissing) {
  write_safetensors(path(), {{{"w", {{2}, {1, 2}}}}, {}});
  const std::string whole = get();
  put(whole.substr(0, whole.size() - 5));
  EXPECT_NE(refusal().find("truncated: 5 bytes are missing"), std::string::npos) << refusal();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    put(whole.substr(0, length));
    EXPECT_THROW(read_safetensors(path()), DataError) << length;
  }
}

TEST_F(SafetensorsFile, RefusesHeadersThatClaimTooMuch) {
  put(std::string("\xff\xff\xff\xff\xff\xff\xff\x7f", 8));
  EXPECT_NE(refusal().find("header claims"), std::string::npos) << refusal();
  put(R"({"w":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", "");
  EXPECT_NE(refusal().find("do not fit its shape"), std::string::npos) << refusal();
  put(R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},)"
      R"("b":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})",
      "12345678");
  EXPECT_NE(refusal().find("overlap"), std::string::npos) << refusal();
  put(R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[8,0]}})", "");
  EXPECT_NE(refusal().find("do not fit its shape"), std::string::npos) << refusal();
}

TEST_F(SafetensorsFile, RefusesWhatItCannotRead) {
  put("{", "");
  EXPECT_NE(refusal().find("not JSON"), std::string::npos) << refusal();
  put("[1]", "");
  EXPECT_NE(refusal().find("not a JSON object"), std::string::npos) << refusal();
  put(R"({"w":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}})", "1");
  EXPECT_NE(refusal().find("type I8"), std::string::npos) << refusal();
  put(R"({"w":{"dtype":"F64","shape":[-1],"data_offsets":[0,8]}})", "12345678");
  EXPECT_NE(refusal().find("lacks a dtype"), std::string::npos) << refusal();
  put("{}", "x");
  EXPECT_NE(refusal().find("belong to none"), std::string::npos) << refusal();
  EXPECT_THROW(read_safetensors((folder_ / "none").string()), IoError);
}

TEST_F(SafetensorsFile, RefusesToWriteWhatDoesNotFitItsShape) {
  EXPECT_THROW(write_safetensors(path(), {{{"w", {{3}, {1, 2}}}}, {}}), UsageError);
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_THROW(write_safetensors((folder_ / "no" / "x").string(), {}), IoError);
}

TEST_F(SafetensorsFile, MapsTensorsOfAnyNumberType) {
  // A type that nobody here reads is no hindrance to the others.
  put(R"({"i":{"dtype":"I16","shape":[2],"data_offsets":[0,4]},)"
      R"("b":{"dtype":"BOOL","shape":[1,2],"data_offsets":[4,6]},)"
      R"("f":{"dtype":"F32","shape":[1,1],"data_offsets":[6,10]},)"
      R"("q":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[10,12]}})",
      std::string("\x01\x00\xfe\xff\x00\x01\x00\x00\x00\x3f!!", 12));
  EXPECT_EQ(map_safetensors(path(), "i").values(), (std::vector<double>{1, -2}));
  const MappedArray flags = map_safetensors(path(), "b");
  EXPECT_EQ(flags.shape(), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(flags.type_name(), "bool");
  EXPECT_EQ(map_safetensors(path(), "f").values(), std::vector<double>{0.5});
  EXPECT_EQ(map_safetensors(path(), "f").name(), path() + "[f]");
  try {
    map_safetensors(path(), "q");
    ADD_FAILURE();
  } catch (const DataError& error) {
    EXPECT_EQ(error.what(), path() +
                                ": tensor q has elements of type F8_E4M3; F64 to F16, BF16, "
                                "I64 to I8, U64 to U8 and BOOL can be read");
  }
}

TEST_F(SafetensorsFile, AnUnknownKeyNamesThoseThatAreThere) {
  write_safetensors(path(), {{{"embeddings", {{1}, {1}}}, {"y", {{1, 1, 1, 1}, {1}}}}, {}});
  try {
    map_safetensors(path(), "embedings", "--features-key");
    ADD_FAILURE();
  } catch (const UsageError& error) {
    EXPECT_EQ(error.what(), "--features-key = embedings: " + path() +
                                " has no such array; did you mean 'embeddings'? it has "
                                "'embeddings', 'y'");
  }
  EXPECT_THROW(map_safetensors(path(), "y"), DataError);  // four dimensions
}

TEST_F(SafetensorsFile, MessagesStayOnOneLine) {
  put("{\"a\\nb\":{}}", "");
  EXPECT_EQ(refusal().find('\n'), std::string::npos) << refusal();
}

}  // namespace
}  // namespace esscher
