#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "esscher/data/designs.h"
#include "esscher/pipeline/table_training.h"
#include "pipeline/noise_free_gain.h"

namespace esscher::internal {

/// Some rows of a table with each design once, but for heavy ones that were measured again and
/// again (heavy_designs.h), whose parts stay in one fold: its reward is the mean of its rows under
/// their weights, its weight their sum. A policy chooses designs, so that copies and replicates
/// tell no fold of another's label, and count once in every error, but for heavy designs.
/// Statements of the same two designs are merged into one pair with the share of its wins, to which
/// a Bradley-Terry fit is blind.
class MergedTable {
 public:
  /// \throws as train_reward()
  /// Rewards are looked at here, under the numbers of their own rows.
  /// \param cuts_heavy  whether heavy designs become several rows (heavy_designs.h), without
  /// groups,
  ///                    clusters and folds
  MergedTable(const RewardTable& table, std::span<const std::uint64_t> rows,
              const RewardTransformRequest& transform, int threads, bool cuts_heavy = true);
  MergedTable(const MergedTable&) = delete;
  MergedTable& operator=(const MergedTable&) = delete;

  /// The table to learn from, in which rows() are numbered. Valid as long as this.
  RewardTable table() const;
  std::span<const std::uint64_t> rows() const { return numbers_; }
  /// What replicates tell; none where each row is a design of its own.
  const std::optional<Replicates>& replicates() const { return replicates_; }
  /// What folds keep whole: designs, or their groups or clusters.
  std::size_t units() const;
  /// Folds of so many of them, where \p asked is open (0): fewer than by default where copies made
  /// few designs of many rows. Else as asked.
  int folds(int asked, std::size_t units) const;
  /// Of labels beside the table's rows, as merged: told by replicates, or \p stated where that is
  /// above 0. None where nobody knows.
  std::optional<LabelNoise> noise(std::span<const double> labels, double stated) const;
  /// Any values beside the table's rows, averaged likewise.
  std::vector<double> merged(std::span<const double> values) const;
  /// Of values beside rows(), each given row's own.
  std::vector<double> of_rows(std::span<const double> values) const;
  /// Of each given row, its cluster, or else its group; empty where there are none.
  std::vector<std::uint32_t> units_of_rows() const;

 private:
  /// Of each row in its design, and of each design.
  void weigh(std::span<const double> log_weights);
  void find_spread(const RewardTable& table);
  /// Of heavy designs (heavy_designs.h) parts take the place.
  void cut_heavy(const RewardTable& table);
  /// Of one label about its design's mean; 0 where rows are copies, or designs of their own.
  double noise_sd(std::span<const double> labels) const;
  void take_folds(const RewardTable& table);
  void join_clusters(const RewardTable& table);

  std::vector<std::uint64_t> source_;  ///< the rows that were given
  Designs designs_;
  std::optional<Designs> whole_;  ///< those that were cut, as they were
  std::vector<double> shares_;    ///< of each given row in its design
  std::optional<ChosenRows> features_;
  std::vector<double> rewards_;
  std::vector<std::uint32_t> groups_;
  std::vector<std::uint32_t> clusters_;
  std::vector<std::uint32_t> folds_;
  std::vector<std::uint32_t> twins_;
  std::vector<double> log_weights_;
  std::vector<std::uint64_t> numbers_;
  RewardTable table_;
  std::optional<Replicates> replicates_;
};

/// What stays in one fold of some rows.
struct FoldUnits {
  std::vector<std::uint32_t> of_row;  ///< empty where each row may go alone
  std::string_view name;              ///< "fold", "cluster" or "group": also the option's name

  /// How many of them \p rows rows are.
  std::size_t count(std::size_t rows) const;
};
/// The table's own folds where those rows are in two or more, else clusters, else groups.
FoldUnits units_of_folds(const RewardTable& table, std::span<const std::uint64_t> rows);

/// Rows of one number are one draw: clusters, else groups, else twins, since a heavy design against
/// all others tells one difference, however often it was measured. Empty: each row.
std::span<const std::uint32_t> drawn_together(const RewardTable& table);

/// train_reward() where each row is a design of its own. \pre validate() has passed
TrainedReward train_distinct(const RewardTable& table, std::span<const std::uint64_t> rows,
                             const TrainingOptions& options);

}  // namespace esscher::internal
