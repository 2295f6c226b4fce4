#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "esscher/base/parallel.h"
#include "esscher/refinement/metric_rounds.h"
#include "refinement/kernel_regression.h"

namespace esscher::internal {

/// Penalties: decades from 1e-8 to 10; errors are flat between.
double penalty_number(int index);
inline constexpr int kFirstPenalty = 5;  // 1e-3
/// A round that does not save so much of the error ends them.
inline constexpr double kLeastGain = 0.01;

/// Regressions of all folds of a sample. Paths take them one after the other: their kernels' memory
/// is several times the sample's square.
struct FoldedSample {
  /// \param sample     must outlive this
  /// \param landmarks  most centres of a kernel
  /// \param all_rows   whether all rows have a regression, too, which is the last
  FoldedSample(const MetricSample& sample, std::size_t landmarks, bool all_rows);

  /// What a path begins with.
  struct Round {
    MetricRound round;
    StackedKernel kernel;
    std::vector<double> held_out;
    int penalty = 0;  ///< its number
  };

  const MetricSample& sample;
  std::uint32_t folds;
  double weight;  ///< of all rows
  std::vector<KernelRegression> regressions;
  /// The sum of networks in the identity metric, once a path has fitted it: the others', whose
  /// options are the same, is the same.
  std::optional<Round> identity{};
};

/// One kernel in the metrics of all folds: fits by their penalty.
class FoldedRegressions {
 public:
  FoldedRegressions(FoldedSample& rows, const ParallelOptions& parallel)
      : rows_(rows), parallel_(parallel) {}

  /// Mean squared error of the rows left out; infinity where cancelled.
  double error(double penalty) { return entry(penalty).error; }
  /// Of one fold, or of all rows, which has no part in the error and is made when it is asked for:
  /// by one thread.
  const KernelRegression::Fit& fit(double penalty, std::size_t at);
  /// What the fits of all folds predict of the rows that each leaves out.
  std::vector<double> held_out(double penalty, std::size_t rows);
  /// The number of the penalty of the least error, from \p start downhill: to the first of the
  /// sides, -1 and 1, that leads there.
  int search(int start, std::span<const int> sides);

 private:
  struct Entry {
    double error = std::numeric_limits<double>::infinity();
    std::vector<KernelRegression::Fit> fits;
  };
  Entry& entry(double penalty);

  FoldedSample& rows_;
  ParallelOptions parallel_;
  std::map<double, Entry> entries_;
};

/// Rounds of one sample from one beginning: how a metric is learned.
class MetricPath {
 public:
  /// \param rows     all rows have rounds of their own where they have a regression, else the mean
  ///                 of the folds' metrics
  /// \param options  both must outlive this
  MetricPath(FoldedSample& rows, const MetricRoundsOptions& options)
      : rows_(rows), options_(options) {}

  /// Rounds of one kernel behind that of the identity; where \p begin is not empty the first has
  /// its metrics instead of the identity's gradient products. Once a path.
  void learn(KernelFamily family, std::vector<KernelMetric> begin, int most_rounds);
  /// Quadratic polynomials in the identity metric, beside them.
  void add_quadratic();

  /// Of the chosen round; infinity where cancelled.
  double error() const { return least_; }
  /// Of its reward: the metrics to go on with. Empty where cancelled.
  const std::vector<KernelMetric>& gradient_products() const { return next_; }
  const std::vector<MetricRound>& rounds() const { return rounds_; }
  std::size_t chosen() const { return chosen_; }
  /// That of the chosen round, then the identity's; behind add_quadratic() the quadratic one, too.
  const std::vector<StackedKernel>& kernels() const { return kernels_; }
  /// Predictions of rows left out by each of them.
  const std::vector<std::vector<double>>& held_out() const { return held_out_; }
  /// Folds' metrics with that of all rows as the last.
  std::vector<KernelMetric> with_all(std::vector<KernelMetric> metrics) const;

 private:
  std::vector<KernelMetric> identities() const;
  std::optional<FoldedRegressions> fit(const std::string& stage,
                                       const std::vector<KernelMetric>& metrics,
                                       KernelFamily family, double& penalty);
  std::vector<KernelMetric> products(FoldedRegressions& round, double penalty,
                                     const std::string& stage);
  void keep(FoldedRegressions& round, double penalty, KernelFamily family, bool learned,
            const std::vector<KernelMetric>& metrics);

  /// Takes over the identity's round of another path, but for next_; whether its error is finite.
  bool begin_behind(const FoldedSample::Round& identity);

  FoldedSample& rows_;
  const MetricRoundsOptions& options_;
  int start_ = kFirstPenalty;  ///< of the search for a penalty
  std::array<int, 2> sides_{-1, 1};
  bool searched_ = false;
  double least_ = std::numeric_limits<double>::infinity();
  std::size_t chosen_ = 0;
  std::vector<MetricRound> rounds_;
  std::vector<KernelMetric> next_;
  std::vector<StackedKernel> kernels_;
  std::vector<std::vector<double>> held_out_;
};

}  // namespace esscher::internal
