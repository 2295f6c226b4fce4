#pragma once

/// \file
/// One run of a tempered sequential Monte Carlo sampler: particles go from pi_0 to the policy
/// pi_0 e^{s r} as s grows from 0 to 1 / beta.

#include <cstdint>
#include <span>
#include <vector>

#include "esscher/base/matrix.h"
#include "esscher/base/random.h"
#include "policy/layer_features.h"

namespace esscher::internal {

/// A way from pi_0 to a policy.
struct TemperingPath {
  struct Step {
    double s = 0;               ///< inverse temperature, growing to 1 / beta
    std::vector<double> drift;  ///< c of the ellipses' centre W' c at s
  };
  std::vector<Step> steps;
  bool forced = false;  ///< the last step is longer than it ought to be
};

/// Particles of one policy, moved by elliptical slices (Murray, Adams, MacKay, AISTATS 2010).
/// - Along an ellipse x cos t + nu sin t the pre-activations turn as x does, so one product with W
///   for each fresh nu serves all points that a slice move looks at, and x itself need not be kept:
///   a row holds the m pre-activations and behind them the coordinates of interest, the hidden ones
///   or all.
/// - Ellipses about the origin are slow where the policy has moved far from it: only arcs of length
///   1 / |mean| keep the reward. So they are laid about the policy's mean mu, the slice then being
///   that of s r(x) - <mu, x>, which is the density relative to N(mu, I). By Stein's identity
///   mu = s E grad r = W' c with c_j = s a_j E phi'_j, so <mu, x> = <c, u> needs no coordinates
///   either; the mean of phi' is taken over the particles.
class Particles {
 public:
  enum class Keep {
    hidden,           ///< those of the q hidden directions
    all_coordinates,  ///< the k reduced ones
  };

  /// \p count draws from pi_0. All randomness is a function of (seed, run); \p threads at most are
  /// used, if not called from within another parallel loop.
  Particles(const LayerFeatures& layer, std::span<const double> readout, std::uint64_t count,
            Keep keep, std::uint64_t seed, std::uint64_t run, int threads);

  std::uint64_t count() const { return rewards_.size(); }
  std::span<const double> rewards() const { return rewards_; }  ///< r without the intercept
  /// Coordinates of particle i: q or k of them.
  std::span<const double> coordinates(std::uint64_t i) const {
    return rows_.row(i).subspan(layer_.width());
  }

  /// Goes from pi_0 to the policy, finding the way: inverse temperatures grow so that the effective
  /// share of the particles under each step's weights is 0.8 (or more, in the last step); then
  /// systematic resampling, a new centre, and, but for the last step, whose moves are the caller's,
  /// \p moves slice moves. What such a run estimates is biased, of order 1 / count, since its way
  /// depends on its particles.
  TemperingPath find_path(double beta, int moves);

  /// The same on a given way. Returns an estimate of log E_0 e^{r / beta}, whose exponential is
  /// unbiased; it times a mean over the particles, now or after more moves, is an unbiased estimate
  /// of E_0 e^{r / beta} times the mean under the policy.
  double follow(const TemperingPath& path, int moves);

  /// One elliptical slice move of every particle at inverse temperature \p s, about the centre
  /// that was chosen last: leaves pi_0 e^{s r} as it is.
  void move(double s);

 private:
  /// Rows of fresh draws x ~ N(0, I), for particles \p first on, by the present step's numbers.
  void draw_normals(std::uint64_t first, MatrixView<double> out) const;
  /// Weights e^{step r} and systematic resampling by them. Returns the logarithm of their mean.
  double reweight(double step);
  /// c at inverse temperature \p s, from the particles.
  std::vector<double> mean_drift(double s) const;
  void lay_centre(std::vector<double> drift);
  /// Particles [first, first + count), in one piece of work.
  void move_block(double s, std::uint64_t first, std::size_t count);

  const LayerFeatures& layer_;
  std::span<const double> readout_;
  RandomStream normals_;
  RandomStream uniforms_;
  std::uint64_t steps_ = 0;  ///< of randomness used: index within the run's streams
  int threads_;
  Matrix<double> rows_;
  std::vector<double> rewards_;
  std::vector<double> drift_;   ///< c
  std::vector<double> centre_;  ///< mu as a particle: W mu and its coordinates
};

}  // namespace esscher::internal
