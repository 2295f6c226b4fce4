#include "label_saturation.h"

#include <algorithm>
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <tuple>
#include <utility>

#include "esscher/gaussian/hermite.h"
#include "hermite_mass.h"

namespace esscher::internal {
namespace {

/// Relative: labels nearer than this to a flat stretch's have lost half of their digits or more.
constexpr double kBlurred = 1e-8;

/// E[h_k(Z)^2 1{left < Z < right}], k = 0 .. orders - 1, on panels of 1/8.
std::vector<double> hermite_squares(double left, double right, std::size_t orders) {
  using Rule = boost::math::quadrature::gauss<double, 15>;
  std::vector<double> squares(orders);
  std::vector<double> h(orders);
  const auto add = [&](double z, double weight) {
    hermite_all(z, h);
    const double mass =
        weight * std::exp(-z * z / 2) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
    for (std::size_t k = 0; k < orders; ++k) squares[k] += mass * h[k] * h[k];
  };
  const double panels = std::ceil(8 * (right - left));
  const double half = (right - left) / (2 * panels);
  for (double i = 0; i < panels; ++i) {
    const double middle = left + (2 * i + 1) * half;
    add(middle, half * Rule::weights()[0]);
    for (std::size_t j = 1; j < Rule::abscissa().size(); ++j) {
      add(middle - half * Rule::abscissa()[j], half * Rule::weights()[j]);
      add(middle + half * Rule::abscissa()[j], half * Rule::weights()[j]);
    }
  }
  return squares;
}

struct LabelRange {
  double low;
  double high;
  bool meets(double other_low, double other_high) const {
    return low <= other_high && other_low <= high;
  }
};

/// The part of \p branch whose labels lie outside \p blurred; all of it lies inside where the
/// result has no width.
void shorten(const Link& link, const LabelRange& blurred, bool at_right, Branch& branch) {
  const auto inside = [&](double z) {
    const double f = link(z);
    return blurred.low <= f && f <= blurred.high;
  };
  double clear = at_right ? branch.left : branch.right;
  double blurry = at_right ? branch.right : branch.left;
  if (inside(clear)) {
    (at_right ? branch.right : branch.left) = clear;
    return;
  }
  while (true) {
    const double middle = clear + (blurry - clear) / 2;
    if (middle == clear || middle == blurry) break;
    (inside(middle) ? blurry : clear) = middle;
  }
  (at_right ? branch.right : branch.left) = clear;
  std::vector<double> z{branch.left};
  for (const double sample : branch.z) {
    if (branch.left < sample && sample < branch.right) z.push_back(sample);
  }
  z.push_back(branch.right);
  branch.z = std::move(z);
  branch.f.resize(branch.z.size());
  link.evaluate(branch.z, branch.f);
  std::tie(branch.low, branch.high) = std::minmax(branch.f.front(), branch.f.back());
}

/// \p stretch with the parts of the branches next to it whose labels lie in \p blurred; the
/// branches are left with the rest.
FlatStretch widened(const Link& link, const LabelRange& blurred, FlatStretch stretch,
                    std::vector<Branch>& branches) {
  for (Branch& branch : branches) {
    if (branch.right == stretch.left) {
      shorten(link, blurred, true, branch);
      stretch.left = branch.right;
    } else if (branch.left == stretch.right) {
      shorten(link, blurred, false, branch);
      stretch.right = branch.left;
    }
  }
  return stretch;
}

/// Whether \p stretch alone takes the labels in \p blurred, but for the branches next to it, and f
/// runs through it one way: at an extremum each label has a point on either side.
bool is_alone(const FlatStretch& stretch, const LabelRange& blurred,
              const std::vector<Branch>& branches, const std::vector<Atom>& atoms,
              const Atom& own) {
  const Branch* before = nullptr;
  const Branch* behind = nullptr;
  for (const Branch& branch : branches) {
    if (branch.right == stretch.left) {
      before = &branch;
    } else if (branch.left == stretch.right) {
      behind = &branch;
    } else if (blurred.meets(branch.low, branch.high)) {
      return false;
    }
  }
  if (before != nullptr && behind != nullptr && before->rising != behind->rising) return false;
  return std::none_of(atoms.begin(), atoms.end(), [&](const Atom& other) {
    return &other != &own && blurred.meets(other.label, other.label);
  });
}

}  // namespace

void resolve_saturation(const Link& link, bool even, std::vector<Branch>& branches,
                        std::vector<Atom>& atoms) {
  for (Atom& atom : atoms) {
    const std::size_t orders = atom.mass.size();
    // Mirror images share their labels: the odd orders of an even link carry nothing.
    const auto mirror = [&](std::vector<double>& of) {
      for (std::size_t k = 0; even && k < orders; ++k) of[k] *= k % 2 == 0 ? 2 : 0;
    };
    if (std::any_of(atom.stretches.begin(), atom.stretches.end(),
                    [](const FlatStretch& s) { return s.broken_off; })) {
      continue;
    }
    const double blur = kBlurred * std::abs(atom.label);
    const LabelRange blurred{atom.label - blur, atom.label + blur};
    if (atom.stretches.size() == 1 && is_alone(atom.stretches[0], blurred, branches, atoms, atom)) {
      atom.stretches[0] = widened(link, blurred, atom.stretches[0], branches);
      std::erase_if(branches, [](const Branch& branch) { return !(branch.left < branch.right); });
      std::fill(atom.mass.begin(), atom.mass.end(), 0.0);
      add_hermite_mass(atom.stretches[0].left, atom.stretches[0].right, 1, atom.mass);
      mirror(atom.mass);
      atom.resolved = true;
    }
    atom.squares.assign(orders, 0.0);
    atom.spread.assign(orders, 0.0);
    // Where nothing can be told apart, the cells next to the stretch hide something, too.
    std::vector<Branch> scratch = branches;
    for (const FlatStretch& stretch : atom.stretches) {
      const FlatStretch wide = atom.resolved ? stretch : widened(link, blurred, stretch, scratch);
      const std::vector<double> own = hermite_squares(wide.left, wide.right, orders);
      for (std::size_t k = 0; k < orders; ++k) atom.squares[k] += own[k];
      add_hermite_mass(wide.left, wide.right, 1, atom.spread);
    }
    mirror(atom.squares);
    mirror(atom.spread);
  }
}

}  // namespace esscher::internal
