#pragma once

/// \file
/// The rows on which an evaluation values policies: those of its table and, behind them, those of a
/// reference whose rewards are not known.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "esscher/pipeline/table_audit.h"
#include "esscher/pipeline/table_evaluation.h"
#include "pipeline/audited_table.h"
#include "pipeline/reference_draw.h"
#include "policy/table_cells.h"

namespace esscher::internal {

class ValuedRows {
 public:
  /// \param table  each row a design of its own
  /// \param gold   of its rows, by which policies are measured
  /// \param folds  of its rows
  /// All must outlive this. \throws UsageError where the reference's columns, groups or weights are
  /// not as many as they must be
  ValuedRows(const RewardTable& table, std::span<const double> gold,
             const std::optional<ReferenceRows>& reference, std::span<const std::uint32_t> folds,
             std::uint64_t seed, int threads);
  ValuedRows(const ValuedRows&) = delete;
  ValuedRows& operator=(const ValuedRows&) = delete;

  std::size_t rows() const { return reference_.rows; }
  /// As which they stand for pi_0.
  const TableReference& reference() const { return reference_; }
  /// One a row, NaN behind those of the table.
  std::span<const double> gold() const { return gold_; }
  struct FoldRows {
    std::vector<std::uint64_t> rows;  ///< of the reference, by their own numbers
    std::vector<std::size_t> places;  ///< where they stand among these rows
  };
  /// Rows of the reference that the fit without this fold is to predict, so that predictions of the
  /// table's rows and of these have one law and none has seen a label of theirs: copies of a
  /// labelled candidate, and groups that are the table's or hold such a copy, go with its fold;
  /// rows of one of the table's clusters with that; any other row, or group, with the fold of a
  /// row, or group, of the table drawn at random.
  FoldRows reference_in_fold(std::uint32_t fold) const;
  /// Of the reference, that have the features of a row of the table. Within a group they are that
  /// candidate and do not stand here again.
  std::uint64_t copies() const { return copies_; }
  /// Groups of the reference that the table has not.
  std::uint64_t new_groups() const { return new_groups_; }
  /// Where the table is no random draw from its reference, a sentence: predictions that have seen
  /// neither tell, without groups and clusters.
  std::optional<std::string> draw_remark(std::span<const double> predictions) const;
  /// Those of the table alone, where they may speak for themselves beside a longer reference:
  /// without groups and clusters, of which predictions tell no draw, and where the average
  /// prediction of both parts is alike at kDoubt; fewer than the others, copies left out.
  std::optional<TableCells> labelled_cells(std::span<const double> predictions) const;
  /// What gold reward to expect at predictions of all rows, under the policy tilted by these;
  /// empty where all are known.
  std::vector<double> expected(std::span<const double> predictions, double beta) const;
  /// The same under the best of n by these.
  std::vector<double> expected_of_best(std::span<const double> predictions, double n) const;

 private:
  struct Originals;
  void deal(const RewardTable& table, const ReferenceRows& more, const Originals& originals,
            std::span<const std::uint32_t> folds, std::uint64_t seed);
  void append(const RewardTable& table, const ReferenceRows& more, const Originals& originals);

  /// Whether the table's rows and those that are no copies of them have unlike predictions.
  std::optional<UnlikeParts> unlike(std::span<const double> predictions, double level) const;

  TableReference own_;
  std::vector<std::uint8_t> placed_;
  TableReference reference_;
  std::span<const double> gold_;
  bool clustered_ = false;              ///< the table is
  std::vector<std::uint64_t> kept_;     ///< rows of the reference that stand behind the table's
  std::vector<std::uint32_t> fold_of_;  ///< of each of them
  std::vector<bool> copied_;            ///< of each of them
  std::uint64_t copies_ = 0;
  std::uint64_t new_groups_ = 0;
  AuditTable all_;
  std::optional<AuditedTable> audited_;
};

}  // namespace esscher::internal
