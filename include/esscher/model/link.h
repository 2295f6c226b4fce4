#pragma once

/// \file
/// The link f = sigma* of a single-index reward r*(x) = f(<theta*, x>): any function of one real
/// variable, with the facts that exact integration and the finiteness of its tilted law rest on.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace esscher {

/// Symmetry under z -> -z.
enum class Parity { none, even, odd };

/// Growth of f on one side, z -> +infinity or z -> -infinity.
struct TailGrowth {
  /// lim sup f(z) / z^2: what decides whether E e^{s f} is finite (it is when s * rate < 1/2).
  /// 0 for anything slower than quadratic, +infinity for anything faster, upward;
  /// -infinity or a negative number where f falls at least quadratically.
  double upper_quadratic_rate = 0;
  /// lim inf f(z) / z^2, the same for -f.
  double lower_quadratic_rate = 0;
  /// lim sup log|f(z)| / z^2: E f^2 is finite when it is below 1/4, and can be computed when it is
  /// below 0.24. 0 for polynomial growth.
  double log_rate = 0;
  /// Whether |f| stays below some constant on this side.
  bool bounded = true;
};

struct Growth {
  TailGrowth left;   ///< z -> -infinity
  TailGrowth right;  ///< z -> +infinity
};

/// What a link is made of; a new kind of link implements this. Functions must be safe to call from
/// several threads at once, finite for every finite z, and equal to their one-sided limits next to
/// a break (the value at a break itself is never used by an integral).
class LinkFunction {
 public:
  virtual ~LinkFunction() = default;
  virtual double value(double z) const = 0;
  /// out[i] = value(z[i]); \pre z.size() == out.size(). Override where a block is cheaper.
  virtual void values(std::span<const double> z, std::span<double> out) const;
};

/// A link with its facts. Cheap to copy (shares its immutable content), safe to share among
/// threads.
class Link {
 public:
  /// The facts that come with a function.
  struct Facts {
    std::string name;            ///< canonical specification: parse_link(name) is this link
    std::string formula;         ///< in words for reports: "h_3(z sqrt(1.5)) exp(-0.25 z^2)"
    std::vector<double> breaks;  ///< ascending: where f or one of its derivatives may jump
    Growth growth;
    Parity parity = Parity::none;
    /// Ascending: extrema so narrow, or so far out, that a search of an integrand might step over
    /// them.
    std::vector<double> peaks = {};
  };

  Link(Facts facts, std::shared_ptr<const LinkFunction> function);

  /// f(z), finite for finite z: what overflows is held at +-DBL_MAX. Thread-safe.
  double operator()(double z) const { return function_->value(z); }
  /// out[i] = f(z[i]) for a block; \throws InternalError where the lengths differ.
  void evaluate(std::span<const double> z, std::span<double> out) const;

  const std::string& name() const { return facts_->name; }
  const std::string& formula() const { return facts_->formula; }
  std::span<const double> breaks() const { return facts_->breaks; }
  const std::vector<double>& peaks() const { return facts_->peaks; }
  /// Breaks and peaks together, ascending: where every integral of the link looks and stops. Peaks
  /// are found for formulas only, narrow ones where breaks are searched for, too.
  std::span<const double> landmarks() const { return *landmarks_; }
  const Growth& growth() const { return facts_->growth; }
  Parity parity() const { return facts_->parity; }

  /// The function behind the facts, for a link that wraps this one.
  const std::shared_ptr<const LinkFunction>& function() const { return function_; }

 private:
  std::shared_ptr<const Facts> facts_;
  std::shared_ptr<const std::vector<double>> landmarks_;
  std::shared_ptr<const LinkFunction> function_;
};

/// a * f. \throws UsageError unless 1e-100 <= |a| <= 1e100.
Link scaled(const Link& link, double factor);
/// f + c. \throws UsageError unless c is finite.
Link shifted(const Link& link, double offset);
/// f limited to [low, high]; where f crosses a limit becomes a break.
/// \throws UsageError unless low < high and both are finite.
Link clipped(const Link& link, double low, double high);

/// \throws UsageError, without a field, where E f^2 is infinite, too nearly so (log_rate >= 0.24)
/// or beyond doubles: what parse_link() asks of every link that it reads
void require_computable(const Link& link);

/// Reads a link from text:
///   name[:p1,p2,...]       a link of the catalogue (link_catalogue.h): "damped_hermite:5,0.4"
///   formula:EXPRESSION     or just the expression, a formula in z (or u): "tanh(z^3-3*z)"
///   table:FILE.csv         two columns z, f(z), interpolated (link_table.h)
/// each optionally followed by modifiers, applied from left to right:
///   @scale:A  @shift:C  @clip:LO,HI      "hermite:3@clip:-2,2@scale:0.5"
/// and, right behind a formula, its break points where they are not to be searched for:
/// @breaks:B1,B2 or @breaks:none.
///
/// Formulas are in the language of muParser, with pi, e, erf, relu, sigmoid, softplus, floor, ceil,
/// clip(x,lo,hi) and h(k,x) = h_k(x) added. Beyond |z| = 40 an overflow inside them is held at
/// +-DBL_MAX, and NaN gives way to the value nearer to 0. The breaks, growth and parity of a
/// formula are found numerically: exactly in common cases, but not proven.
///
/// \param field  what error messages call the text (the caller's spelling, e.g. "--link").
/// \throws UsageError for an unknown name (the nearest one is offered), a wrong parameter, a
///         formula that does not parse or is not finite somewhere on [-40, 40], a link with E f^2
///         infinite, too nearly so (log_rate >= 0.24) or too large for a double;
/// \throws DataError or IoError for a table.
Link parse_link(std::string_view spec, std::string_view field = "link");

}  // namespace esscher
