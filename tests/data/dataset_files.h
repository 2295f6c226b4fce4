#pragma once

/// \file
/// Small files to load datasets from, in a folder of the test's own.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/data/dataset.h"
#include "esscher/io/npy.h"

namespace esscher {

class DatasetFiles : public testing::Test {
 protected:
  DatasetFiles()
      : folder_(std::filesystem::path(testing::TempDir()) /
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(folder_);
  }
  ~DatasetFiles() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string put(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return path(name);
  }
  /// An array of float64; no columns: 1-D.
  std::string put_array(const std::string& name, const std::vector<double>& values,
                        std::size_t columns = 0) const {
    NpyWriter file(path(name), values.size() / (columns > 0 ? columns : 1), columns);
    file.append(std::span<const double>(values));
    file.commit();
    return path(name);
  }

  /// All features, row by row.
  static std::vector<std::vector<double>> rows_of(const FeatureRows& features) {
    std::vector<std::uint64_t> rows(features.rows());
    std::iota(rows.begin(), rows.end(), std::uint64_t{0});
    Matrix<double> out(rows.size(), features.columns(), -7);
    features.gather(rows, out.view());
    std::vector<std::vector<double>> all;
    for (std::size_t i = 0; i < out.rows(); ++i) {
      all.emplace_back(out.row(i).begin(), out.row(i).end());
    }
    return all;
  }
  static std::vector<std::vector<double>> rows_of(const Dataset& data) {
    return rows_of(*data.features);
  }

  /// The message without the folder in front of files' names.
  template <class Call>
  std::string refusal(Call call) const {
    std::string line = "(done)";
    try {
      call();
    } catch (const UsageError& error) {
      line = std::string("usage: ") + error.what();
    } catch (const DataError& error) {
      line = std::string("data: ") + error.what();
    }
    const std::string prefix = folder_.string() + "/";
    for (std::size_t at = 0; (at = line.find(prefix)) != std::string::npos;) {
      line.erase(at, prefix.size());
    }
    return line;
  }
  std::string refusal(const DatasetOptions& options) const {
    return refusal([&] { rows_of(load_dataset(options)); });
  }

  /// The one remark that holds \p part, or "".
  static std::string remark(const Dataset& data, const std::string& part) {
    for (const std::string& line : data.remarks) {
      if (line.find(part) != std::string::npos) return line;
    }
    return "";
  }

  std::filesystem::path folder_;
};

}  // namespace esscher
