#include "esscher/base/error.h"

#include <algorithm>
#include <numeric>

#include "esscher/base/number_text.h"

namespace esscher {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row.back();
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string rejection(std::string_view field, std::string_view value, std::string_view constraint,
                      std::string_view remedy) {
  std::string line;
  line.append(field).append(" = ").append(value).append(": ").append(constraint);
  if (!remedy.empty()) line.append("; ").append(remedy);
  return line;
}

std::string rejection(std::string_view field, double value, std::string_view constraint,
                      std::string_view remedy) {
  return rejection(field, number_text(value), constraint, remedy);
}

std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates) {
  const auto alike = std::ranges::find_if(candidates, [&](const std::string& candidate) {
    return std::ranges::equal(candidate, word, {}, lower, lower);
  });
  if (alike != candidates.end()) return *alike;
  std::string best;
  std::size_t best_distance = word.size() + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance && 3 * distance <= std::max(word.size(), candidate.size())) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace esscher
