#pragma once

/// \file
/// Rows of pi_0 without rewards, from a file of their own: what evaluate and audit share.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/table_settings.h"
#include "esscher/data/dataset.h"
#include "esscher/pipeline/table_evaluation.h"
#include "settings.h"

namespace esscher::app {

/// --reference and --reference-weight. \param holds  what the file must have
std::vector<Setting> reference_settings(const std::string& holds);

/// \throws UsageError for weights without a file, and where both are standard input
void check_reference(const Settings& settings, const std::string& data);

/// Calls \p read. \throws UsageError and DataError as it does, behind the name of the file
void in_reference(const std::string& file, const std::function<void()>& read);

/// Groups of a file beside those of \p data: by their names, and for new ones numbers that follow.
/// \param count  of both, out
std::vector<std::uint32_t> groups_beside(const Dataset& data, const Dataset& more,
                                         std::uint64_t& count);
/// The same of clusters.
std::vector<std::uint32_t> clusters_beside(const Dataset& data, const Dataset& more);

/// Candidates of an evaluation, alive as long as this is.
struct LoadedReference {
  Dataset dataset;
  std::shared_ptr<const FeatureRows> features;
  std::vector<std::uint32_t> groups;
  std::vector<std::uint32_t> clusters;
  ReferenceRows rows() const {
    return {.features = *features,
            .groups = groups,
            .log_weights = dataset.log_weights,
            .clusters = clusters};
  }
};

/// Features as the table's, found by name. \throws as load_features(), naming the file
LoadedReference load_reference(const Settings& settings, const LoadedTable& table);

}  // namespace esscher::app
