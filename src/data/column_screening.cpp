#include "column_screening.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
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

std::string lower(std::string_view text) {
  std::string result;
  for (const char c : text) {
    result.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  return result;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// As pandas and R name the row numbers that they write.
bool is_nameless(std::string_view name) {
  constexpr std::string_view kUnnamed = "Unnamed: ";
  return name.empty() || (name.starts_with(kUnnamed) && all_digits(name.substr(kUnnamed.size())));
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

std::vector<std::size_t> order_of(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return values[i]; });
  return order;
}

/// Ranks from 0, ties at their mean.
std::vector<double> ranks(std::span<const double> values) {
  const std::vector<std::size_t> order = order_of(values);
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

/// Fewer than ten values: classes, which a good feature may tell.
bool is_coarse(std::span<const double> rewards) {
  constexpr std::size_t kClasses = 10;
  std::set<double> seen;
  for (const double reward : rewards) {
    if (seen.insert(reward).second && seen.size() == kClasses) return false;
  }
  return true;
}

bool has_missing(std::span<const double> values) {
  return std::ranges::any_of(values, [](double value) { return std::isnan(value); });
}

}  // namespace

std::string index_or_split(std::string_view name, std::span<const double> values) {
  if (is_nameless(name)) return "its name is that of row numbers";
  if (values.empty() || has_missing(values)) return "";
  std::vector<double> sorted(values.begin(), values.end());
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
  if (distinct < n || n < kFewRows) return "";
  const double range = sorted[n - 1] - sorted[0] + 1;
  const auto count = static_cast<double>(n);
  if (range == count) return "it numbers the rows";
  if (names_rows(name) || count * count / (2 * range) >= kExpectedRepeats) {
    return "it has another whole number in each row, as an identifier has";
  }
  return "";
}

bool tells_order(std::span<const double> values, std::span<const double> rewards) {
  if (values.size() < kFewRows || has_missing(values)) return false;
  std::vector<std::size_t> order = order_of(values);
  // Along ascending values rewards rise, or fall, from each value to the next; within one value, a
  // bin, they are free. Equal rewards have one value, since it is a function of them.
  std::size_t others = values.size();
  const auto is_monotone = [&](double sign) {
    double greatest_before = -std::numeric_limits<double>::infinity();
    for (std::size_t begin = 0; begin < order.size();) {
      std::size_t end = begin;
      double least = std::numeric_limits<double>::infinity();
      double greatest = -least;
      while (end < order.size() && values[order[end]] == values[order[begin]]) {
        const double reward = sign * rewards[order[end++]];
        least = std::min(least, reward);
        greatest = std::max(greatest, reward);
      }
      if (least <= greatest_before) return false;
      greatest_before = greatest;
      others = std::min(others, values.size() - (end - begin));
      begin = end;
    }
    return true;
  };
  return (is_monotone(1) || is_monotone(-1)) && others >= kFewOthers;
}

double strongest_correlation(std::span<const double> values, std::span<const double> rewards) {
  if (values.empty() || has_missing(values) || is_coarse(rewards)) return 0;
  const double plain = correlation(values, rewards);
  const double ranked = correlation(ranks(values), ranks(rewards));
  return std::abs(ranked) > std::abs(plain) ? ranked : plain;
}

}  // namespace esscher::internal
