#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/refinement/metric_rounds.h"

namespace esscher::internal {

/// Some rows of a sample, held: about \p count of them drawn at random, whole groups where there
/// are any. The same for the same shape of a sample.
class FewRows {
 public:
  FewRows(const MetricSample& sample, std::size_t count);

  MetricSample sample() const { return {x_.view(), labels_, weights_, groups_, folds_}; }
  /// Whether each of the sample's folds has weight among them.
  bool serve() const;

 private:
  std::uint32_t count_of_folds_;
  Matrix<double> x_;
  std::vector<double> labels_;
  std::vector<double> weights_;
  std::vector<std::uint32_t> groups_;
  std::vector<std::uint32_t> folds_;
};

}  // namespace esscher::internal
