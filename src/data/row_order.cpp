#include "esscher/data/row_order.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "data/relative_weights.h"
#include "data/shuffle.h"
#include "esscher/base/random.h"
#include "esscher/linalg/compensated_sum.h"

namespace esscher {
namespace {

/// Systematic resampling: copies of row i are the whole numbers between the sums of weights before
/// and behind it, on a ruler that begins at random.
std::vector<std::uint64_t> resampled(std::span<const std::uint64_t> rows,
                                     std::span<const double> log_weights, std::uint64_t seed) {
  const std::vector<double> weights = internal::relative_weights(log_weights, rows.size());
  const double start = RandomStream(seed, "data/order-resampling").uniform(0);
  std::vector<std::uint64_t> list;
  list.reserve(rows.size());
  CompensatedSum sum;
  sum.add(start);
  std::size_t heaviest = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sum.add(weights[i]);
    if (weights[i] > weights[heaviest]) heaviest = i;
    // start lies in (0, 1), so that the whole numbers up to start + n are n.
    const auto end = static_cast<std::size_t>(std::floor(sum.value()));
    while (list.size() < std::min(end, rows.size())) list.push_back(rows[i]);
  }
  // Where start is next to 0 the sum's rounding can lose the last whole number.
  while (list.size() < rows.size()) list.push_back(rows[heaviest]);
  return list;
}

/// Runs in random order.
std::vector<std::uint64_t> with_runs_shuffled(std::span<const std::uint64_t> list,
                                              std::uint64_t seed) {
  std::vector<std::size_t> runs((list.size() + kOrderRun - 1) / kOrderRun);
  std::iota(runs.begin(), runs.end(), std::size_t{0});
  internal::shuffle<std::size_t>(runs, RandomStream(seed, "data/order-runs"));
  std::vector<std::uint64_t> order;
  order.reserve(list.size());
  for (const std::size_t run : runs) {
    const std::size_t begin = run * kOrderRun;
    const auto part = list.subspan(begin, std::min(kOrderRun, list.size() - begin));
    order.insert(order.end(), part.begin(), part.end());
  }
  return order;
}

}  // namespace

std::vector<std::uint64_t> row_order(std::span<const std::uint64_t> rows,
                                     std::span<const double> log_weights, std::uint64_t seed) {
  std::vector<std::uint64_t> order = log_weights.empty()
                                         ? std::vector<std::uint64_t>(rows.begin(), rows.end())
                                         : resampled(rows, log_weights, seed);
  std::size_t window = order.size();
  if (order.size() >= kWindowedOrder) {
    order = with_runs_shuffled(order, seed);
    window = kOrderRun * kOrderWindow;
  }
  const RandomStream stream(seed, "data/order");
  for (std::size_t begin = 0; begin < order.size(); begin += window) {
    const std::size_t count = std::min(window, order.size() - begin);
    internal::shuffle(std::span(order).subspan(begin, count), stream, begin);
  }
  return order;
}

}  // namespace esscher
