#include "refinement/direction_count.h"

#include <algorithm>
#include <utility>

#include "esscher/linalg/factor.h"
#include "refinement/mean_error.h"

namespace esscher::internal {
namespace {

constexpr double kStandardErrors = 3;

/// The part of \p metric along its leading \p count directions.
Matrix<double> leading_part(const SymmetricEigen& eigen, std::size_t count) {
  const std::size_t k = eigen.values.size();
  Matrix<double> part(k, k);
  for (std::size_t r = 0; r < count; ++r) {
    const std::size_t column = k - 1 - r;
    const double value = std::max(eigen.values[column], 0.0);
    for (std::size_t i = 0; i < k; ++i) {
      for (std::size_t j = 0; j < k; ++j) {
        part(i, j) += value * eigen.vectors(i, column) * eigen.vectors(j, column);
      }
    }
  }
  return part;
}

}  // namespace

DirectionCount count_directions(DirectionNetwork& network, MatrixView<const double> metric,
                                MatrixView<const double> v, std::span<const double> y,
                                int threads) {
  const std::size_t k = metric.rows;
  const std::size_t half = v.rows / 2;
  const SymmetricEigen eigen = symmetric_eigen(metric);
  std::vector<std::vector<double>> squares;  // by number of directions, of the second half
  for (std::size_t r = 1; r <= k; ++r) {
    network.redraw(leading_part(eigen, r).view(), 0);
    network.fit(v.rows_from(0, half), y.first(half), threads);
    std::vector<double> predicted(v.rows - half);
    network.predict(v.rows_from(half, v.rows - half), predicted);
    for (std::size_t i = 0; i < predicted.size(); ++i) {
      predicted[i] = (y[half + i] - predicted[i]) * (y[half + i] - predicted[i]);
    }
    squares.push_back(std::move(predicted));
  }
  DirectionCount result;
  const auto beaten = [&](std::size_t r) {
    for (std::size_t more = r + 1; more <= k; ++more) {
      const HeldOutError gain = mean_difference(squares[r - 1], squares[more - 1]);
      if (gain.value > kStandardErrors * gain.standard_error) return true;
    }
    return false;
  };
  while (result.directions < k && beaten(result.directions)) ++result.directions;
  for (std::size_t r = 1; r <= k; ++r) {
    HeldOutError error = mean_error(squares[r - 1]);
    if (r != result.directions) {
      error.standard_error =
          mean_difference(squares[r - 1], squares[result.directions - 1]).standard_error;
    }
    result.by_directions.push_back(error);
  }
  double mean = 0;
  for (const double label : y.first(half)) mean += label / static_cast<double>(half);
  std::vector<double> constant(squares.front().size());
  for (std::size_t i = 0; i < constant.size(); ++i) {
    constant[i] = (y[half + i] - mean) * (y[half + i] - mean);
  }
  const HeldOutError gain = mean_difference(constant, squares[result.directions - 1]);
  result.better_than_constant = gain.value > kStandardErrors * gain.standard_error;
  result.metric = leading_part(eigen, result.directions);
  return result;
}

}  // namespace esscher::internal
