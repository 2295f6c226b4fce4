#pragma once

/// \file
/// The metric in which a table's rewards vary evenly, by rounds (mathematics, section 9.2): a
/// kernel ridge regression in the metric of the last round, and the average gradient outer product
/// (AGOP) of its reward as the next metric (recursive feature machines: Radhakrishnan, Beaglehole,
/// Pandit, Belkin, Science 383, 2024). Round 0 takes the identity.
///
/// A table may be smoother than its few rows tell of directions. So kernels that have seen no label
/// stand beside that of the last metric, the networks in round 0's and quadratic polynomials; what
/// each predicts of rows left out says what share of their mean it has (readout/stacking.h).
///
/// The sum of the three networks needs many rounds until quiet directions show; the Laplace kernel
/// alone needs few, but is the worse regression on many tables; and where few of many columns
/// count, noise in all the others drowns the gradients of both, while sums of functions of single
/// columns find them. So there are three ways, rounds of the sum from the identity on, and such
/// behind rounds of the Laplace kernel or of sums of functions of one column, and the best one on
/// rows left out is taken. Beyond 1024 rows half of them choose the way, at least so many and at
/// most 2048, rounds of all rows begin behind it, and the metric of all rows is the mean of the
/// folds'. The first two metrics of a way are roots of the gradient products, since the first
/// rewards know the loudest directions alone.
///
/// Metrics have seen labels. So each fold has rounds of its own, which see the other folds only;
/// penalties and the number of rounds are those of the least error on the rows left out.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "esscher/base/callbacks.h"
#include "esscher/base/matrix.h"
#include "esscher/features/metric_kernel.h"

namespace esscher {

/// n labelled points; spans are n long, or empty where told.
struct MetricSample {
  MatrixView<const double> x;               ///< n x k
  std::span<const double> labels;           ///< standard deviation about 1
  std::span<const double> weights{};        ///< >= 0; empty: equal
  std::span<const std::uint32_t> groups{};  ///< dense ids; regressed about their groups' means
  std::span<const std::uint32_t> folds;     ///< 0 ... K - 1; groups lie within one
};

struct MetricRoundsOptions {
  int most_rounds = 12;  ///< of one kernel behind round 0; 0 and 1: the sum's alone
  /// The AGOP is taken under weights e^{r/beta}, r the round's reward, with a tenth of equal ones:
  /// directions count where a policy goes. In standard deviations of the labels; infinity: equal
  /// weights.
  double temperature = 1;
  /// Penalty of all rounds; 0: of the least error on rows left out.
  double penalty = 0;
  /// Rewards are sums of kernels at all rows or, where there are more than this, at so many of
  /// them.
  std::size_t landmarks = 2048;
  int threads = 0;
  Callbacks callbacks{};
};

struct MetricRound {
  double penalty = 0;  ///< lambda of mean squared error + lambda |f|^2
  double error = 0;    ///< mean squared error of rows left out
};

/// One of the kernels whose regressions are mixed.
struct StackedKernel {
  KernelFamily family = KernelFamily::networks;
  bool learned = false;               ///< its metric has seen labels
  std::vector<KernelMetric> metrics;  ///< one a fold, then that of all rows
  double penalty = 0;
  double error = 0;  ///< mean squared error of rows left out
  double share = 1;
};

struct MetricRounds {
  /// Of the sum of networks: the identity's, then those of the way that was taken.
  std::vector<MetricRound> rounds;
  std::size_t chosen = 0;  ///< the round of the least error
  /// Those with a share of kLeastShare and more, of sum 1: that of the chosen round, then others.
  std::vector<StackedKernel> kernels;
  /// AGOP of the chosen round's reward on all rows (beyond 1024 the mean of the folds' products),
  /// under the weights of the options; its diagonal alone where there are more than
  /// kMostMetricColumns columns. In label^2 / x^2.
  KernelMetric product;
  bool cancelled = false;
};

/// A kernel of less is left out of the mean.
inline constexpr double kLeastShare = 0.02;

/// Columns up to which a metric has off-diagonal entries.
inline constexpr std::size_t kMostMetricColumns = 1024;

/// \throws UsageError for unequal lengths or fewer than two folds, DataError where a fold holds all
///         the weight
/// Deterministic: the same bits for any number of threads.
/// Cost: a round takes two or three Cholesky factors (m^3 / 3, m the lesser of n and the landmarks)
/// a fold, and n m^2 / 2 multiply-adds where there are more rows than landmarks; there are some 20
/// to 50 rounds, beyond 1024 rows most of them on those that choose. Memory:
/// (K + 1) (n + 2 m) m doubles for K folds, twice while there are sums of functions of k columns,
/// which take another 3 (K + 1) n k, n being the rows that choose; with G groups of them
/// (K + 1) (G + n) G more for a moment.
MetricRounds learn_metric(const MetricSample& sample, const MetricRoundsOptions& options = {});

}  // namespace esscher
