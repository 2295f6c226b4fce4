#include "esscher/data/folds.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <unordered_map>

#include "data/shuffle.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/random.h"

namespace esscher {
namespace {

std::vector<std::uint64_t> shuffled_numbers(std::size_t count, const RandomStream& stream) {
  std::vector<std::uint64_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), std::uint64_t{0});
  internal::shuffle<std::uint64_t>(numbers, stream);
  return numbers;
}

void require_enough(std::uint64_t count, int folds, const std::string& what,
                    std::string_view field) {
  if (count >= static_cast<std::uint64_t>(folds)) return;
  const std::string remedy =
      count >= 2 ? "take at most " + std::to_string(count) : "nothing can be cross-fitted";
  throw UsageError(rejection(field, std::to_string(folds),
                             "the table has only " + counted(count, what), remedy));
}

/// Numbers groups in the order in which they first occur.
std::vector<std::uint64_t> group_numbers(std::span<const std::uint32_t> groups,
                                         std::vector<std::uint64_t>& sizes) {
  std::unordered_map<std::uint32_t, std::uint64_t> known;
  std::vector<std::uint64_t> numbers(groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const std::uint64_t number = known.try_emplace(groups[i], known.size()).first->second;
    if (number == sizes.size()) sizes.push_back(0);
    ++sizes[number];
    numbers[i] = number;
  }
  return numbers;
}

template <class Keep>
std::vector<std::uint64_t> rows_where(std::span<const std::uint32_t> folds, Keep keep) {
  std::vector<std::uint64_t> rows;
  for (std::size_t i = 0; i < folds.size(); ++i) {
    if (keep(folds[i])) rows.push_back(i);
  }
  return rows;
}

}  // namespace

std::vector<std::uint32_t> assign_folds(std::uint64_t rows, std::span<const std::uint32_t> groups,
                                        int folds, std::uint64_t seed, std::string_view field,
                                        std::string_view unit) {
  if (folds < 2) {
    throw UsageError(rejection(field, std::to_string(folds), "must be at least 2"));
  }
  require_enough(rows, folds, "row", field);
  const auto count = static_cast<std::size_t>(rows);
  const RandomStream stream(seed, "data/folds");
  std::vector<std::uint32_t> fold(count);
  if (groups.empty()) {
    const std::vector<std::uint64_t> order = shuffled_numbers(count, stream);
    for (std::size_t i = 0; i < count; ++i) {
      fold[order[i]] = static_cast<std::uint32_t>(i % static_cast<std::size_t>(folds));
    }
    return fold;
  }
  if (groups.size() != count) {
    throw InternalError(std::to_string(groups.size()) + " groups for " + std::to_string(count) +
                        " rows");
  }
  std::vector<std::uint64_t> sizes;
  const std::vector<std::uint64_t> numbers = group_numbers(groups, sizes);
  if (sizes.size() == 1) {
    const std::string name(unit);
    throw DataError("--" + name + ": all " + std::to_string(rows) + " rows are in one " + name +
                    ", which cannot be split; give a column that tells two of them apart, or none");
  }
  require_enough(sizes.size(), folds, std::string(unit), field);
  std::vector<std::uint32_t> group_fold(sizes.size());
  std::vector<std::uint64_t> filled(static_cast<std::size_t>(folds));
  for (const std::uint64_t group : shuffled_numbers(sizes.size(), stream)) {
    const auto least = std::ranges::min_element(filled);
    group_fold[group] = static_cast<std::uint32_t>(least - filled.begin());
    *least += sizes[group];
  }
  for (std::size_t i = 0; i < count; ++i) fold[i] = group_fold[numbers[i]];
  return fold;
}

std::vector<std::uint32_t> joined_groups(std::span<const std::uint32_t> a,
                                         std::span<const std::uint32_t> b) {
  if (a.size() != b.size()) throw InternalError("partitions of different tables");
  std::vector<std::uint64_t> sizes_a;
  std::vector<std::uint64_t> sizes_b;
  const std::vector<std::uint64_t> of_a = group_numbers(a, sizes_a);
  const std::vector<std::uint64_t> of_b = group_numbers(b, sizes_b);
  // A forest over the numbers of both, each tree a part.
  std::vector<std::uint64_t> parent(sizes_a.size() + sizes_b.size());
  std::iota(parent.begin(), parent.end(), std::uint64_t{0});
  const auto root = [&](std::uint64_t node) {
    while (parent[node] != node) node = parent[node] = parent[parent[node]];
    return node;
  };
  for (std::size_t i = 0; i < a.size(); ++i) parent[root(sizes_a.size() + of_b[i])] = root(of_a[i]);
  std::vector<std::uint32_t> roots(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) roots[i] = static_cast<std::uint32_t>(root(of_a[i]));
  std::vector<std::uint64_t> sizes;
  const std::vector<std::uint64_t> numbers = group_numbers(roots, sizes);
  return {numbers.begin(), numbers.end()};
}

std::vector<std::uint64_t> rows_in_fold(std::span<const std::uint32_t> folds, std::uint32_t fold) {
  return rows_where(folds, [&](std::uint32_t other) { return other == fold; });
}

std::vector<std::uint64_t> rows_not_in_fold(std::span<const std::uint32_t> folds,
                                            std::uint32_t fold) {
  return rows_where(folds, [&](std::uint32_t other) { return other != fold; });
}

std::vector<std::uint64_t> random_subset(std::span<const std::uint64_t> rows, std::uint64_t count,
                                         std::uint64_t seed) {
  if (count > rows.size()) {
    throw UsageError(rejection("rows to choose", std::to_string(count),
                               "there are only " + std::to_string(rows.size())));
  }
  std::vector<std::uint64_t> chosen(rows.begin(), rows.end());
  const auto size = static_cast<std::size_t>(count);
  internal::shuffle_front<std::uint64_t>(chosen, size, RandomStream(seed, "data/subset"));
  chosen.resize(size);
  std::ranges::sort(chosen);
  return chosen;
}

std::vector<std::uint64_t> random_subset(std::uint64_t rows, std::uint64_t count,
                                         std::uint64_t seed) {
  std::vector<std::uint64_t> all(static_cast<std::size_t>(rows));
  std::iota(all.begin(), all.end(), std::uint64_t{0});
  return random_subset(all, count, seed);
}

}  // namespace esscher
