#pragma once

/// \file
/// Stage 2 from preferences: the Bradley-Terry model P(w beats l) = 1 / (1 + e^{-<a, phi_w -
/// phi_l>}) (Bradley and Terry, Biometrika 39, 1952), by penalised maximum likelihood:
///
///     minimise  sum_p w_p log(1 + e^{-<a, phi_w(p) - phi_l(p)>}) / sum_p w_p + lambda |a|^2.
///
/// There is no intercept: preferences tell differences of rewards alone. Everything is double
/// precision; weights come as logarithms, and scaling them all by a constant changes nothing.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "esscher/base/callbacks.h"
#include "esscher/readout/ridge.h"

namespace esscher {

/// Row numbers of DesignRows, from 0.
struct Preference {
  std::uint64_t winner = 0;
  std::uint64_t loser = 0;
};

struct BradleyTerryOptions {
  /// fixed, or kfold: the least mean held-out loss over a path. There is no gcv.
  PenaltyRule rule = PenaltyRule::kfold;
  double penalty = 1e-3;  ///< lambda > 0, fixed only
  int folds = 5;          ///< kfold only, 2 to 20; fold of pair p is p mod K unless given
  /// The path, relative to the mean eigenvalue of the loss's curvature at a = 0, that is a quarter
  /// of the weighted mean square of phi_w - phi_l.
  double path_low = 1e-5;
  double path_high = 1e2;
  int path_points = 15;
  int iterations = 100;  ///< Newton steps at most, for one penalty
  int threads = 0;
  Callbacks callbacks;
};

enum class BradleyTerryStatus {
  converged,
  /// All pairs that take part are ordered as preferred: only the penalty bounds the coefficients.
  separable,
  /// Winners and losers have the same features: the fit is 0.
  constant,
  /// The limit of iterations came first.
  not_converged,
  cancelled,  ///< all coefficients are 0
};

struct BradleyTerryPathPoint {
  double penalty = 0;
  double score = 0;  ///< weighted mean loss out of fold, nats a pair
};

struct BradleyTerryFit {
  std::vector<double> coefficients;  ///< a, m
  double penalty = 0;                ///< lambda used
  double loss = 0;                   ///< weighted mean loss on the pairs, nats; log 2 at a = 0
  double deviance = 0;               ///< 2 loss
  double accuracy = 0;               ///< weighted share ordered as preferred; ties count half
  int iterations = 0;                ///< Newton steps of the final fit
  bool converged = false;
  std::vector<BradleyTerryPathPoint> path;  ///< ascending penalties; empty for a fixed one
  WeightDiagnostics weights;                ///< of the pairs that are not left out
  BradleyTerryStatus status = BradleyTerryStatus::converged;
  std::string remark;  ///< the status in a plain sentence; empty where all is well
};

/// \param log_weights  one a pair, -infinity leaves it out; empty: equal
/// \param folds        kfold: fold of each pair, below options.folds; keep pairs that share rows (a
///                     prompt) in one. Empty: p mod K.
/// \throws UsageError for an option outside its range or unequal lengths; DataError where there is
///         no pair, a pair names a row that does not exist or the same row twice, a feature is not
///         finite, no pair has weight, or a fold or all but a fold has none.
/// The fit has the same bits for any number of threads.
/// Cost: one pass over the blocks of rows that pairs name; each Newton step pairs m^2 / 2 + m^3 / 6
/// multiply-adds, some five steps for each penalty and fold. Memory: pairs x m doubles, and m^2 for
/// each of some four chunks a thread.
BradleyTerryFit fit_bradley_terry(const DesignRows& rows, std::span<const Preference> pairs,
                                  std::span<const double> log_weights = {},
                                  std::span<const std::uint32_t> folds = {},
                                  const BradleyTerryOptions& options = {});

}  // namespace esscher
