#pragma once

/// \file
/// The options of the commands that read tables: fit, evaluate, predict.

#include <optional>
#include <string>
#include <vector>

#include "esscher/data/dataset.h"
#include "esscher/pipeline/table_evaluation.h"
#include "settings.h"

namespace esscher::app {

/// The kinds of DATA, for help.
inline constexpr const char* kDataFiles =
    "csv, tsv or jsonl file, also compressed by gzip or zstd (- for such a table from standard "
    "input), or npy, npz or safetensors file";

/// How text tables are written: of all commands that read some.
std::vector<Setting> format_settings();
/// \param settings  these among others
TableFormat read_table_format(const std::vector<Setting>& settings);

/// Where features, rewards, groups and weights are.
std::vector<Setting> data_settings();
/// How a reward is learned.
std::vector<Setting> training_settings();
/// How it is evaluated, beside that.
std::vector<Setting> evaluation_settings();
/// What read_best_of() reads.
Setting best_of_setting();
/// What read_target() reads.
Setting target_setting();

std::vector<Setting> joined(std::vector<Setting> first, const std::vector<Setting>& second);

/// \param data  the file of features
DatasetOptions read_dataset_options(const Settings& settings, const std::string& data);

/// A table with all that belongs to it, alive as long as this is.
struct LoadedTable {
  Dataset dataset;
  std::shared_ptr<const FeatureRows> features;  ///< with interactions, if any
  std::vector<std::string> names;               ///< of these
  RewardTable table() const {
    return {.features = *features,
            .rewards = dataset.rewards,
            .groups = dataset.groups,
            .log_weights = dataset.log_weights,
            .clusters = dataset.clusters,
            .pairs = dataset.preferences.has_value(),
            .folds = dataset.folds,
            .fold_names = dataset.fold_names,
            .feature_names = names,
            .source_rows = dataset.source_rows};
  }
};
/// \throws UsageError where neither a reward nor pairs are named, and as load_dataset()
LoadedTable load_table(const Settings& settings, const std::string& data);
/// The features with pairs of them where \p order is 2.
std::shared_ptr<const FeatureRows> with_interactions(const Dataset& dataset, int order);
int read_interactions(const Settings& settings);
/// Its columns but for sequences, whose positions are all the candidate.
std::vector<ColumnBlock> column_blocks(const FeatureEncoding& encoding);

/// Replicates. \throws UsageError unless 0 or from 100 to 100000
int read_bootstrap(const Settings& settings);
/// \throws UsageError unless it lies in (0, 0.5]
double read_alpha(const Settings& settings);
/// Candidates of best-of-n: empty where open. \throws UsageError unless above 1 and ascending
std::vector<double> read_best_of(const Settings& settings);
/// A mean to be reached: nothing where none is given.
std::optional<double> read_target(const Settings& settings);
/// Rows to leave out, column=value each. \throws UsageError for decimal commas
std::vector<std::string> read_exclusions(const std::string& list);

/// A number within temperature_limits(). \p choices says what else the setting may be, ", or beta".
/// \throws UsageError
double read_positive(const Settings& settings, const char* name, const char* choices);

/// Temperatures come out in the unit of the reward. \param sd  reward_sd() of the table
TrainingOptions read_training(const Settings& settings, double sd);

}  // namespace esscher::app
