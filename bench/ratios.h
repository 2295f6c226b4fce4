#pragma once

// Benchmarks tell how fast; ratios tell how far from what is possible, or from the usual way. Both
// sides of a ratio come from the same run.

#include <string>
#include <vector>

namespace esscher::bench {

/// After the run, prints items a second of benchmark \p name over what the benchmarks in \p against
/// allow when one follows the other, 1 / (sum of 1 / rate), with \p words. Skipped where one of
/// them was filtered out.
void report_ratio(const std::string& words, const std::string& name,
                  const std::vector<std::string>& against);

}  // namespace esscher::bench
