#pragma once

/// \file
/// Best-of-n of a reward that is known exactly: the best of n draws z ~ N(0, 1) by f(z), ties
/// split evenly.

#include <optional>
#include <utility>
#include <vector>

#include "esscher/model/link.h"
#include "esscher/theory/analysis.h"

namespace esscher::internal {

/// The law of f(Z), tabulated once for every n. Its quantile u has density n u^{n-1} among winners;
/// an atom's is the mean over its stretch of u.
/// Cost of the constructor: one root finding for each of some 8000 labels and each branch of f,
/// some 1e6 in all at most; of each n: one pass over them.
class BestOfNLaw {
 public:
  explicit BestOfNLaw(const Link& link);

  /// KL(pi_n || N(0, I)), nats: log n - (n - 1)/n, less what ties take away. \pre n >= 1
  double kl(double n) const;

  /// The n, whole or not, whose divergence is \p kl, with E f(best of n); empty where it exceeds
  /// 1e15, ties keep the divergence of every n below, f oscillates too fast for its labels to be
  /// told, or ties leave nothing but rounding of so small a divergence.
  std::optional<BestOfNPoint> at_kl(double kl) const;

 private:
  struct Point {
    double label;
    double above;  ///< probability of the labels that come before this point, going down
  };
  /// Labels between two cuts, descending; or one atom, its label twice, before and behind it.
  using Stretch = std::vector<Point>;

  BestOfNPoint point(double n) const;
  bool agrees_with(const Link& link) const;

  std::vector<Stretch> stretches_;
  bool reliable_ = false;
  std::vector<std::pair<double, double>> ties_;  ///< P(f > label) and P(f >= label) of each atom
};

}  // namespace esscher::internal
