#pragma once

/// \file
/// The joint law of the noise-free label f(Z) and Z, through the monotone branches of f. Binning
/// samples of the label would leak mass between bins and blur ties; here each label's preimages are
/// found by root finding, and a flat stretch of f between breaks is an atom. Where f comes to look
/// flat without a break, as tanh(10 z) does beyond |z| = 1.7, only double precision ties the
/// labels: label_saturation.h tells them apart again.

#include <span>
#include <vector>

#include "esscher/model/link.h"

namespace esscher::internal {

/// One stretch (left, right) of the line on which f is strictly monotone.
struct Branch {
  double left;
  double right;
  double low;   ///< inf f on the stretch
  double high;  ///< sup f on the stretch
  bool rising;
  /// Samples of f inside, ascending in z: brackets for root finding.
  std::vector<double> z;
  std::vector<double> f;
};

/// A stretch (left, right) on which f is flat.
struct FlatStretch {
  double left;
  double right;
  /// Whether f is flat up to breaks on both sides. Else f runs into the stretch smoothly: no
  /// double tells the labels in it apart, but f does.
  bool broken_off;
};

/// A label taken with positive probability.
struct Atom {
  double label;
  std::vector<double> mass;  ///< E[h_k(Z) 1{f(Z) = label}], k = 0..K
  /// The stretches of z on which f is flat there.
  std::vector<FlatStretch> stretches;
  /// E[h_k(Z)^2 1{f(Z) = label}] where only rounding ties the labels; else empty.
  std::vector<double> squares;
  /// E[h_k(Z)] over the same stretches as the squares.
  std::vector<double> spread;
  /// Whether nothing else takes these labels, so that the squares are what telling them apart is
  /// worth; else they bound what rounding hides.
  bool resolved = false;
};

/// A mass of the law, put down at one label.
struct LabelPoint {
  double label;
  std::vector<double> mass;
};

class LabelLaw {
 public:
  /// \param max_order K, the highest Hermite order whose masses are wanted.
  /// \param resolve  whether labels that only rounding ties are told apart: for a law that no
  ///                 noise blurs.
  LabelLaw(const Link& link, int max_order, bool resolve);

  const std::vector<Branch>& branches() const { return branches_; }
  /// Ascending in the label.
  const std::vector<Atom>& atoms() const { return atoms_; }
  /// Ends of the branches' ranges, ascending and distinct: between two of them the set of branches
  /// that take a label does not change.
  const std::vector<double>& critical_labels() const { return critical_labels_; }

  /// out[b] = the point of branch b where f takes the label y, or the end nearest to it where the
  /// branch does not take y. Cost: one root finding for each branch that does.
  void preimages(double y, std::span<double> out) const;

  /// out[k] += factor * E[h_k(Z) 1{y1 < f(Z) < y2, f not flat at Z}] from the preimages of y1 and
  /// y2. The atoms are left out. Each branch's part is taken by itself, so that small masses
  /// between near labels lose nothing to the sum of all others.
  void add_mass_between(std::span<const double> preimages1, std::span<const double> preimages2,
                        double factor, std::span<double> out) const;

  /// Quadrature points for the same mass, one branch at a time: panels on which the label moves by
  /// \p width at most, of four Gauss-Legendre points each; in \p fine each panel is halved. What is
  /// integrated must be smooth in the label on that scale.
  void add_points_between(std::span<const double> preimages1, std::span<const double> preimages2,
                          double width, std::vector<LabelPoint>& fine,
                          std::vector<LabelPoint>& coarse) const;

  struct Nodes {
    std::vector<double> labels;  ///< ascending, both ends included; empty where no branch runs
    double lead_mass = 0;        ///< mass of the branch that sets the pace
  };

  /// At most \p count + 1 labels from \p low to \p high, between two consecutive critical labels:
  /// even steps along the branch with the most mass there, finer towards both ends, where branches
  /// turn (the label moves like the square of z).
  Nodes nodes(double low, double high, int count) const;

 private:
  double preimage(const Branch& branch, double y) const;
  void add_atom(double label, const FlatStretch& stretch);
  void add_branches(double left, double right);
  void add_panel(double left, double right, std::vector<LabelPoint>& points) const;
  void find_critical_labels();
  /// From masses of the right half to masses of the whole line, for an even link.
  void mirror(std::span<double> mass) const;

  Link link_;
  int max_order_;
  bool even_;  ///< then only z >= 0 is kept, and masses are mirrored
  std::vector<Branch> branches_;
  std::vector<Atom> atoms_;
  std::vector<double> critical_labels_;
};

}  // namespace esscher::internal
