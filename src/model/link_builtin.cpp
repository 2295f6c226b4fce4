#include "model/link_builtin.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "model/activations.h"
#include "model/elementary.h"

namespace esscher::internal {
namespace {

TailGrowth linear_tail() { return polynomial_tail(1, 1); }

Growth right_linear() { return {.left = {}, .right = linear_tail()}; }
Growth both_linear() { return {.left = linear_tail(), .right = linear_tail()}; }

void require(bool good, std::string_view field, double value, std::string_view constraint,
             std::string_view remedy = {}) {
  if (!good) throw UsageError(rejection(field, value, constraint, remedy));
}

std::string with_parameter(const std::string& name, double value, double standard) {
  return value == standard ? name : name + ":" + number_text(value);
}

void require_frequency(double frequency) {
  require(std::abs(frequency) > 0 && std::abs(frequency) <= 100, "w", frequency,
          "must be from -100 to 100 and not 0",
          "faster oscillation carries no Hermite signal in double precision");
}

std::string times_z(double factor) { return factor == 1 ? "z" : number_text(factor) + " z"; }

}  // namespace

TailGrowth polynomial_tail(int degree, double leading) {
  TailGrowth tail;
  tail.bounded = degree == 0 || leading == 0;
  if (degree == 2) tail.upper_quadratic_rate = leading;
  if (degree >= 3) {
    tail.upper_quadratic_rate =
        leading == 0 ? 0 : std::copysign(std::numeric_limits<double>::infinity(), leading);
  }
  tail.lower_quadratic_rate = tail.upper_quadratic_rate;
  return tail;
}

Link identity_link() {
  return elementary_link({"identity", "z", {}, both_linear(), Parity::odd},
                         [](double z) { return z; });
}

Link relu_link() {
  return elementary_link({"relu", "max(0, z)", {0.}, right_linear(), Parity::none}, relu);
}

Link leaky_relu_link(double slope) {
  require(std::isfinite(slope), "slope", slope, "must be finite");
  Growth growth = both_linear();
  if (slope == 0) growth.left = {};
  const Parity parity = slope == 1 ? Parity::odd : slope == -1 ? Parity::even : Parity::none;
  std::vector<double> breaks;
  if (slope != 1) breaks.push_back(0);
  return elementary_link(
      {with_parameter("leaky_relu", slope, 0.01),
       "z for z > 0, " + number_text(slope) + " z for z < 0", breaks, growth, parity},
      [slope](double z) { return z < 0 ? slope * z : z; });
}

Link softplus_link() {
  return elementary_link({"softplus", "log(1 + exp(z))", {}, right_linear(), Parity::none},
                         softplus);
}

Link tanh_link(double gain) {
  require(std::isfinite(gain) && gain != 0, "gain", gain, "must be finite and not 0");
  return elementary_link(
      {with_parameter("tanh", gain, 1), "tanh(" + times_z(gain) + ")", {}, {}, Parity::odd},
      [gain](double z) { return std::tanh(gain * z); });
}

Link erf_link() {
  return elementary_link({"erf", "erf(z / sqrt 2)", {}, {}, Parity::odd},
                         [](double z) { return std::erf(z / std::numbers::sqrt2); });
}

Link sigmoid_link() {
  return elementary_link({"sigmoid", "1 / (1 + exp(-z))", {}, {}, Parity::none}, sigmoid);
}

Link sin_link(double frequency) {
  require_frequency(frequency);
  return elementary_link(
      {with_parameter("sin", frequency, 1), "sin(" + times_z(frequency) + ")", {}, {}, Parity::odd},
      [frequency](double z) {
        const double phase = frequency * z;
        return std::isfinite(phase) ? std::sin(phase) : 0.;  // a phase past the largest double
      });
}

Link cos_link(double frequency) {
  require_frequency(frequency);
  return elementary_link({with_parameter("cos", frequency, 1),
                          "cos(" + times_z(frequency) + ")",
                          {},
                          {},
                          Parity::even},
                         [frequency](double z) {
                           const double phase = frequency * z;
                           return std::isfinite(phase) ? std::cos(phase) : 0.;
                         });
}

Link sign_link() {
  return elementary_link({"sign", "sign(z)", {0.}, {}, Parity::odd},
                         [](double z) { return static_cast<double>((z > 0) - (z < 0)); });
}

Link abs_link() {
  return elementary_link({"abs", "|z|", {0.}, both_linear(), Parity::even},
                         [](double z) { return std::abs(z); });
}

Link z2exp_link() {
  return elementary_link({"z2exp", "z^2 exp(-z^2)", {}, {}, Parity::even}, [](double z) {
    const double square = z * z;
    return square > 800 ? 0 : square * std::exp(-square);  // exp is 0 by then; inf * 0 is not
  });
}

Link gaussian_bump_link(double centre, double width) {
  require(std::isfinite(centre), "centre", centre, "must be finite");
  require(std::isfinite(width) && width > 0, "width", width, "must be finite and above 0");
  std::string name = "gaussian_bump";
  if (centre != 0 || width != 1) {
    name.append(":").append(number_text(centre)).append(",").append(number_text(width));
  }
  // Not a jump of any derivative: a quadrature would step over a bump that is narrow or far out,
  // so its place is marked.
  std::vector<double> breaks;
  if (width < 0.1 || std::abs(centre) > 8) {
    for (const int widths : {-10, -3, -1, 0, 1, 3, 10}) {
      const double place = centre + widths * width;
      // Beyond the digits or the range of a double some places fall together or are none.
      const bool is_new = breaks.empty() || place > breaks.back();
      if (std::isfinite(place) && is_new) breaks.push_back(place);
    }
  }
  std::string formula = "exp(-";
  if (centre == 0) {
    formula += "z";
  } else {
    formula.append(centre > 0 ? "(z - " : "(z + ")
        .append(number_text(std::abs(centre)))
        .append(")");
  }
  formula += "^2 / 2";
  if (width != 1) formula.append(" / ").append(number_text(width)).append("^2");
  formula += ")";
  return elementary_link({name, formula, breaks, {}, centre == 0 ? Parity::even : Parity::none},
                         [centre, width](double z) {
                           const double t = (z - centre) / width;
                           return std::exp(-0.5 * t * t);
                         });
}

}  // namespace esscher::internal
