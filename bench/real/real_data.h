#pragma once

/// \file
/// What the programs on real data share: where the data lie, means over seeds, parts of tables.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "esscher/base/build_info.h"
#include "esscher/io/feature_rows.h"
#include "esscher/policy/table_policy.h"

namespace esscher {

/// Calls \p program with the folder data/ of the one that ESSCHER_SHARED names (default
/// ../shared), behind a line that tells the build. \returns the exit code
template <class Program>
int run_on_real_data(Program&& program) {
  try {
    const char* shared = std::getenv("ESSCHER_SHARED");
    const std::filesystem::path folder =
        std::filesystem::path(shared == nullptr ? "../shared" : shared) / "data";
    if (!std::filesystem::is_directory(folder)) {
      std::fprintf(stderr, "%s: no such folder; set ESSCHER_SHARED to the shared data's\n",
                   folder.c_str());
      return 74;
    }
    std::printf("Built as %s.\n", build_line().c_str());
    program(folder);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 70;
  }
}

/// Which features of wmt_ted_zhen are metrics in their own right, and what they are called. Lengths
/// and ratios of lengths order a prompt's candidates alike, so that only one is taken.
inline constexpr const char* kTranslationColumns = "x200,x205:x208";
inline const std::vector<std::string> kTranslationMetrics{
    "length", "cosine with reference", "word precision", "word recall", "distinct words"};

/// Over seeds.
struct Mean {
  std::vector<double> values{};

  double mean() const {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }
  /// Standard error; 0 of a single value.
  double error() const {
    double squares = 0;
    for (const double value : values) squares += (value - mean()) * (value - mean());
    const auto n = static_cast<double>(values.size());
    return n > 1 ? std::sqrt(squares / (n - 1) / n) : 0;
  }
  /// "0.512 +- 0.007", or the value alone where there is only one.
  std::string text() const {
    char shown[64];
    if (values.size() < 2) {
      std::snprintf(shown, sizeof shown, "%.3f", mean());
    } else {
      std::snprintf(shown, sizeof shown, "%.3f +- %.3f", mean(), error());
    }
    return shown;
  }
};

/// All values of \p of at the numbered rows.
inline std::vector<double> at_rows(std::span<const double> of,
                                   std::span<const std::uint64_t> rows) {
  std::vector<double> values;
  values.reserve(rows.size());
  for (const std::uint64_t row : rows) values.push_back(of[row]);
  return values;
}

inline std::vector<double> column(const Matrix<double>& matrix, std::size_t j) {
  std::vector<double> values(matrix.rows());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = matrix(i, j);
  return values;
}

/// The policy tilted by r, its rows being the whole of pi_0.
inline TablePolicyValue exact_policy(std::span<const double> r, std::span<const double> y,
                                     double beta) {
  TableReference reference;
  reference.rows = y.size();
  TablePolicyOptions options;
  options.beta = beta;
  options.enumerated = true;
  return table_policy_value(r, y, reference, options);
}

/// What the bootstrap, or Student's law where there is none, leaves of a gain at the 95 % level.
inline double lower_limit(const TableEstimate& estimate) {
  return estimate.interval ? estimate.interval->low : estimate.lower();
}

}  // namespace esscher
