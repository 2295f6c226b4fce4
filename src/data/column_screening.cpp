#include "column_screening.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

namespace esscher::internal {
namespace {

/// Fewer rows do not tell an index from a feature.
constexpr std::size_t kFewRows = 10;
/// Rows outside the most frequent value, without which a value at one end of the rewards may be
/// chance: five of n rows are the upper five by chance with probability 1 / C(n, 5).
constexpr std::size_t kFewOthers = 5;
/// Repeats to be expected among draws, where there is none.
constexpr double kExpectedRepeats = 4;
constexpr std::size_t kMostSplits = 100;
/// Standard deviations of a rank correlation under independence.
constexpr double kFollows = 4;
/// Gaps between clusters of rewards, in the greatest gap within one.
constexpr double kClusterGap = 2;

std::string lower(std::string_view text) {
  std::string result;
  for (const char c : text) {
    result.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  return result;
}

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

/// As pandas and R name the row numbers that they write.
bool is_nameless(std::string_view name) {
  constexpr std::string_view kUnnamed = "Unnamed: ";
  return name.empty() || (name.starts_with(kUnnamed) && is_number(name.substr(kUnnamed.size())));
}

/// The name behind its last "_", "-", "." or space.
std::string last_word(std::string_view name) {
  const std::size_t cut = name.find_last_of("_-. ");
  return lower(cut == std::string_view::npos ? name : name.substr(cut + 1));
}

bool names_rows(std::string_view name) {
  constexpr std::array<std::string_view, 8> kWords{"id",   "idx", "index", "uid",
                                                   "uuid", "key", "row",   "rowid"};
  return std::ranges::find(kWords, last_word(name)) != kWords.end();
}

/// Of a thing that may have several rows.
bool names_owner(std::string_view name) {
  constexpr std::array<std::string_view, 3> kWords{"id", "uid", "uuid"};
  return std::ranges::find(kWords, last_word(name)) != kWords.end();
}

/// When a row was taken: such numbers count up, and may carry the reward all the same.
bool names_time(std::string_view name) {
  constexpr std::array<std::string_view, 10> kWords{"year", "yr",   "date", "day",  "month",
                                                    "week", "hour", "time", "days", "timestamp"};
  return std::ranges::find(kWords, last_word(name)) != kWords.end();
}

/// One of some words begins the name, and then it ends, or goes on with a digit or a separator.
bool names_split(std::string_view name) {
  constexpr std::array<std::string_view, 7> kWords{"fold",      "folds",   "split",    "cv",
                                                   "partition", "cv_fold", "test_fold"};
  const std::string text = lower(name);
  return std::ranges::any_of(kWords, [&](std::string_view word) {
    if (!text.starts_with(word)) return false;
    if (text.size() == word.size()) return true;
    const char next = text[word.size()];
    return std::string_view("_-. ").find(next) != std::string_view::npos ||
           (next >= '0' && next <= '9');
  });
}

/// Ranks from 0, ties at their mean.
std::vector<double> ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<double> result(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (std::size_t i = begin; i < end; ++i) {
      result[order[i]] = static_cast<double>(begin + end - 1) / 2;
    }
    begin = end;
  }
  return result;
}

double correlation(std::span<const double> a, std::span<const double> b) {
  const auto n = static_cast<double>(a.size());
  const double a_mean = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double b_mean = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double aa = 0;
  double bb = 0;
  double ab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    aa += (a[i] - a_mean) * (a[i] - a_mean);
    bb += (b[i] - b_mean) * (b[i] - b_mean);
    ab += (a[i] - a_mean) * (b[i] - b_mean);
  }
  const double norm = std::sqrt(aa) * std::sqrt(bb);
  return norm > 0 && std::isfinite(norm) ? ab / norm : 0;
}

/// Places of the values that are there, a list a group.
std::vector<std::vector<std::size_t>> members_of(std::span<const double> values,
                                                 std::span<const std::uint32_t> groups) {
  std::vector<std::vector<std::size_t>> members;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    if (groups[i] >= members.size()) members.resize(std::size_t{groups[i]} + 1);
    members[groups[i]].push_back(i);
  }
  return members;
}

/// How many of the rows have another than the commonest of their rewards.
std::size_t outside_commonest(std::span<const std::size_t> rows, std::span<const double> rewards) {
  std::map<double, std::size_t> counts;
  for (const std::size_t i : rows) ++counts[rewards[i]];
  std::size_t most = 0;
  for (const auto& [reward, count] : counts) most = std::max(most, count);
  return rows.size() - most;
}

void subtract_means(std::vector<double>& values, std::span<const std::uint32_t> groups) {
  const std::vector<std::vector<std::size_t>> members = members_of(values, groups);
  for (const std::vector<std::size_t>& group : members) {
    double mean = 0;
    for (const std::size_t i : group) mean += values[i] / static_cast<double>(group.size());
    for (const std::size_t i : group) values[i] -= mean;
  }
}

}  // namespace

std::string index_or_split(std::string_view name, std::span<const double> values,
                           std::span<const double> rewards) {
  if (is_nameless(name)) return "its name is that of row numbers";
  std::vector<double> sorted;
  for (const double value : values) {
    if (!std::isnan(value)) sorted.push_back(value);
  }
  if (sorted.empty()) return "";
  const bool ascends =
      std::ranges::is_sorted(sorted) || std::ranges::is_sorted(sorted, std::greater{});
  std::ranges::sort(sorted);
  if (sorted.front() == sorted.back()) return "it never varies";
  if (!std::ranges::all_of(sorted, [](double value) { return value == std::floor(value); })) {
    return "";
  }
  const std::size_t n = sorted.size();
  const auto distinct =
      static_cast<std::size_t>(std::unique(sorted.begin(), sorted.end()) - sorted.begin());
  if (names_split(name) && distinct <= std::min(kMostSplits, (n + 1) / 2)) {
    return "its name is that of a split into folds";
  }
  if (distinct < n && names_owner(name)) {
    return "its name is that of an identifier; candidates of one compete by --group";
  }
  if (distinct < n || n < kFewRows || n < values.size() || names_time(name)) return "";
  constexpr const char* kIdentifier =
      "it has another whole number in each row, as an identifier has";
  if (names_rows(name)) return kIdentifier;
  const double range = sorted[n - 1] - sorted[0] + 1;
  const auto count = static_cast<double>(n);
  const bool consecutive = range == count;
  if (!consecutive && count * count / (2 * range) < kExpectedRepeats) return "";
  // A designed experiment may have each level once, in random order: then rewards follow it.
  if (!ascends && rewards.size() == n) {
    const double follows = correlation(ranks(values), ranks(rewards));
    if (std::abs(follows) * std::sqrt(count - 1) > kFollows) return "";
  }
  return consecutive ? "it numbers the rows" : kIdentifier;
}

bool tells_order(std::span<const double> values, std::span<const double> rewards) {
  std::vector<std::pair<double, double>> pairs;  // of value and reward
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isnan(values[i])) pairs.emplace_back(values[i], rewards[i]);
  }
  if (pairs.size() < kFewRows) return false;
  std::ranges::sort(pairs);
  // Along ascending values rewards rise, or fall, from each value to the next; within one value, a
  // bin, they are free. Equal rewards have one value, since it is a function of them.
  const auto is_monotone = [&](bool rises) {
    std::size_t others = pairs.size();
    double between = std::numeric_limits<double>::infinity();  // the least gap from bin to bin
    double within = 0;                                         // the greatest in a bin
    for (std::size_t begin = 0; begin < pairs.size();) {
      std::size_t end = begin + 1;
      for (; end < pairs.size() && pairs[end].first == pairs[begin].first; ++end) {
        within = std::max(within, pairs[end].second - pairs[end - 1].second);
      }
      if (end < pairs.size()) {
        std::size_t next = end + 1;  // the end of the next bin
        while (next < pairs.size() && pairs[next].first == pairs[end].first) ++next;
        const double gap = rises ? pairs[end].second - pairs[end - 1].second
                                 : pairs[begin].second - pairs[next - 1].second;
        if (!(gap > 0)) return false;
        between = std::min(between, gap);
      }
      others = std::min(others, pairs.size() - (end - begin));
      begin = end;
    }
    // Rewards that lie in clusters of their own, one a value, are those of a good feature.
    return others >= kFewOthers && !(within > 0 && between > kClusterGap * within);
  };
  return is_monotone(true) || is_monotone(false);
}

OrderWithin order_within(std::span<const double> values, std::span<const double> rewards,
                         std::span<const std::uint32_t> groups) {
  constexpr double kTooUnlikely = 20.7;  // -log(1e-9)
  // A feature that errs at one step of twenty takes all of so many with probability 0.05.
  constexpr std::size_t kManySteps = 60;
  if (is_coarse(rewards)) return OrderWithin::none;
  std::vector<std::vector<std::size_t>> members = members_of(values, groups);
  bool rises = true;
  bool falls = true;
  double unlikely = 0;  // -log of the chance, by the ways to lay a group's values out over its rows
  std::size_t steps = 0;                                     // from bin to bin
  double between = std::numeric_limits<double>::infinity();  // as in tells_order()
  double within = 0;
  for (std::vector<std::size_t>& group : members) {
    std::ranges::sort(group, {}, [&](std::size_t i) { return std::pair(values[i], rewards[i]); });
    unlikely += std::lgamma(static_cast<double>(group.size()) + 1);
    std::size_t last = 0;  // where the bin before begins
    for (std::size_t begin = 0; begin < group.size();) {
      std::size_t end = begin + 1;
      for (; end < group.size() && values[group[end]] == values[group[begin]]; ++end) {
        within = std::max(within, rewards[group[end]] - rewards[group[end - 1]]);
      }
      unlikely -= std::lgamma(static_cast<double>(end - begin) + 1);
      if (begin > 0) {
        const double up = rewards[group[begin]] - rewards[group[begin - 1]];
        const double down = rewards[group[last]] - rewards[group[end - 1]];
        rises = rises && up > 0;
        falls = falls && down > 0;
        if (!rises && !falls) return OrderWithin::none;
        between = std::min(between, std::max(up, down));
        ++steps;
      }
      last = begin;
      begin = end;
    }
  }
  if (!(unlikely > kTooUnlikely)) return OrderWithin::none;
  const bool clusters = within > 0 && between > kClusterGap * within;
  return steps < kManySteps || clusters ? OrderWithin::strong : OrderWithin::told;
}

double strongest_correlation(std::span<const double> values, std::span<const double> rewards,
                             std::span<const std::uint32_t> groups) {
  std::vector<double> x;
  std::vector<double> y;
  std::vector<std::uint32_t> cells;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) continue;
    x.push_back(values[i]);
    y.push_back(rewards[i]);
    if (!groups.empty()) cells.push_back(groups[i]);
  }
  if (is_coarse(y)) return 0;
  std::size_t free = x.size();
  if (!cells.empty()) {
    free -= std::set<std::uint32_t>(cells.begin(), cells.end()).size();
    subtract_means(x, cells);
    subtract_means(y, cells);
  }
  if (free < kFewRows) return 0;
  const double plain = correlation(x, y);
  const double ranked = correlation(ranks(x), ranks(y));
  return std::abs(ranked) > std::abs(plain) ? ranked : plain;
}

double ordered_share(std::span<const double> values, std::span<const double> rewards,
                     std::span<const std::uint32_t> groups) {
  constexpr std::size_t kFewPairs = 30;
  constexpr std::uint64_t kMostSeen = std::uint64_t{1} << 22;
  std::uint64_t seen = 0;  // equal rewards as well
  std::uint64_t pairs = 0;
  std::size_t disjoint = 0;  // those of one best row all say the same
  double ordered = 0;
  for (const std::vector<std::size_t>& group : members_of(values, groups)) {
    const std::size_t others = outside_commonest(group, rewards);
    if (others == 0) continue;
    if (seen >= kMostSeen) break;
    disjoint += std::min(others, group.size() / 2);
    for (std::size_t a = 0; a < group.size() && seen < kMostSeen; ++a) {
      for (std::size_t b = a + 1; b < group.size() && seen < kMostSeen; ++b) {
        ++seen;
        const double better = rewards[group[a]] - rewards[group[b]];
        const double greater = values[group[a]] - values[group[b]];
        if (better == 0) continue;
        ++pairs;
        ordered += greater == 0 ? 0.5 : (greater > 0) == (better > 0) ? 1 : 0;
      }
    }
  }
  return disjoint < kFewPairs ? 0.5 : ordered / static_cast<double>(pairs);
}

bool is_coarse(std::span<const double> rewards) {
  constexpr std::size_t kClasses = 10;
  std::set<double> seen;
  for (const double reward : rewards) {
    if (seen.insert(reward).second && seen.size() == kClasses) return false;
  }
  return true;
}

}  // namespace esscher::internal
