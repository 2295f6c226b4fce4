#pragma once

/// \file
/// The link of a reward along several hidden directions, r*(x) = f(<theta_1, x>, ...,
/// <theta_q, x>) with orthonormal theta_i: any function of one to four real variables.

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "esscher/base/matrix.h"
#include "esscher/model/link.h"

namespace esscher {

inline constexpr std::size_t kMostDirections = 4;

/// A link of q variables. Immutable, cheap to copy (shares its content), safe to share among
/// threads.
class MultiLink {
 public:
  /// The facts that come with a function of two and more variables.
  struct Facts {
    std::string name;            ///< canonical specification: parse_multi_link(name) is this link
    std::string formula;         ///< in words for reports
    std::size_t directions = 2;  ///< q, 2 to kMostDirections
    /// sup over unit vectors v of lim sup f(t v) / t^2, t -> infinity: E e^{s f} is finite where
    /// s * rate < 1/2. 0 for anything slower than quadratic, +infinity for anything faster, upward.
    double upper_quadratic_rate = 0;
  };
  /// f(z_1, ..., z_q): finite for finite z, safe to call from several threads at once.
  using Function = std::function<double(std::span<const double>)>;

  /// The link of one variable. Implicit: whoever takes links of several takes those of one.
  MultiLink(Link link);  // NOLINT(google-explicit-constructor)
  /// \throws UsageError unless 2 <= facts.directions <= kMostDirections
  MultiLink(Facts facts, Function function);

  std::size_t directions() const;  ///< q
  /// The link of one variable where q = 1, else nullptr. Lives as long as this does.
  const Link* single() const;
  const std::string& name() const;
  const std::string& formula() const;
  double upper_quadratic_rate() const;

  /// f at one point. \pre z.size() == directions()
  double operator()(std::span<const double> z) const;
  /// out[i] = f(row i). \param z  n x q; \throws InternalError where shapes do not fit
  void evaluate(MatrixView<const double> z, std::span<double> out) const;

 private:
  struct Content;
  std::shared_ptr<const Content> content_;
};

/// Reads a link from text. A formula that mentions z1, z2, z3 or z4 is one of several variables,
/// "tanh(z1)+0.5*z2^2@clip:-2,2", in the language of parse_link() with its modifiers @scale, @shift
/// and @clip; it names z1 to zq, none left out. Everything else is what parse_link() reads, and so
/// is, with z in the place of z1, a formula that mentions z1 alone.
///
/// Finiteness and growth are found numerically, on several thousand rays and by a search among
/// them: right in common cases, but not proven. Cost: some 50 ms.
///
/// \throws UsageError, DataError, IoError as parse_link(), naming \p field
MultiLink parse_multi_link(std::string_view spec, std::string_view field = "link");

}  // namespace esscher
