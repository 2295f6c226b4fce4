#include "dataset_pairs.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <utility>

#include "dataset_labels.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/shown_text.h"
#include "esscher/data/designs.h"
#include "esscher/data/folds.h"
#include "esscher/io/npy.h"
#include "esscher/io/npz.h"
#include "esscher/io/safetensors.h"
#include "io/file_kind.h"
#include "whole_folds.h"

namespace esscher::internal {
namespace {

bool is_npy(const std::string& name) { return lower_extension(name) == "npy"; }

const std::string& file_of(const DatasetOptions& options) {
  return options.data.empty() ? options.chosen : options.data;
}

/// Some rows of features, kept alive.
class KeptFeatures final : public FeatureRows {
 public:
  KeptFeatures(std::shared_ptr<const FeatureRows> features, std::vector<std::uint64_t> rows)
      : features_(std::move(features)), chosen_(*features_, std::move(rows)) {}
  std::uint64_t rows() const override { return chosen_.rows(); }
  std::size_t columns() const override { return chosen_.columns(); }
  void gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const override {
    chosen_.gather(rows, out);
  }

 private:
  std::shared_ptr<const FeatureRows> features_;
  ChosenRows chosen_;
};

template <class T>
void keep_rows(std::vector<T>& values, std::span<const std::uint64_t> rows) {
  if (values.empty()) return;
  std::vector<T> kept;
  for (const std::uint64_t row : rows) kept.push_back(values[row]);
  values = std::move(kept);
}

/// Leaves out the folds that no row is of any more; the others keep their order.
void drop_empty_folds(Dataset& data) {
  constexpr auto kNone = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> number(data.fold_names.size(), kNone);
  for (const std::uint32_t fold : data.folds) number[fold] = 0;
  std::vector<std::string> names;
  for (std::size_t fold = 0; fold < number.size(); ++fold) {
    if (number[fold] == kNone) continue;
    number[fold] = static_cast<std::uint32_t>(names.size());
    names.push_back(data.fold_names[fold]);
  }
  for (std::uint32_t& fold : data.folds) fold = number[fold];
  data.fold_names = std::move(names);
}

/// Leaves \p rows, whole pairs, of the dataset; groups stay dense, a pair each.
void keep(Dataset& data, std::vector<std::uint64_t> rows) {
  keep_rows(data.rewards, rows);
  keep_rows(data.log_weights, rows);
  keep_rows(data.clusters, rows);
  keep_rows(data.folds, rows);
  drop_empty_folds(data);
  keep_rows(data.source_rows, rows);
  std::vector<std::string> names;
  data.groups.clear();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    data.groups.push_back(static_cast<std::uint32_t>(i / 2));
    if (i % 2 == 0) names.push_back(data.group_names[rows[i] / 2]);
  }
  data.group_names = std::move(names);
  data.features = std::make_shared<KeptFeatures>(data.features, std::move(rows));
}

/// The two designs of pair \p p, the lesser number first.
std::pair<std::uint32_t, std::uint32_t> designs_of(const Designs& designs, std::size_t p) {
  return std::minmax({designs.of_row[2 * p], designs.of_row[2 * p + 1]});
}

std::uint64_t count_contradictory(const Designs& designs, std::span<const double> rewards) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, unsigned> ways;
  for (std::size_t p = 0; p < rewards.size() / 2; ++p) {
    if (rewards[2 * p] == rewards[2 * p + 1]) continue;
    ways[designs_of(designs, p)] |= designs.of_row[2 * p] < designs.of_row[2 * p + 1] ? 1U : 2U;
  }
  return static_cast<std::uint64_t>(
      std::ranges::count_if(ways, [](const auto& way) { return way.second == 3; }));
}

/// \throws DataError where two pairs of one of \p units, one a row, lie in two of the user's folds
template <class Unit>
void require_one_fold(const std::vector<Unit>& units, const std::string& what, const Dataset& data,
                      const DatasetOptions& options) {
  std::map<Unit, std::size_t> first;
  for (std::size_t row = 0; row < units.size(); ++row) {
    const std::size_t other = first.emplace(units[row], row).first->second;
    if (data.folds[other] == data.folds[row]) continue;
    const auto number = [&](std::size_t r) { return std::to_string(data.source_rows[r] / 2 + 1); };
    const auto fold = [&](std::size_t r) { return in_quotes(data.fold_names[data.folds[r]]); };
    throw DataError(file_of(options) + ": --fold = " + shown(options.fold) + ": pairs " +
                    number(other) + " and " + number(row) + " " + what + ", and lie in folds " +
                    fold(other) + " and " + fold(row) + "; put them into one, or leave --fold out");
  }
}

/// Pairs that share a design are of one cluster: else a fold would know the other's answer. Where
/// that joins more than half of all, as where few players meet each other again and again, only
/// statements of the same pair are.
void cluster_pairs(const DatasetOptions& options, const Designs& designs, Dataset& data) {
  const std::size_t pairs = data.rewards.size() / 2;
  std::vector<std::uint32_t> joined = joined_groups(designs.of_row, data.groups);
  std::map<std::uint32_t, std::size_t> sizes;
  for (const std::uint32_t id : joined) ++sizes[id];
  if (sizes.size() == pairs) return;  // no design is there twice
  const auto largest =
      std::ranges::max_element(sizes, {}, [](const auto& each) { return each.second; });
  const std::size_t most = largest->second / 2;
  if (2 * most > pairs) {
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> ids;
    for (std::size_t p = 0; p < pairs; ++p) {
      const auto next = static_cast<std::uint32_t>(ids.size());
      const std::uint32_t id = ids.emplace(designs_of(designs, p), next).first->second;
      joined[2 * p] = joined[2 * p + 1] = id;
    }
    if (!data.folds.empty()) {
      require_one_fold(joined, "have the same two sides", data, options);
    }
    data.remarks.push_back(
        "The same features come back in so many pairs that these join " + std::to_string(most) +
        " of " + std::to_string(pairs) +
        " pairs: folds keep the statements of one pair together, and what is measured is for known "
        "features in new pairs.");
    if (ids.size() == pairs) return;
  } else {
    if (!data.folds.empty()) {
      require_one_fold(designs.of_row, "share the features of a side", data, options);
    }
    data.remarks.push_back("Pairs that share the features of a side stay in one fold: " +
                           std::to_string(sizes.size()) + " clusters, the largest of " +
                           counted(most, "pair") + ".");
  }
  data.clusters = data.clusters.empty() ? joined : joined_groups(joined, data.clusters);
  data.cluster_count = std::size_t{std::ranges::max(data.clusters)} + 1;
}

}  // namespace

bool has_pairs(const DatasetOptions& options) {
  if (options.chosen.empty() && options.rejected.empty()) {
    for (const auto& [field, value] :
         {std::pair("--margin", &options.margin), std::pair("--tie", &options.tie)}) {
      if (value->empty()) continue;
      throw UsageError(rejection(field, shown(*value), "is for pairs only",
                                 "name their sides with --chosen and --rejected"));
    }
    return false;
  }
  if (options.chosen.empty()) {
    throw UsageError("--chosen: missing; --rejected names one side of pairs, name the other too");
  }
  if (options.rejected.empty()) {
    throw UsageError("--rejected: missing; --chosen names one side of pairs, name the other too");
  }
  if (options.chosen == options.rejected) {
    throw UsageError(
        rejection("--rejected", shown(options.rejected), "is what --chosen names, too"));
  }
  const auto none = [&](const std::string& value, const char* field, const char* why) {
    if (!value.empty()) throw UsageError(rejection(field, shown(value), why, "leave it out"));
  };
  none(options.reward, "--reward", "pairs have no reward, only a side that is preferred");
  none(options.infeasible, "--infeasible", "pairs have no reward");
  none(options.gold, "--gold", "pairs have no reward to value a policy by");
  none(options.group, "--group", "each pair is a group");
  return true;
}

DatasetOptions with_label_table(const DatasetOptions& options) {
  DatasetOptions result = options;
  if (!is_npy(options.chosen) || !is_npy(options.rejected) || options.data.empty()) return result;
  if (!options.table.empty()) {
    throw UsageError(rejection("--data", shown(options.data),
                               "pairs of npy files have their features in these",
                               "leave it out, or leave out --table"));
  }
  if (data_format(options.data, "--data") != DataFormat::table) {
    throw UsageError(rejection("DATA", in_quotes(options.data),
                               "pairs of npy files have their features in these",
                               "leave it out, or name a table of text that lies beside them"));
  }
  result.table = options.data;
  result.data.clear();
  return result;
}

std::optional<PairArrays> open_pair_arrays(const DatasetOptions& options) {
  const auto open = [&](const std::string& name, const char* field) {
    if (is_npy(options.chosen)) {
      if (!is_npy(name)) {
        throw UsageError(
            rejection(field, shown(name), "must be an npy file, as the other side is"));
      }
      return map_npy(name);
    }
    return data_format(options.data, "--data") == DataFormat::npz
               ? map_npz(options.data, name, field)
               : map_safetensors(options.data, name, field);
  };
  if (!is_npy(options.chosen)) {
    if (is_npy(options.rejected)) {
      throw UsageError(rejection("--chosen", shown(options.chosen),
                                 "must be an npy file, as the other side is"));
    }
    if (options.data.empty()) {
      throw UsageError(
          rejection("--data", "''", "must not be empty", "name the file in which the pairs are"));
    }
    switch (data_format(options.data, "--data")) {
      case DataFormat::table:
        return {};
      case DataFormat::npy:
        throw UsageError(rejection("--chosen", shown(options.chosen), "an npy file holds one array",
                                   "name two npy files, --chosen C.npy --rejected R.npy"));
      default:
        break;
    }
  }
  PairArrays arrays{open(options.chosen, "--chosen"), open(options.rejected, "--rejected")};
  if (arrays.chosen.shape() != arrays.rejected.shape()) {
    throw DataError(arrays.chosen.name() + " has shape " + arrays.chosen.shape_text() + " and " +
                    arrays.rejected.name() + " has shape " + arrays.rejected.shape_text() +
                    "; the sides of pairs must lie beside each other, row by row");
  }
  if (arrays.chosen.shape().size() > 2) {
    throw DataError(arrays.chosen.name() + " has shape " + arrays.chosen.shape_text() +
                    "; a side of pairs must have shape (pairs, dim)");
  }
  return arrays;
}

double preference_lead(std::optional<double> margin) { return margin ? std::tanh(*margin / 2) : 1; }

void require_preference(const DatasetOptions& options, const Dataset& data) {
  if (std::ranges::any_of(data.rewards, [](double reward) { return reward != 0; })) return;
  throw DataError(file_of(options) + ": all " + std::to_string(data.rewards.size() / 2) +
                  " pairs are ties; there is no preference to learn from");
}

void finish_pairs(const DatasetOptions& options, Dataset& data) {
  const std::string where = file_of(options);
  std::vector<std::uint64_t> rows(data.rewards.size());
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  Designs designs = find_designs(*data.features, rows);
  std::vector<std::uint64_t> kept;
  for (const std::uint64_t row : rows) {
    const std::uint64_t p = row / 2;
    if (designs.of_row[2 * p] != designs.of_row[2 * p + 1]) kept.push_back(row);
  }
  const std::size_t same = (rows.size() - kept.size()) / 2;
  if (kept.size() < rows.size()) {
    data.remarks.push_back(counted(same, "pair") + (same == 1 ? " has" : " have") +
                           " the same features on both sides, from which nothing can be learned; "
                           "dropped.");
    keep_rows(designs.of_row, kept);
    keep(data, std::move(kept));
  }
  PreferenceCounts counts;
  counts.pairs = data.rewards.size() / 2;
  for (std::size_t p = 0; p < counts.pairs; ++p) {
    if (data.rewards[2 * p] == data.rewards[2 * p + 1]) ++counts.ties;
  }
  if (counts.pairs == 0) {
    throw DataError(where + ": no pair is left: all " + std::to_string(same) +
                    " have the same features on both sides");
  }
  require_preference(options, data);
  if (counts.pairs < 2) {
    throw DataError(where + ": 1 pair is left; at least 2 are needed");
  }
  counts.contradictory = count_contradictory(designs, data.rewards);
  data.preferences = counts;
  if (!data.folds.empty()) require_two_folds(data, options);
  cluster_pairs(options, designs, data);
}

}  // namespace esscher::internal
