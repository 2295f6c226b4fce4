#pragma once

/// \file
/// Which policies have a true mean of at least a target, of those that an audit or an evaluation
/// looks at: temperatures, numbers of candidates, trained policies.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace esscher {

/// A policy that was named.
struct ReachingPolicy {
  std::string name;              ///< of its reward, proxy or log-ratio
  std::optional<double> beta{};  ///< of a tilt
  std::optional<double> n{};     ///< of best-of-n
  double value = 0;              ///< estimated mean of the gold reward
  double low = 0;                ///< TargetTest::lower_ends(), not below the target
};

struct TargetAnswer {
  double target = 0;
  std::size_t policies = 0;  ///< that were held against it
  /// Those that could not be told: too few effective rows, or labels where the policy does not go.
  std::size_t untold = 0;
  /// Tilts by reward in the order of temperatures, then best-of-n, then trained policies. That any
  /// of them lies below the target has a nominal chance of alpha.
  std::vector<ReachingPolicy> reached{};
  std::string verdict{};  ///< a plain sentence or two
};

}  // namespace esscher
