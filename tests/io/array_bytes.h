#pragma once

/// \file
/// Files for tests of arrays, and what is read from them.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "../support/file_bytes.h"
#include "esscher/base/error.h"
#include "esscher/base/matrix.h"
#include "esscher/io/mapped_array.h"

namespace esscher {

inline std::vector<std::byte> as_bytes(std::string_view text) {
  std::vector<std::byte> bytes(text.size());
  if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

/// A file that goes with the test; its name is what ends the path.
class TestFile {
 public:
  explicit TestFile(const std::string& name, std::string_view content = {})
      : folder_(
            std::filesystem::path(testing::TempDir()) /
            ("esscher_" +
             std::string(testing::UnitTest::GetInstance()->current_test_info()->test_suite_name()) +
             "_" + testing::UnitTest::GetInstance()->current_test_info()->name())),
        path_(folder_ / name) {
    std::filesystem::create_directories(folder_);
    put(content);
  }
  ~TestFile() { std::filesystem::remove_all(folder_); }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;

  void put(std::string_view content) const {
    std::ofstream(path_, std::ios::binary)
        .write(content.data(), static_cast<std::streamsize>(content.size()));
  }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path folder_;
  std::filesystem::path path_;
};

/// All of an array.
inline Matrix<double> all_of(const MappedArray& array) {
  Matrix<double> values(array.rows(), array.columns());
  std::vector<std::uint64_t> rows(array.rows());
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  array.gather(rows, values.view());
  return values;
}

/// What a call says when it refuses with this kind of error; "(no error)" where it does not.
template <class Kind>
std::string refusal_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Kind& error) {
    return error.what();
  }
  return "(no error)";
}

}  // namespace esscher
