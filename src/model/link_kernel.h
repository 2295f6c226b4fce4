#pragma once

/// \file
/// Links at speed, for simulations that evaluate them 1e9 times and more: what the catalogue knows
/// by name runs on vectors, to about 1e-10 instead of the last digit; the rest as ever.

#include <cstddef>
#include <limits>
#include <vector>

#include "esscher/model/link.h"

namespace esscher::internal {

enum class LinkForm {
  other,             ///< Link::evaluate
  piecewise_linear,  ///< left z for z < 0, right z for z > 0
  sign,
  polynomial,  ///< (E(z^2) + z O(z^2)) 2^{-decay z^2}
  tanh,        ///< of gain z, as are the following
  erf,
  sigmoid,
  softplus,
  sin,
  cos,
};

/// y becomes min(max(factor y + offset, low), high).
struct LinkChange {
  double factor = 1;
  double offset = 0;
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

/// What the vector kernel needs.
struct LinkParameters {
  LinkForm form = LinkForm::other;
  double left = 1;
  double right = 1;
  double gain = 1;
  double decay = 0;
  std::vector<double> even;  ///< coefficients of E, lowest first; may be empty
  std::vector<double> odd;
  std::vector<LinkChange> changes;
};

/// A link prepared for blocks of any length that is a multiple of kLinkBlock. Safe to share among
/// threads.
class LinkKernel {
 public:
  explicit LinkKernel(const Link& link);

  /// Whether there is a vector kernel for this link: a value then costs 0.5 to 2 ns, instead of 10
  /// to 150 (most where a high polynomial takes its recurrence step by step, or a formula is read).
  bool vectorised() const { return parameters_.form != LinkForm::other; }

  /// y[i] = f(z[i]), i < count. Error at most 1e-9 (1 + |f|) for |z| <= 10.
  /// \pre count is a multiple of kLinkBlock; the arrays do not overlap
  void evaluate(const double* z, double* y, std::size_t count) const;

 private:
  using Evaluate = void (*)(const LinkParameters&, const double*, double*, std::size_t);

  Link link_;
  LinkParameters parameters_;
  Evaluate evaluate_ = nullptr;
};

inline constexpr std::size_t kLinkBlock = 8;

}  // namespace esscher::internal
