#pragma once

/// \file
/// The rows on which an evaluation values policies: those of its table and, behind them, those of a
/// reference whose rewards are not known.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "esscher/pipeline/table_audit.h"
#include "esscher/pipeline/table_evaluation.h"
#include "pipeline/audited_table.h"

namespace esscher::internal {

class ValuedRows {
 public:
  /// \param table  each row a design of its own
  /// \param gold   of its rows, by which policies are measured
  /// \param folds  of its rows, below \p fold_count
  /// All must outlive this. \throws UsageError where the reference's columns, groups or weights are
  /// not as many as they must be
  ValuedRows(const RewardTable& table, std::span<const double> gold,
             const std::optional<ReferenceRows>& reference, std::span<const std::uint32_t> folds,
             std::uint32_t fold_count, std::uint64_t seed, int threads);
  ValuedRows(const ValuedRows&) = delete;
  ValuedRows& operator=(const ValuedRows&) = delete;

  std::size_t rows() const { return reference_.rows; }
  /// As which they stand for pi_0.
  const TableReference& reference() const { return reference_; }
  /// One a row, NaN behind those of the table.
  std::span<const double> gold() const { return gold_; }
  /// Rows of the reference, by their own numbers, that the fit without this fold is to predict: a
  /// labelled candidate's copies and its group go with it, so that no model has seen a label of
  /// theirs; any other group or row with a fold drawn at random, so that predictions of the table's
  /// rows and of these have one law.
  std::vector<std::uint64_t> reference_rows_in_fold(std::uint32_t fold) const;
  /// Of the reference, that are candidates of the table, too.
  std::uint64_t copies() const { return copies_; }
  /// What gold reward to expect at predictions of all rows, under the policy tilted by these;
  /// empty where all are known.
  std::vector<double> expected(std::span<const double> predictions, double beta) const;
  /// The same under the best of n by these.
  std::vector<double> expected_of_best(std::span<const double> predictions, double n) const;

 private:
  void append(const RewardTable& table, const ReferenceRows& more, int threads);

  TableReference reference_;
  std::span<const double> gold_;
  std::vector<std::uint32_t> fold_of_;  ///< of each row of the reference
  std::uint64_t copies_ = 0;
  AuditTable all_;
  std::optional<AuditedTable> audited_;
  std::vector<std::uint64_t> original_;  ///< the row of the table that each is a copy of, or none
};

}  // namespace esscher::internal
