#include "pipeline/noise_free_gain.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>

#include "esscher/base/matrix.h"
#include "esscher/base/random.h"
#include "esscher/data/folds.h"

namespace esscher::internal {
namespace {

/// Labels that tell the law of noise-free rewards, at most.
constexpr std::uint64_t kDeconvolvedLabels = 2048;
/// Steps of expectation-maximisation from a normal law: fewer leave modes unfound, more make spikes
/// of single labels.
constexpr int kDeconvolutionSteps = 100;
constexpr std::size_t kLeastCells = 32;
constexpr std::size_t kMostCells = 512;
/// Cells within a standard deviation of the noise.
constexpr double kCellsOfNoise = 4;
/// Draws of all noise-free rewards, and numbers at most in them.
constexpr std::size_t kLeastDraws = 4;
constexpr std::size_t kMostDraws = 48;
constexpr std::size_t kMostDrawn = std::size_t{1} << 23;

/// Labels about the mean of all, or of their group.
struct CentredLabels {
  std::vector<double> values;
  /// Rows that are not alone in their group, whose labels tell a spread.
  std::vector<std::uint64_t> told;
  /// Of those, scaled by sqrt(m / (m - 1)) in a group of m, so that their variance is that about
  /// the group's true mean.
  std::vector<double> spread;
};

CentredLabels centred(std::span<const double> labels, std::span<const std::uint32_t> groups) {
  const std::size_t n = labels.size();
  const std::size_t cells = groups.empty() ? 1 : std::size_t{std::ranges::max(groups)} + 1;
  const auto cell = [&](std::size_t i) { return groups.empty() ? 0 : groups[i]; };
  std::vector<double> mean(cells);
  std::vector<double> size(cells);
  for (std::size_t i = 0; i < n; ++i) {
    size[cell(i)] += 1;
    mean[cell(i)] += (labels[i] - mean[cell(i)]) / size[cell(i)];
  }
  CentredLabels result;
  for (std::size_t i = 0; i < n; ++i) {
    const double m = size[cell(i)];
    result.values.push_back(labels[i] - mean[cell(i)]);
    if (m < 2) continue;
    result.told.push_back(i);
    result.spread.push_back(result.values[i] * std::sqrt(m / (m - 1)));
  }
  return result;
}

/// A law of noise-free rewards: probabilities of cells of one width.
struct RewardLaw {
  double first = 0;  ///< the middle of the first cell
  double width = 0;
  std::vector<double> mass;

  double middle(std::size_t cell) const { return first + width * static_cast<double>(cell); }
  /// e^{-(label - middle)^2 / (2 variance)} of each cell, but for a factor: 1 in the nearest cell
  /// that has mass, so that a label beside them all has a law, too.
  void likelihood(double label, double variance, std::span<double> out) const {
    double nearest = INFINITY;
    for (std::size_t j = 0; j < mass.size(); ++j) {
      if (mass[j] > 0) nearest = std::min(nearest, std::abs(label - middle(j)));
    }
    for (std::size_t j = 0; j < mass.size(); ++j) {
      const double distance = label - middle(j);
      out[j] = std::exp(std::min(0.0, (nearest * nearest - distance * distance) / (2 * variance)));
    }
  }
};

/// From a normal law of the variance \p own that the noise leaves, a few steps towards that of
/// greatest likelihood.
RewardLaw deconvolved(std::span<const double> labels, std::span<const double> variances, double own,
                      double noise_sd, std::uint64_t seed) {
  const auto [least, greatest] = std::ranges::minmax(labels);
  const double cells = std::ceil(kCellsOfNoise * (greatest - least) / noise_sd);
  RewardLaw law;
  law.mass.resize(static_cast<std::size_t>(
      std::clamp(cells, static_cast<double>(kLeastCells), static_cast<double>(kMostCells))));
  law.width = (greatest - least) / static_cast<double>(law.mass.size());
  law.first = least + law.width / 2;
  for (std::size_t j = 0; j < law.mass.size(); ++j) {
    law.mass[j] = std::exp(-law.middle(j) * law.middle(j) / (2 * own));
  }
  const std::uint64_t count = std::min<std::uint64_t>(labels.size(), kDeconvolvedLabels);
  const std::vector<std::uint64_t> some = random_subset(labels.size(), count, seed);
  Matrix<double> likelihoods(some.size(), law.mass.size());
  for (std::size_t i = 0; i < some.size(); ++i) {
    law.likelihood(labels[some[i]], variances[some[i]], likelihoods.row(i));
  }
  for (int step = 0; step < kDeconvolutionSteps; ++step) {
    std::vector<double> next(law.mass.size());
    for (std::size_t i = 0; i < some.size(); ++i) {
      const std::span<const double> row = likelihoods.row(i);
      const double sum = std::inner_product(row.begin(), row.end(), law.mass.begin(), 0.0);
      if (!(sum > 0)) continue;
      for (std::size_t j = 0; j < next.size(); ++j) next[j] += law.mass[j] * row[j] / sum;
    }
    law.mass = std::move(next);
  }
  return law;
}

}  // namespace

std::vector<double> LabelNoise::of_rows() const {
  std::vector<double> result;
  for (const double share : shares) result.push_back(sd * std::sqrt(share));
  return result;
}

std::vector<double> noise_free_gain(std::span<const double> labels, const LabelNoise& noise,
                                    const TableReference& reference, std::span<const double> betas,
                                    const TablePolicyOptions& options) {
  const std::size_t n = labels.size();
  const CentredLabels y = centred(labels, reference.groups);
  std::vector<double> variances(n);
  for (std::size_t i = 0; i < n; ++i) variances[i] = noise.sd * noise.sd * noise.shares[i];
  std::vector<double> told(y.told.size());
  double own = 0;
  for (std::size_t t = 0; t < told.size(); ++t) {
    told[t] = variances[y.told[t]];
    own += (y.spread[t] * y.spread[t] - told[t]) / static_cast<double>(told.size());
  }
  std::vector<double> gains(betas.size());
  if (!(own > 0)) return gains;
  const double least_sd = std::sqrt(std::ranges::min(told));
  const RewardLaw law = deconvolved(y.spread, told, own, least_sd, options.seed);

  const std::size_t draws = std::clamp(kMostDrawn / n, kLeastDraws, kMostDraws);
  std::vector<std::vector<double>> rewards(draws, std::vector<double>(n));
  const RandomStream stream(options.seed, "pipeline/noise_free");
  std::vector<double> below(law.mass.size());
  std::vector<double> uniforms(2 * draws);
  for (std::size_t i = 0; i < n; ++i) {
    law.likelihood(y.values[i], variances[i], below);
    double sum = 0;
    for (std::size_t j = 0; j < below.size(); ++j) below[j] = sum += law.mass[j] * below[j];
    stream.at(i).fill_uniform(0, uniforms);
    for (std::size_t d = 0; d < draws; ++d) {
      const auto found = std::ranges::upper_bound(below, uniforms[2 * d] * below.back());
      const auto cell = static_cast<std::size_t>(found - below.begin());
      rewards[d][i] =
          law.middle(std::min(cell, below.size() - 1)) + law.width * (uniforms[2 * d + 1] - 0.5);
    }
  }
  TablePolicyOptions policy = options;
  policy.bootstrap = 0;
  for (std::size_t b = 0; b < betas.size(); ++b) {
    policy.beta = betas[b];
    for (const std::vector<double>& drawn : rewards) {
      gains[b] += table_policy_value(drawn, drawn, reference, policy).gain.value /
                  static_cast<double>(draws);
    }
  }
  return gains;
}

}  // namespace esscher::internal
