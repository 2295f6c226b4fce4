#pragma once

/// \file
/// Everything that a fit, a prediction or an evaluation takes from files: features, rewards, groups
/// and weights, row by row.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "esscher/data/feature_encoding.h"
#include "esscher/data/preference_counts.h"
#include "esscher/io/feature_rows.h"
#include "esscher/io/table_reader.h"

namespace esscher {

/// Where to find what. Messages name a field as the program's option: "--one-hot" for one_hot.
struct DatasetOptions {
  /// The features' file, by its extension: csv, tsv, txt, jsonl and ndjson, also with gz or zst
  /// behind them, are tables (open_table()); npy, npz and safetensors arrays. "-": a table, from
  /// standard input. An array of shape (prompts, candidates, dim) tells its groups: rewards and
  /// gold beside it are arrays of shape (prompts, candidates), clusters and weights likewise or of
  /// shape (prompts,); rows are its candidates, prompt by prompt.
  std::string data = {};
  /// A table whose rows lie beside those of `data`, in the same order; may be empty.
  /// Where both are tables, columns of one name must agree in every row.
  std::string table = {};
  /// How both are written, as far as it is known.
  TableFormat format = {};
  /// Features, as select_columns() reads it, among the columns of `data` (x0, x1, ... of an array)
  /// and then those of `table` whose names differ. Globs and ranges leave labels out. Empty: all
  /// numeric columns of `data` that nothing else names, but for those that number rows, split them
  /// into folds, never vary or tell the reward's order (each is named in a remark). Only
  /// exclusions: those but for these. "all": with these. "none": only `one_hot`. A part may end in
  /// ":vector": cells of numbers apart by commas, semicolons or blanks, in brackets or without, as
  /// many in every row.
  std::string features = {};
  std::string features_field = "--features";  ///< what messages call it
  /// Columns of text to expand, chosen likewise. A part may end in ":category", ":sequence" or
  /// ":mutations"; else texts of one length above 1, with more than kMostAutomaticLevels distinct
  /// ones, are sequences. Letters of sequences are of one case.
  std::string one_hot = {};
  bool fold_case = false;  ///< sequences' lower case is read as upper case
  /// What mutations are those of, as read_wild_type() takes it. Where `one_hot` names no column of
  /// mutations, all columns of text that hold nothing else are taken.
  std::string wild_type = {};
  std::int64_t first_position = 1;  ///< the number of its first letter
  /// Labels. Each is a column of `table`, or of `data`; the key of an array in the npz or
  /// safetensors file `data`; or the path of a 1-D npy file. Empty: there is none.
  std::string reward = {};
  std::string reward_field = "--reward";
  bool keep_without_reward = false;  ///< rows without one stay, with NaN; else they are dropped
  std::uint64_t least_rows = 2;      ///< that load_dataset() must find
  std::string group = {};            ///< whose candidates compete; numbers or text
  std::string cluster = {};          ///< what stays in one fold without competing; likewise
  std::string fold = {};             ///< the folds to cross-fit by; likewise, two values or more
  std::string weight = {};           ///< prior importance, >= 0; rows of weight 0 are dropped
  std::string weight_field = "--weight";
  /// Rewards of this value, "-inf" or a number such as "-999", stand for what cannot be made: they
  /// are learned as the lowest of the others.
  std::string infeasible = {};
  std::string gold = {};  ///< a second reward that is only evaluated
  /// Preferences stated as pairs, instead of rewards in groups. Both sides or neither: two arrays
  /// of one shape (paths of npy files, for which `data` may be empty or the table of labels, or
  /// keys of the npz or safetensors file `data`), or the beginnings of columns of the table `data`:
  /// chosen_x and rejected_x give feature x of the two, lists chosen[0] and rejected[0] x[0].
  std::string chosen = {};
  std::string rejected = {};
  /// Strength m >= 0 of each pair, as a label: the log-odds with which the chosen side would be
  /// preferred again. A pair counts as wins of share 1 / (1 + e^-m) for the chosen side and the
  /// rest for the other, 0 being a tie. Empty: sure wins.
  std::string margin = {};
  std::string tie = {};  ///< 1 where a pair is a tie, 0 where it is none, as a label
  std::string embeddings_key = "embeddings";  ///< the features in an npz or safetensors file
  std::vector<std::string> exclude = {};  ///< "column=value": rows to drop, as text or as number
  /// What load_features() reads lies beside the data of the encoding (a reference): messages then
  /// name these, and no model.
  bool beside_data = false;
  /// load_features() leaves out rows of levels that the encoding lacks; else it refuses them.
  bool drop_unknown_levels = false;
  /// A missing number becomes the column's mean over the rows that are kept; else it is refused.
  bool impute_mean = false;
  bool advises_impute = true;  ///< whether refusals name that option, which not all callers have
};

inline constexpr std::size_t kMostAutomaticLevels = 64;

struct Dataset {
  /// n rows, one for each row kept. One-hot features are held as 16-bit levels; arrays stay in
  /// their file, and gather() refuses what is not finite there (DataError with file, row and
  /// column).
  std::shared_ptr<const FeatureRows> features = nullptr;
  FeatureEncoding encoding = {};
  std::vector<std::string> feature_names = {};  ///< one for each feature
  std::vector<std::string> column_names = {};   ///< of all columns, as ranges of them go
  /// n, finite but for rows that are kept without one; empty if none were asked for.
  std::vector<double> rewards = {};
  std::vector<double> gold = {};         ///< likewise
  std::vector<double> log_weights = {};  ///< likewise; as given, not normalised
  /// n numbers, dense in order of first occurrence; empty if none.
  std::vector<std::uint32_t> groups = {};
  std::vector<std::string> group_names = {};
  /// Of features by prompt, as their shape tells; else 0.
  std::uint64_t prompts = 0;
  std::uint64_t candidates = 0;
  std::vector<std::uint32_t> clusters = {};  ///< as groups
  std::uint64_t cluster_count = 0;
  std::vector<std::string> cluster_names = {};
  /// Of pairs: each is a group of two rows, the chosen side first. rewards are l/2 and -l/2, l
  /// being twice the share of wins less one; log_weights are of pairs, on both rows; clusters hold
  /// pairs together that share a side's features; source_rows counts sides, two for each row read.
  std::optional<PreferenceCounts> preferences = {};
  std::vector<std::uint32_t> folds = {};  ///< as groups
  std::vector<std::string> fold_names = {};
  std::vector<std::uint64_t> source_rows = {};  ///< n: the row of the file, from 0
  std::uint64_t rows_read = 0;
  std::uint64_t dropped_excluded = 0;
  std::uint64_t dropped_missing_reward = 0;
  std::uint64_t dropped_zero_weight = 0;
  std::uint64_t dropped_unknown = 0;  ///< of load_features()
  /// What a user should know, a sentence each: how tables were read where that is not the plain
  /// way, features taken by default, columns left out, features that never vary, values imputed.
  std::vector<std::string> remarks = {};
};

/// Reads what a fit needs and decides how columns become features. Rows that `exclude` names are
/// dropped unread, then those without a reward (an empty field, NA or NaN), then those of weight 0.
/// One pass over tables, which are held (8 bytes a number, 2 a one-hot block, each row); of arrays
/// the labels only, but for one pass more to impute.
/// \throws UsageError for options: unknown columns, keys and values, a reward among the features,
///         no feature; DataError with file, row and column for missing features, groups, weights
///         and gold, infinities, text where a number belongs, negative weights, sequences of
///         unequal length, a group or cluster in two folds, files of unequal length, a constant
///         reward, too few rows left; of pairs, sides of unequal shape, negative margins, no
///         pair that one side wins; IoError
Dataset load_dataset(const DatasetOptions& options);

/// Reads what a prediction or evaluation needs: the features that \p encoding records, found by
/// name; `features`, `one_hot` and `impute_mean` are not looked at. Rows are dropped as above, so
/// that without `exclude`, `reward` and `weight` each row stays.
/// \throws UsageError for a feature that is not there or an array of another width; DataError for
///         levels that the fit had not seen (unless drop_unknown_levels), no row left, and
///         otherwise as load_dataset()
Dataset load_features(const DatasetOptions& options, const FeatureEncoding& encoding);

}  // namespace esscher
