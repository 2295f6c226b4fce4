#pragma once

/// \file
/// Evaluation of a formula in z, or in z1, z2, ..., from any thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "esscher/model/link.h"

namespace esscher::internal {

/// The bare values of a formula: infinities and NaN come through. A parser holds its variable and
/// its stack inside, so every thread compiles its own copy at its first call and keeps the few that
/// it used last; after that a call costs the arithmetic and some nanoseconds.
class RawFormula final : public LinkFunction {
 public:
  /// \throws UsageError "does not parse: ..." (without the caller's field).
  explicit RawFormula(std::string expression);
  double value(double z) const override;
  void values(std::span<const double> z, std::span<double> out) const override;

  const std::string& expression() const { return expression_; }
  /// Whether z or u occurs in it.
  bool depends_on_z() const { return depends_on_z_; }

 private:
  std::string expression_;
  std::uint64_t id_;  // never reused, so that a thread's copies cannot be taken for another's
  bool depends_on_z_;
};

/// The same for a formula in z1, ..., zq.
class RawMultiFormula {
 public:
  static constexpr std::size_t kMostVariables = 4;

  /// \pre 1 <= variables <= kMostVariables
  /// \throws UsageError "does not parse: ..." (without the caller's field).
  RawMultiFormula(std::string expression, std::size_t variables);
  /// \pre z holds the q variables
  double value(std::span<const double> z) const;

 private:
  std::string expression_;
  std::size_t variables_;
  std::uint64_t id_;
};

}  // namespace esscher::internal
