#pragma once

/// \file
/// The schedule that uses each batch for two steps, in the marginal law (ours).
///
/// Of sample i, let (a_i, b_i) be its coordinates in the plane of the row w and theta*, and row i
/// of X (B x (d-2)) the others. The first step needs only |X'c|^2 = |c|^2 chi2_{d-2}. The second
/// sees u_i = <w_1, x_i> and so X X'c; and its length, |X'c_2|^2, where c_2 depends on that. With
/// e = c / |c|, rho = X'e and P = 1 - e e', the rows' part P X is independent of rho. Hence, with
/// chi2 = |rho|^2, a normal vector n in R^B and an independent chi2' of d - 3 degrees of freedom,
///     X X'c     = |c| (e chi2 + chi P n),
///     |X'c_2|^2 = (chi <e, c_2> + <n, P c_2>)^2 + |P c_2|^2 chi2'.
/// For B = 1, P is 0. Where c = 0, any e will do.

#include <cstdint>
#include <vector>

#include "esscher/base/random.h"
#include "features/marginal_kernel.h"

namespace esscher::internal {

/// Some 20 times slower a step than one_pass: plain loops, which nothing has yet asked to be
/// faster.
class ReuseSteps {
 public:
  ReuseSteps(const MarginalLaw& law, std::uint64_t seed);

  /// Takes both steps on the batch whose first sample is number \p first: the group's state goes to
  /// that after the second step, by way of \p overlap and \p rest, that after the first.
  void take(const MarginalGroup& group, std::uint64_t first, double* overlap, double* rest) const;

 private:
  /// chi2' of the batch that ends with \p sample.
  std::vector<double> second_chi_squares(const MarginalGroup& group, std::uint64_t sample) const;

  const MarginalLaw& law_;
  std::vector<double> chi_square_;  ///< polynomial for d - 3 degrees of freedom, or empty
  RandomStream normals_;            ///< n_i: index "sample", element "neuron"
  RandomStream chi_squares_;        ///< chi2': index "last sample", element "neuron"
};

}  // namespace esscher::internal
