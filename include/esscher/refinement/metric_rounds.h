#pragma once

/// \file
/// The metric in which a table's rewards vary evenly, by rounds (mathematics, section 9.2): a
/// kernel ridge regression in the metric of the last round, and the average gradient outer product
/// (AGOP) of its reward as the next metric (recursive feature machines: Radhakrishnan, Beaglehole,
/// Pandit, Belkin, Science 383, 2024). Round 0 takes the identity.
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
  int most_rounds = 4;  ///< behind round 0
  /// The AGOP is taken under weights e^{r/beta}, r the round's reward, with a tenth of equal ones:
  /// directions count where a policy goes. In standard deviations of the labels; infinity: equal
  /// weights.
  double temperature = 1;
  /// Penalty of all rounds; 0: of the least error on rows left out.
  double penalty = 0;
  int threads = 0;
  Callbacks callbacks{};
};

struct MetricRound {
  double penalty = 0;  ///< lambda of mean squared error + lambda |f|^2
  double error = 0;    ///< mean squared error of rows left out
};

struct MetricRounds {
  std::vector<MetricRound> rounds;
  std::size_t chosen = 0;             ///< the round of the least error
  std::vector<KernelMetric> metrics;  ///< of that round: one a fold, then that of all rows
  /// AGOP of the chosen round's reward on all rows, under the weights of the options; its diagonal
  /// alone where there are more than kMostMetricColumns columns. In label^2 / x^2.
  KernelMetric product;
  bool cancelled = false;
};

/// Columns up to which a metric has off-diagonal entries.
inline constexpr std::size_t kMostMetricColumns = 1024;

/// \throws UsageError for unequal lengths or fewer than two folds, DataError where a fold holds all
///         the weight
/// Deterministic: the same bits for any number of threads.
/// Cost: a round takes about five Cholesky factors (n^3 / 3) a fold. Memory: (K + 3) n^2 doubles.
MetricRounds learn_metric(const MetricSample& sample, const MetricRoundsOptions& options = {});

}  // namespace esscher
