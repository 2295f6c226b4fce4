#include "whole_folds.h"

#include <cstddef>
#include <cstdint>
#include <limits>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"

namespace esscher::internal {
namespace {

bool of_pairs(const DatasetOptions& options) { return !options.chosen.empty(); }

/// "p.csv: --fold = batch: ".
std::string where(const DatasetOptions& options) {
  const bool none = options.data.empty();  // pairs of npy files
  return (none ? options.chosen : options.data) + ": --fold = " + shown(options.fold) + ": ";
}

void require_whole(const Dataset& data, const std::vector<std::uint32_t>& units,
                   const std::vector<std::string>& names, const char* what,
                   const DatasetOptions& options) {
  constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> first(names.size(), kNone);
  for (std::size_t i = 0; i < units.size(); ++i) {
    std::size_t& other = first[units[i]];
    if (other == kNone) other = i;
    if (data.folds[other] == data.folds[i]) continue;
    const auto place = [&](std::size_t row) {
      const std::uint64_t number = data.source_rows[row];
      return in_quotes(data.fold_names[data.folds[row]]) +
             (of_pairs(options) ? " (pair " + std::to_string(number / 2 + 1)
                                : " (row " + std::to_string(number + 1)) +
             ")";
    };
    throw DataError(where(options) + "the " + what + " " + in_quotes(names[units[i]]) +
                    " lies in folds " + place(other) + " and " + place(i) +
                    "; a fold must hold the whole of it");
  }
}

}  // namespace

void require_two_folds(const Dataset& data, const DatasetOptions& options) {
  if (data.fold_names.size() >= 2) return;
  throw DataError(where(options) + counted(data.fold_names.size(), "fold") + " in " +
                  (of_pairs(options) ? counted(data.folds.size() / 2, "pair")
                                     : counted(data.folds.size(), "row")) +
                  "; at least 2 are needed");
}

void require_whole_folds(const Dataset& data, const std::vector<std::string>& cluster_names,
                         const DatasetOptions& options) {
  require_two_folds(data, options);
  require_whole(data, data.groups, data.group_names, "group", options);
  require_whole(data, data.clusters, cluster_names, "cluster", options);
}

}  // namespace esscher::internal
