#include "pipeline/single_column.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <set>
#include <vector>

#include "esscher/base/parallel.h"
#include "esscher/data/folds.h"
#include "pipeline/held_out_spread.h"

namespace esscher::internal {
namespace {

constexpr std::size_t kMostBins = 32;
constexpr std::size_t kLeastRowsOfBin = 8;
constexpr std::size_t kMostNumbers = std::size_t{1} << 24;
constexpr std::size_t kFewestRows = 1000;
constexpr double kSubstantial = 0.3;
constexpr double kBeyondNoise = 5;

/// What a single column is held against.
struct Labels {
  std::vector<double> y;  ///< relative to their group's mean
  std::vector<double> log_weights;
  std::vector<std::uint32_t> folds;
  std::vector<std::uint32_t> groups;
  std::size_t fold_count = 0;

  std::span<const std::uint32_t> cells() const { return groups.empty() ? folds : groups; }
};

void centre(std::vector<double>& values, std::span<const std::uint32_t> groups) {
  if (groups.empty()) return;
  const std::size_t count = std::size_t{std::ranges::max(groups)} + 1;
  std::vector<double> mean(count);
  std::vector<double> size(count);
  for (std::size_t i = 0; i < values.size(); ++i) {
    size[groups[i]] += 1;
    mean[groups[i]] += (values[i] - mean[groups[i]]) / size[groups[i]];
  }
  for (std::size_t i = 0; i < values.size(); ++i) values[i] -= mean[groups[i]];
}

/// Few values have a bin each; of many as many fall into each, equal ones into one.
std::vector<std::size_t> bins(std::span<const double> x) {
  const std::size_t n = x.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return x[i]; });
  std::size_t distinct = 1;
  for (std::size_t i = 1; i < n; ++i) distinct += x[order[i]] != x[order[i - 1]] ? 1 : 0;
  const std::size_t most = std::clamp<std::size_t>(n / kLeastRowsOfBin, 2, kMostBins);
  std::vector<std::size_t> bin(n);
  std::size_t value = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const bool is_new = i > 0 && x[order[i]] != x[order[i - 1]];
    value += is_new ? 1 : 0;
    if (i > 0 && !is_new) {
      bin[order[i]] = bin[order[i - 1]];
    } else {
      bin[order[i]] = distinct <= most ? value : i * most / n;
    }
  }
  return bin;
}

/// Correlation of the labels with means of the other folds' labels in each bin.
double held_out_correlation(std::span<const double> x, const Labels& labels) {
  const std::vector<std::size_t> bin = bins(x);
  const std::size_t count = std::ranges::max(bin) + 1;
  const std::size_t folds = labels.fold_count;
  std::vector<double> sums((count + 1) * folds);  // the last row holds those of all bins
  std::vector<double> masses(sums.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double w = labels.log_weights.empty() ? 1 : std::exp(labels.log_weights[i]);
    for (const std::size_t at : {bin[i], count}) {
      sums[at * folds + labels.folds[i]] += w * labels.y[i];
      masses[at * folds + labels.folds[i]] += w;
    }
  }
  const auto others = [&](const std::vector<double>& of, std::size_t at, std::size_t fold) {
    double sum = 0;
    for (std::size_t f = 0; f < folds; ++f) sum += f == fold ? 0 : of[at * folds + f];
    return sum;
  };
  std::vector<double> predictions((count + 1) * folds);
  for (std::size_t f = 0; f < folds; ++f) {
    const double mass = others(masses, count, f);
    const double mean = mass > 0 ? others(sums, count, f) / mass : 0;
    // A bin begins with one average row of the mean of all.
    const double prior = mass / static_cast<double>(x.size());
    for (std::size_t b = 0; b < count; ++b) {
      const double own = others(masses, b, f) + prior;
      predictions[b * folds + f] = own > 0 ? (others(sums, b, f) + prior * mean) / own : mean;
    }
  }
  std::vector<double> r(x.size());
  for (std::size_t i = 0; i < r.size(); ++i) r[i] = predictions[bin[i] * folds + labels.folds[i]];
  return spread(r, labels.y, labels.cells(), labels.log_weights).correlation();
}

/// Draws that errors are those of, less the means taken off.
double freedom(const RewardTable& table, const Labels& labels, std::size_t n) {
  const std::span<const std::uint32_t> units = table.clusters;
  const std::span<const std::uint32_t> cells = labels.cells();
  const std::size_t draws =
      units.empty() ? n : std::set<std::uint32_t>(units.begin(), units.end()).size();
  const std::size_t means = std::set<std::uint32_t>(cells.begin(), cells.end()).size();
  return draws > means ? static_cast<double>(draws - means) : 0;
}

}  // namespace

std::optional<SingleColumn> telling_column(const RewardTable& table, std::span<const double> y,
                                           std::span<const std::uint32_t> folds,
                                           std::span<const ColumnBlock> columns, double fitted,
                                           std::uint64_t seed, int threads) {
  if (columns.empty() || !(fitted > 0)) return {};
  const std::size_t width = table.features.columns();
  const std::uint64_t most = std::max(kFewestRows, kMostNumbers / std::max<std::size_t>(1, width));
  const std::uint64_t n = std::min<std::uint64_t>(y.size(), most);
  const std::vector<std::uint64_t> rows = random_subset(y.size(), n, seed);
  Labels labels;
  labels.fold_count = std::size_t{std::ranges::max(folds)} + 1;
  for (const std::uint64_t row : rows) {
    labels.y.push_back(y[row]);
    labels.folds.push_back(folds[row]);
    if (!table.groups.empty()) labels.groups.push_back(table.groups[row]);
    if (!table.log_weights.empty()) labels.log_weights.push_back(table.log_weights[row]);
  }
  if (!labels.log_weights.empty()) {
    const double greatest = std::ranges::max(labels.log_weights);
    for (double& w : labels.log_weights) w -= greatest;
  }
  centre(labels.y, labels.groups);
  Matrix<double> x(rows.size(), width);
  table.features.gather(rows, x.view());
  std::vector<char> varies(width);
  for (std::size_t j = 0; j < width; ++j) {
    for (std::size_t i = 1; i < x.rows() && varies[j] == 0; ++i) varies[j] = x(i, j) != x(0, j);
  }
  const auto all = std::ranges::count(varies, 1);

  std::vector<double> correlations(columns.size());
  parallel_for_chunks(ChunkGrid(columns.size(), 1), {threads, "", {}}, [&](const Chunk& chunk) {
    const ColumnBlock& block = columns[chunk.begin];
    const auto of_block = std::span(varies).subspan(block.first, block.width);
    const auto own = std::ranges::count(of_block, 1);
    if (own == 0 || own == all) return;
    std::vector<double> values(x.rows());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto features = x.row(i).subspan(block.first, block.width);
      values[i] = block.width == 1
                      ? features[0]
                      : static_cast<double>(std::ranges::max_element(features) - features.begin());
    }
    double& best = correlations[chunk.begin];
    best = held_out_correlation(values, labels);
    if (labels.groups.empty() || block.width > 1) return;
    centre(values, labels.groups);
    best = std::max(best, held_out_correlation(values, labels));
  });
  const auto best = std::ranges::max_element(correlations);
  const double least =
      std::max(kSubstantial, kBeyondNoise / std::sqrt(std::max(1.0, freedom(table, labels, n))));
  if (!(*best >= least) || !(*best >= kTellingShare * fitted)) return {};
  return SingleColumn{columns[static_cast<std::size_t>(best - correlations.begin())].name, *best,
                      *best / fitted};
}

}  // namespace esscher::internal
