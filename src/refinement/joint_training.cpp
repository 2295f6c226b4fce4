#include "refinement/joint_training.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"

namespace esscher::internal {
namespace {

/// Directions get at least this share of the leading one's weight, so that what the reward does not
/// turn on yet can still be seen.
constexpr double kWeightFloor = 1e-3;

/// (I + pi)^{-1} scale, pi's lower triangle given.
Matrix<double> gain(const Matrix<double>& pi, double scale) {
  Matrix<double> shifted = pi;
  for (std::size_t i = 0; i < pi.rows(); ++i) shifted(i, i) += 1;
  Matrix<double> inverse = symmetric_power(shifted.view(), -1);
  for (double& value : inverse.values()) value *= scale;
  return inverse;
}

}  // namespace

double leading_overlap(const Directions& directions, MatrixView<const double> metric) {
  const SymmetricEigen eigen = symmetric_eigen(metric);
  const Matrix<double> overlaps = directions.overlaps();
  double squares = 0;
  for (std::size_t h = 0; h < overlaps.columns(); ++h) {
    double sum = 0;
    for (std::size_t i = 0; i < overlaps.rows(); ++i) {
      sum += eigen.vectors(i, metric.rows - 1) * overlaps(i, h);
    }
    squares += sum * sum;
  }
  return std::sqrt(squares);
}

JointTraining train_jointly(Directions& directions, DirectionNetwork& network,
                            Matrix<double> metric, std::uint64_t first, std::uint64_t batch,
                            std::uint64_t dim, std::uint64_t taken, const RefineOptions& options,
                            const std::function<void(std::uint64_t)>& progress) {
  const std::size_t k = network.directions();
  const auto samples = static_cast<double>(batch);
  // Noise moves V in the directions that are left.
  const auto free = static_cast<double>(std::max<std::uint64_t>(dim - k, 1));
  Matrix<double> information(k, k);
  JointTraining result{std::move(metric), {}, false};
  for (int t = 1; t <= options.steps; ++t) {
    const std::uint64_t begin = first + batch * static_cast<std::uint64_t>(t - 1);
    network.redraw(result.metric.view(), kWeightFloor);
    {
      const std::size_t count = std::min(batch, kFitSamples);
      Matrix<double> v(count, k);
      std::vector<double> y(count);
      directions.draw(begin, v.view(), y);
      network.fit(v.view(), y, options.threads);
    }
    const BatchSums sums = directions.accumulate(begin, batch, network);
    if (options.callbacks.cancelled()) {
      result.cancelled = true;
      return result;
    }
    for (std::size_t i = 0; i < k; ++i) {
      for (std::size_t j = 0; j <= i; ++j) result.metric(i, j) = sums.outer(i, j) / samples;
    }
    symmetrise_from_lower(result.metric.view());
    const double error =
        std::max(sums.squares / samples, std::numeric_limits<double>::min() * samples * free);
    const double scale = samples / (free * error);
    const double memory = static_cast<double>(t - 1) / static_cast<double>(t);
    for (std::size_t i = 0; i < information.values().size(); ++i) {
      information.values()[i] =
          memory * information.values()[i] + scale * result.metric.values()[i];
    }
    directions.move(gain(information, scale).view());
    taken += batch;
    result.trajectory.push_back({taken, leading_overlap(directions, result.metric.view())});
    progress(static_cast<std::uint64_t>(t) * batch);
  }
  return result;
}

}  // namespace esscher::internal
