#include "readout/group_means.h"

#include <algorithm>
#include <string>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/parallel.h"

namespace esscher::internal {
namespace {

// Rows made at a time, on all threads; they are added up on one, so that sums have one order.
constexpr std::uint64_t kBlockRows = 8192;
constexpr std::uint64_t kChunkRows = 512;

}  // namespace

GroupMeans::GroupMeans(const DesignRows& rows, std::span<const double> targets,
                       std::span<const double> weights, std::span<const std::uint32_t> groups,
                       int threads)
    : groups_(groups) {
  if (groups.size() != targets.size()) {
    throw UsageError(rejection("groups", std::to_string(groups.size()) + " values",
                               "there are " + std::to_string(targets.size()) + " rows"));
  }
  const std::size_t count = std::size_t{std::ranges::max(groups)} + 1;
  const std::size_t features = rows.columns();
  std::vector<double> mass(count);
  std::vector<double> members(count);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    mass[groups[i]] += weights[i];
    members[groups[i]] += 1;
  }
  const auto share = [&](std::uint64_t row) {
    const std::uint32_t group = groups[row];
    return mass[group] > 0 ? weights[row] / mass[group] : 1 / members[group];
  };
  means_ = Matrix<double>(count, features + 1);
  lost_.resize(groups.size());
  for (std::uint64_t first = 0; first < groups.size(); first += kBlockRows) {
    const std::uint64_t size = std::min<std::uint64_t>(kBlockRows, groups.size() - first);
    Matrix<double> block(static_cast<std::size_t>(size), features);
    parallel_for_chunks(ChunkGrid(size, kChunkRows), {threads, "", {}}, [&](const Chunk& chunk) {
      rows.fill(first + chunk.begin,
                block.view().rows_from(static_cast<std::size_t>(chunk.begin),
                                       static_cast<std::size_t>(chunk.size())));
    });
    for (std::size_t i = 0; i < block.rows(); ++i) {
      const std::uint64_t row = first + i;
      const double p = share(row);
      lost_[row] = weights[row] * p;
      const std::span<double> mean = means_.row(groups[row]);
      const std::span<const double> phi = block.row(i);
      for (std::size_t j = 0; j < features; ++j) mean[j] += p * phi[j];
      mean[features] += p * targets[row];
    }
  }
  overall_ = overall(weights);
}

std::vector<double> GroupMeans::overall(std::span<const double> weights) const {
  std::vector<double> mass(means_.rows());
  for (std::size_t i = 0; i < groups_.size(); ++i) mass[groups_[i]] += weights[i];
  std::vector<double> mean(means_.columns());
  for (std::size_t group = 0; group < mass.size(); ++group) {
    for (std::size_t j = 0; j < mean.size(); ++j) mean[j] += mass[group] * means_(group, j);
  }
  return mean;
}

std::optional<GroupMeans> group_means(const DesignRows& rows, std::span<const double> targets,
                                      std::span<const double> weights,
                                      std::span<const std::uint32_t> groups, int threads) {
  if (groups.empty()) return std::nullopt;
  return std::optional<GroupMeans>(std::in_place, rows, targets, weights, groups, threads);
}

}  // namespace esscher::internal
