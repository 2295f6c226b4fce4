#include "pipeline/heavy_designs.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <tuple>
#include <utility>

#include "esscher/base/random.h"

namespace esscher::internal {
namespace {

constexpr double kPartShare = 0.005;

std::vector<std::size_t> rows_of(const Designs& designs, std::size_t design) {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < designs.of_row.size(); ++i) {
    if (designs.of_row[i] == design) rows.push_back(i);
  }
  return rows;
}

/// Numbers rows 0, 1, ... at random, but the same way whatever their order.
void deal(std::vector<std::size_t> rows, std::span<const double> rewards,
          std::span<const double> weights, std::span<std::uint32_t> place) {
  std::ranges::sort(rows, {}, [&](std::size_t i) { return std::tuple(rewards[i], weights[i], i); });
  const RandomStream stream(0, "heavy designs");
  std::vector<std::pair<double, std::size_t>> drawn;
  for (std::size_t k = 0; k < rows.size(); ++k) drawn.emplace_back(stream.uniform(k), rows[k]);
  std::ranges::sort(drawn);
  for (std::size_t k = 0; k < drawn.size(); ++k) {
    place[drawn[k].second] = static_cast<std::uint32_t>(k);
  }
}

}  // namespace

std::optional<CutDesigns> cut_heavy_designs(const Designs& designs, std::span<const double> rewards,
                                            std::span<const double> weights) {
  std::vector<double> mass(designs.size());
  std::vector<bool> varies(designs.size());
  double all = 0;
  for (std::size_t i = 0; i < rewards.size(); ++i) {
    const std::uint32_t d = designs.of_row[i];
    mass[d] += weights[i];
    all += weights[i];
    if (rewards[i] != rewards[designs.first[d]]) varies[d] = true;
  }
  std::vector<std::uint32_t> parts(designs.size(), 1);
  bool cut = false;
  for (std::size_t d = 0; d < designs.size(); ++d) {
    const double share = mass[d] / all;
    if (!(varies[d] && is_heavy(share, designs.count[d], designs.size()))) continue;
    const auto wanted = static_cast<std::uint32_t>(std::ceil(share / kPartShare));
    parts[d] = std::min(wanted, designs.count[d] / 2);
    cut = true;
  }
  if (!cut) return {};
  CutDesigns result{designs, std::vector<std::uint32_t>(designs.size())};
  std::iota(result.design.begin(), result.design.end(), 0U);
  // The first part keeps the design's number; the others follow behind all.
  std::vector<std::uint32_t> begin(designs.size());  // number of its second part
  for (std::size_t d = 0; d < designs.size(); ++d) {
    begin[d] = static_cast<std::uint32_t>(result.design.size());
    result.design.insert(result.design.end(), parts[d] - 1, static_cast<std::uint32_t>(d));
  }
  result.parts.first.resize(result.design.size());
  result.parts.count.assign(result.design.size(), 0);
  std::vector<std::uint32_t> place(rewards.size());  // among the rows of its design
  for (std::size_t d = 0; d < designs.size(); ++d) {
    if (parts[d] > 1) deal(rows_of(designs, d), rewards, weights, place);
  }
  for (std::size_t i = 0; i < rewards.size(); ++i) {
    const std::uint32_t d = designs.of_row[i];
    const std::uint32_t part = place[i] % parts[d];
    const std::uint32_t number = part == 0 ? d : begin[d] + part - 1;
    if (result.parts.count[number]++ == 0) result.parts.first[number] = i;
    result.parts.of_row[i] = number;
  }
  return result;
}

WholeDesigns whole_designs(std::span<const std::uint32_t> design,
                           std::span<const double> log_weights, std::span<const double> values,
                           std::span<const double> shares) {
  const std::size_t count = std::size_t{std::ranges::max(design)} + 1;
  // Of parts of weight 0, too, there is a mean: relative to the heaviest of their design.
  std::vector<double> greatest(count, -std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < design.size(); ++i) {
    greatest[design[i]] = std::max(greatest[design[i]], log_weights[i]);
  }
  WholeDesigns whole;
  whole.values.resize(count);
  whole.shares.resize(shares.empty() ? 0 : count);
  std::vector<double> mass(count);
  for (std::size_t i = 0; i < design.size(); ++i) {
    const std::size_t d = design[i];
    const double weight = std::isfinite(greatest[d]) ? std::exp(log_weights[i] - greatest[d]) : 1;
    mass[d] += weight;
    whole.values[d] += weight * values[i];
    if (!shares.empty()) whole.shares[d] += weight * weight * shares[i];
  }
  for (std::size_t d = 0; d < count; ++d) {
    whole.values[d] /= mass[d];
    if (!shares.empty()) whole.shares[d] /= mass[d] * mass[d];
    whole.log_weights.push_back(greatest[d] + std::log(mass[d]));
  }
  return whole;
}

}  // namespace esscher::internal
