#pragma once

/// \file
/// A table of rewards: labels lie in NumPy arrays, features there or in a file.

#include <nanobind/nanobind.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "esscher/data/designs.h"
#include "esscher/pipeline/table_training.h"
#include "features_argument.h"

namespace esscher::python {

/// Which rows of X there are labels for; None: all.
using RowNumbers = nb::ndarray<const std::uint64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

class TableArguments {
 public:
  /// Labels belong to \p kept, where given, entry by entry.
  TableArguments(FeaturesArgument x, Numbers y, std::optional<Labels> groups,
                 std::optional<Numbers> log_weights, std::optional<Labels> clusters,
                 const std::optional<RowNumbers>& kept, std::optional<Labels> folds = {},
                 std::vector<std::string> fold_names = {})
      : features_(std::move(x)),
        y_(std::move(y)),
        groups_(std::move(groups)),
        log_weights_(std::move(log_weights)),
        clusters_(std::move(clusters)),
        folds_(std::move(folds)),
        fold_names_(std::move(fold_names)) {
    if (!kept) return;
    kept_.assign(kept->data(), kept->data() + kept->shape(0));
    chosen_.emplace(features_.rows(), kept_);
  }
  TableArguments(const TableArguments&) = delete;
  TableArguments& operator=(const TableArguments&) = delete;

  RewardTable table() const {
    const FeatureRows& features =
        chosen_ ? static_cast<const FeatureRows&>(*chosen_) : features_.rows();
    return {.features = features,
            .rewards = span_of(y_),
            .groups = span_of(groups_),
            .log_weights = span_of(log_weights_),
            .clusters = span_of(clusters_),
            .folds = span_of(folds_),
            .fold_names = fold_names_,
            .source_rows = kept_,
            .first_row = 0};
  }

 private:
  GivenRows features_;
  std::vector<std::uint64_t> kept_;
  std::optional<ChosenRows> chosen_;
  Numbers y_;
  std::optional<Labels> groups_;
  std::optional<Numbers> log_weights_;
  std::optional<Labels> clusters_;
  std::optional<Labels> folds_;
  std::vector<std::string> fold_names_;
};

}  // namespace esscher::python
