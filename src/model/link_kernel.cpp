#include "model/link_kernel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "model/link_kernel.cpp"
#include <hwy/foreach_target.h>  // must precede highway.h; compiles the rest of this file repeatedly
#include <hwy/highway.h>

#include "model/activation-inl.h"
#include "model/link_kernel_exp2-inl.h"

HWY_BEFORE_NAMESPACE();
namespace esscher::internal::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using LinkTag = hn::CappedTag<double, kLinkBlock>;
using LinkVec = hn::Vec<LinkTag>;

template <class Function>
HWY_INLINE void map_values(const double* HWY_RESTRICT z, double* HWY_RESTRICT y, std::size_t count,
                           Function f) {
  const LinkTag d;
  for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
    hn::StoreU(f(hn::LoadU(d, z + i)), d, y + i);
  }
}

HWY_INLINE LinkVec polynomial_in(LinkVec square, const std::vector<double>& c) {
  const LinkTag d;
  LinkVec sum = hn::Set(d, c.back());
  for (std::size_t k = c.size() - 1; k-- > 0;) sum = hn::MulAdd(sum, square, hn::Set(d, c[k]));
  return sum;
}

HWY_INLINE void polynomial_values(const LinkParameters& p, const double* z, double* y,
                                  std::size_t count) {
  const LinkTag d;
  const LinkVec decay = hn::Set(d, -p.decay);
  const auto damped = [d, decay](LinkVec value, LinkVec square) HWY_ATTR {
    // Below 2^-1000 it is nothing.
    const LinkVec exponent = hn::Max(hn::Mul(decay, square), hn::Set(d, -1000.0));
    return hn::Mul(value, exp2_in_range(d, exponent));
  };
  const bool is_damped = p.decay != 0;
  // The two shapes that simulations ask for most keep their coefficients in registers.
  if (p.even.empty() && p.odd.size() == 2 && is_damped) {
    const LinkVec c0 = hn::Set(d, p.odd[0]);
    const LinkVec c1 = hn::Set(d, p.odd[1]);
    return map_values(z, y, count, [=](LinkVec x) HWY_ATTR {
      const LinkVec square = hn::Mul(x, x);
      return damped(hn::Mul(x, hn::MulAdd(c1, square, c0)), square);
    });
  }
  map_values(z, y, count, [&p, d, damped, is_damped](LinkVec x) HWY_ATTR {
    const LinkVec square = hn::Mul(x, x);
    LinkVec value = p.even.empty() ? hn::Zero(d) : polynomial_in(square, p.even);
    if (!p.odd.empty()) value = hn::MulAdd(x, polynomial_in(square, p.odd), value);
    return is_damped ? damped(value, square) : value;
  });
}

void link_kernel(const LinkParameters& p, const double* z, double* y, std::size_t count) {
  const LinkTag d;
  const LinkVec gain = hn::Set(d, p.gain);
  switch (p.form) {
    case LinkForm::other:
      break;
    case LinkForm::piecewise_linear: {
      const LinkVec left = hn::Set(d, p.left);
      const LinkVec right = hn::Set(d, p.right);
      map_values(z, y, count, [=](LinkVec x) HWY_ATTR {
        return hn::Mul(x, hn::IfThenElse(hn::Lt(x, hn::Zero(d)), left, right));
      });
      break;
    }
    case LinkForm::sign:
      map_values(z, y, count, [d](LinkVec x) HWY_ATTR {
        const LinkVec one = hn::CopySign(hn::Set(d, 1.0), x);
        return hn::IfThenZeroElse(hn::Eq(x, hn::Zero(d)), one);
      });
      break;
    case LinkForm::polynomial:
      polynomial_values(p, z, y, count);
      break;
    case LinkForm::tanh:
      map_values(z, y, count,
                 [=](LinkVec x) HWY_ATTR { return Tanh().value(d, hn::Mul(gain, x), 0); });
      break;
    case LinkForm::erf:
      map_values(z, y, count,
                 [=](LinkVec x) HWY_ATTR { return Erf().value(d, hn::Mul(gain, x), 0); });
      break;
    case LinkForm::sigmoid:
      map_values(z, y, count,
                 [=](LinkVec x) HWY_ATTR { return Softplus().slope(d, hn::Mul(gain, x), 0); });
      break;
    case LinkForm::softplus:
      map_values(z, y, count,
                 [=](LinkVec x) HWY_ATTR { return Softplus().value(d, hn::Mul(gain, x), 0); });
      break;
    case LinkForm::sin:
      map_values(z, y, count, [=](LinkVec x) HWY_ATTR { return hn::Sin(d, hn::Mul(gain, x)); });
      break;
    case LinkForm::cos:
      map_values(z, y, count, [=](LinkVec x) HWY_ATTR { return hn::Cos(d, hn::Mul(gain, x)); });
      break;
  }
  for (const LinkChange& change : p.changes) {
    const LinkVec factor = hn::Set(d, change.factor);
    const LinkVec offset = hn::Set(d, change.offset);
    const LinkVec low = hn::Set(d, change.low);
    const LinkVec high = hn::Set(d, change.high);
    for (std::size_t i = 0; i < count; i += hn::Lanes(d)) {
      const LinkVec changed = hn::MulAdd(factor, hn::LoadU(d, y + i), offset);
      hn::StoreU(hn::Min(hn::Max(changed, low), high), d, y + i);
    }
  }
}

}  // namespace esscher::internal::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <cmath>
#include <numbers>
#include <optional>
#include <string>
#include <string_view>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher::internal {
namespace {

HWY_EXPORT(link_kernel);

/// Past this order the powers of h_k cancel so far that 1e-9 is lost within |z| <= 10.
constexpr int kMostPowers = 12;

/// Adds weight * h_k(stretch z) as powers of z.
void add_hermite(LinkParameters& p, int order, double weight, double stretch) {
  std::vector<double> previous{0};
  std::vector<double> current{1};
  for (int k = 0; k < order; ++k) {
    std::vector<double> next(current.size() + 1, 0.0);
    for (std::size_t i = 0; i < current.size(); ++i) next[i + 1] = current[i] / std::sqrt(k + 1.0);
    for (std::size_t i = 0; i < previous.size(); ++i) {
      next[i] -= previous[i] * std::sqrt(static_cast<double>(k) / (k + 1));
    }
    previous = std::move(current);
    current = std::move(next);
  }
  double power = weight;
  for (std::size_t i = 0; i < current.size(); ++i, power *= stretch) {
    if (current[i] == 0) continue;
    auto& half = i % 2 == 0 ? p.even : p.odd;
    if (half.size() < i / 2 + 1) half.resize(i / 2 + 1, 0.0);
    half[i / 2] += power * current[i];
  }
}

LinkParameters of_form(LinkForm form, double gain) {
  LinkParameters p;
  p.form = form;
  p.gain = gain;
  return p;
}

LinkParameters linear(double left, double right) {
  LinkParameters p;
  p.form = LinkForm::piecewise_linear;
  p.left = left;
  p.right = right;
  return p;
}

LinkParameters hermite_form(int order, double decay, double stretch) {
  LinkParameters p;
  if (order > kMostPowers) return p;
  p.form = LinkForm::polynomial;
  p.decay = decay * std::numbers::log2e;
  add_hermite(p, order, 1, stretch);
  return p;
}

/// The form of the catalogue's link of this name; `other` where there is none.
LinkParameters form_of(std::string_view name, const std::vector<double>& numbers) {
  const auto given = [&numbers](std::size_t i, double standard) {
    return i < numbers.size() ? numbers[i] : standard;
  };
  if (name == "identity") return linear(1, 1);
  if (name == "relu") return linear(0, 1);
  if (name == "leaky_relu") return linear(given(0, 0.01), 1);
  if (name == "abs") return linear(-1, 1);
  if (name == "sign") return of_form(LinkForm::sign, 1);
  if (name == "tanh") return of_form(LinkForm::tanh, given(0, 1));
  if (name == "erf") return of_form(LinkForm::erf, std::numbers::sqrt2 / 2);
  if (name == "sigmoid") return of_form(LinkForm::sigmoid, 1);
  if (name == "softplus") return of_form(LinkForm::softplus, 1);
  if (name == "sin") return of_form(LinkForm::sin, given(0, 1));
  if (name == "cos") return of_form(LinkForm::cos, given(0, 1));
  if (name == "hermite" && !numbers.empty()) {
    return hermite_form(static_cast<int>(numbers[0]), 0, 1);
  }
  if (name == "damped_hermite" && !numbers.empty()) {
    const double damping = given(1, 0.25);
    return hermite_form(static_cast<int>(numbers[0]), damping, std::sqrt(1 + 2 * damping));
  }
  if (name == "hermite_series" && numbers.size() <= kMostPowers + 1) {
    LinkParameters p = of_form(LinkForm::polynomial, 1);
    p.even = {0};
    for (std::size_t k = 0; k < numbers.size(); ++k) {
      add_hermite(p, static_cast<int>(k), numbers[k], 1);
    }
    return p;
  }
  if (name == "z2exp") {
    LinkParameters p = of_form(LinkForm::polynomial, 1);
    p.even = {0, 1};
    p.decay = std::numbers::log2e;
    return p;
  }
  return {};
}

/// A modifier as it stands behind '@'; nothing where it is none.
std::optional<LinkChange> change_of(std::string_view name, const std::vector<double>& numbers) {
  LinkChange change;
  if (name == "scale" && numbers.size() == 1) {
    change.factor = numbers[0];
  } else if (name == "shift" && numbers.size() == 1) {
    change.offset = numbers[0];
  } else if (name == "clip" && numbers.size() == 2) {
    change.low = numbers[0];
    change.high = numbers[1];
  } else {
    return std::nullopt;
  }
  return change;
}

/// A part of a link's name, "word:1,2".
struct NamePart {
  std::string_view word;
  std::vector<double> numbers;
};

/// \throws UsageError where the part is not of that form
NamePart read_part(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {text, {}};
  return {text.substr(0, colon), parse_number_list(text.substr(colon + 1), "link")};
}

/// What the canonical name says; `other` where it says nothing that is known here.
LinkParameters parameters_of(std::string_view name) {
  if (name.starts_with("formula:") || name.starts_with("table:")) return {};
  const std::size_t at = name.find('@');
  const NamePart base = read_part(name.substr(0, at));
  LinkParameters p = form_of(base.word, base.numbers);
  for (std::size_t start = at; start != std::string_view::npos;) {
    const std::size_t end = name.find('@', start + 1);
    const NamePart part = read_part(name.substr(start + 1, end - start - 1));
    const auto change = change_of(part.word, part.numbers);
    if (!change) return {};
    p.changes.push_back(*change);
    start = end;
  }
  return p;
}

/// A link made outside the catalogue may carry any name, so the name is not trusted alone.
bool agrees(const LinkKernel& kernel, const Link& link) {
  constexpr std::size_t kPoints = 48;
  double z[kPoints];
  double fast[kPoints];
  // No point is a round number, at which a link may jump.
  for (std::size_t i = 0; i < kPoints; ++i) z[i] = 0.4142 * (static_cast<double>(i) - 23.3);
  kernel.evaluate(z, fast, kPoints);
  for (std::size_t i = 0; i < kPoints; ++i) {
    const double exact = link(z[i]);
    if (!(std::abs(fast[i] - exact) <= 1e-9 * (1 + std::abs(exact)))) return false;
  }
  return true;
}

}  // namespace

LinkKernel::LinkKernel(const Link& link) : link_(link) {
  try {
    parameters_ = parameters_of(link.name());
  } catch (const UsageError&) {
    return;  // a name that is not of the catalogue's form
  }
  if (!vectorised()) return;
  evaluate_ = HWY_DYNAMIC_DISPATCH(link_kernel);
  if (!agrees(*this, link)) parameters_ = {};
}

void LinkKernel::evaluate(const double* z, double* y, std::size_t count) const {
  if (vectorised()) {
    evaluate_(parameters_, z, y, count);
  } else {
    link_.evaluate({z, count}, {y, count});
  }
}

}  // namespace esscher::internal
#endif  // HWY_ONCE
