#include "model/link_breaks.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "model/saturate.h"

namespace esscher::internal {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

constexpr std::size_t kCells = 1 << 19;  // exact steps: 80 / 2^19 = 5 / 2^15
constexpr double kStep = 2 * kExamined / kCells;
constexpr std::size_t kReach = 5;     // a residual looks at 5 points on either side
constexpr std::size_t kFiner = 4;     // refinement of one level
constexpr std::size_t kBridge = 3;    // suspects this near belong to one cluster
constexpr std::size_t kBlock = 2048;  // cells over which the size of f is measured: 0.3 in z
constexpr double kCentre = 2;         // "the middle of the law"
constexpr std::size_t kMostBreaks = 1000;
constexpr std::size_t kMostValues = 6'500'000;

// Residuals below this many roundings of f are taken for noise.
constexpr double kRoundings = 256;
// A smooth residual falls 4096-fold a level, that of a jump of the third derivative 64-fold.
constexpr double kSmoothFall = 300;
// Where nearly every point stays suspect, level after level, with residuals this small beside f,
// the formula cancels and these are its rounding errors.
constexpr double kNoise = 1e-7;
// Beside noise of at most this size, a suspect must stand out from the points around it.
constexpr double kQuiet = 1e-6;
constexpr double kOutstanding = 20;
constexpr std::size_t kAround = 6;  // points of the parent on either side that show the noise
constexpr std::size_t kQuietBlock = 96;
// A function that looked broken on this many levels and then turned out smooth is steep within a
// millionth: an integral does well to stop there all the same.
constexpr int kSteep = 4;
// Jumps below this, over the size of f, are rounding inside the formula: (1 + exp(z)) - 1.
constexpr double kLeastJump = 1e-10;
// Growth towards a break, over the size of f nearby, that betrays a pole.
constexpr double kPoleGrowth = 1e6;
// Narrow features lower than this, over the size of f nearby, are noise.
constexpr double kLeastFeature = 1e-8;
constexpr std::size_t kMostFeatures = 100;

/// f on an even grid and what its own interpolation misses it by.
struct Level {
  double left = 0;
  double step = 0;
  std::vector<double> value;
  std::vector<double> residual;  // 0 within kReach of the ends
  double at(std::size_t i) const { return left + static_cast<double>(i) * step; }
};

/// f_i less the sextic interpolation from the neighbours at distance 1, 3 and 5: zero for
/// polynomials up to degree 5.
double residual_at(const std::vector<double>& f, std::size_t i) {
  const double near = f[i - 1] + f[i + 1];
  const double middle = f[i - 3] + f[i + 3];
  const double far = f[i - 5] + f[i + 5];
  return std::abs(f[i] - (150. / 256 * near - 25. / 256 * middle + 3. / 256 * far));
}

/// Half-open range of suspect points.
struct Cluster {
  std::size_t first;
  std::size_t last;  // inclusive
};

std::vector<Cluster> clusters_of(const std::vector<char>& suspect) {
  std::vector<Cluster> found;
  for (std::size_t i = 0; i < suspect.size(); ++i) {
    if (!suspect[i]) continue;
    if (!found.empty() && i - found.back().last <= kBridge) {
      found.back().last = i;
    } else {
      found.push_back({i, i});
    }
  }
  return found;
}

/// An extremum of f over the chord of a stretch that looked broken on a coarser grid.
struct Feature {
  double z;
  double height;
};

/// A place that holds a break.
struct Bracket {
  double left;
  double right;
  double strength;  // residual when last seen
};

class Search {
 public:
  explicit Search(const LinkFunction& f) : f_(f) {}

  BreaksFound run() {
    Level base = sampled(-kExamined, kStep, kCells + 1);
    measure_size(base);
    std::vector<char> suspect(base.value.size(), 0);
    for (std::size_t i = kReach; i + kReach < suspect.size(); ++i) {
      suspect[i] = base.residual[i] > tolerance(base, i);
    }
    for (const Cluster& cluster : clusters_of(suspect)) refine(base, cluster, 0);
    BreaksFound found{located(), {}};
    found.narrow = features();
    return found;
  }

 private:
  Level sampled(double left, double step, std::size_t count) {
    values_used_ += count;
    if (values_used_ > kMostValues) throw TooWild{left};
    Level level{left, step, std::vector<double>(count), std::vector<double>(count, 0.)};
    std::vector<double> z(count);
    for (std::size_t i = 0; i < count; ++i) z[i] = level.at(i);
    f_.values(z, level.value);
    for (std::size_t i = 0; i < count; ++i) {
      if (overflowed(level.value[i])) throw NotFinite{z[i], level.value[i]};
    }
    for (std::size_t i = kReach; i + kReach < count; ++i) {
      level.residual[i] = residual_at(level.value, i);
    }
    return level;
  }

  void measure_size(const Level& base) {
    std::vector<double> block(base.value.size() / kBlock + 1, 0.);
    for (std::size_t i = 0; i < base.value.size(); ++i) {
      double& size = block[i / kBlock];
      size = std::max(size, std::abs(base.value[i]));
      if (std::abs(base.at(i)) <= kCentre) centre_ = std::max(centre_, std::abs(base.value[i]));
    }
    size_.resize(block.size());
    for (std::size_t b = 0; b < block.size(); ++b) {
      size_[b] = std::max(block[b], centre_);
      if (b > 0) size_[b] = std::max(size_[b], block[b - 1]);
      if (b + 1 < block.size()) size_[b] = std::max(size_[b], block[b + 1]);
    }
  }

  /// The largest |f| within some 0.3 to 0.6 of z or in the middle of the law, whichever is larger:
  /// a feature that vanishes beside the latter, in a far tail, is no feature.
  double size_near(double z) const {
    const double block = (z + kExamined) / (kStep * kBlock);
    return size_[std::min(static_cast<std::size_t>(std::max(block, 0.)), size_.size() - 1)];
  }

  /// What rounding of f, and of z on the way to a steep f, may amount to.
  double tolerance(const Level& level, std::size_t i) const {
    const double z = level.at(i);
    const double slope = std::abs(level.value[i + 1] - level.value[i - 1]) / (2 * level.step);
    // Far below anything that an integral notices, subnormal numbers have no digits to compare.
    return std::max(kRoundings * kEpsilon * (size_near(z) + std::abs(z) * slope), 1e-200);
  }

  void accept(double left, double right, double strength) {
    if (accepted_.size() >= 3 * kMostBreaks) throw TooWild{left};
    accepted_.push_back({left, right, strength});
  }

  /// Looks into \p cluster of \p parent with a finer grid. \p seen counts the levels in a row whose
  /// residuals fell like those of a break.
  void refine(const Level& parent, Cluster cluster, int seen) {
    const double left = parent.at(cluster.first - 1);
    const double right = parent.at(cluster.last + 1);
    const double step = parent.step / kFiner;
    const double strength = greatest_in(parent.residual, cluster.first, cluster.last);
    if (step < 1e-15 || step < 8 * kEpsilon * std::max(std::abs(left), std::abs(right))) {
      accept(left, right, strength);
      return;
    }
    // Some points around the cluster show how quiet f is there; beyond them, the residuals' reach.
    const std::size_t first = cluster.first - 1 - std::min(cluster.first - 1, kAround);
    const std::size_t last = std::min(cluster.last + 1 + kAround, parent.value.size() - 1);
    const std::size_t margin = first == 0 || last + 1 == parent.value.size() ? 0 : kReach;
    const Level level = sampled(parent.at(first) - static_cast<double>(margin) * step, step,
                                (last - first) * kFiner + 1 + 2 * margin);
    const std::vector<double> quiet = quiet_blocks(level);
    std::vector<char> suspect(level.value.size(), 0);
    std::size_t suspects = 0;
    double greatest = 0;
    double most_tolerated = 0;
    const std::size_t begin = std::max(margin + (cluster.first - 1 - first) * kFiner, kReach);
    const std::size_t end =
        std::min(margin + (cluster.last + 1 - first) * kFiner + 1, suspect.size() - kReach);
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t above = first + (i - margin) / kFiner;
      const double before = greatest_in(parent.residual, above < 2 ? 0 : above - 2, above + 2);
      const double allowed = tolerance(level, i);
      const double noise = kOutstanding * quiet[i / kQuietBlock];
      suspect[i] =
          level.residual[i] > std::max(allowed, noise) && level.residual[i] * kSmoothFall >= before;
      suspects += suspect[i] != 0;
      greatest = std::max(greatest, level.residual[i]);
      most_tolerated = std::max(most_tolerated, allowed);
    }
    if (suspects == 0) {
      // Down at rounding: a break if it behaved as one so far; smooth if it never did.
      const bool vanished = strength < 1000 * most_tolerated;
      if (seen >= kSteep || (seen >= 2 && vanished)) {
        accept(left, right, strength);
      } else {
        note_features(level, begin, end);
      }
      return;
    }
    const bool dense = 10 * suspects > 6 * (end - begin);
    if (dense && greatest < kNoise * size_near(left)) return;
    for (const Cluster& child : clusters_of(suspect)) refine(level, child, seen + 1);
  }

  /// Where f stands highest and lowest over its chord from \p begin to \p end.
  void note_features(const Level& level, std::size_t begin, std::size_t end) {
    if (begin + 2 >= end) return;
    const double first = level.value[begin];
    const double rise = (level.value[end - 1] - first) / static_cast<double>(end - 1 - begin);
    Feature highest{0, 0};
    Feature lowest{0, 0};
    for (std::size_t i = begin + 1; i + 1 < end; ++i) {
      const double height = level.value[i] - (first + rise * static_cast<double>(i - begin));
      if (height > highest.height) highest = {level.at(i), height};
      if (height < lowest.height) lowest = {level.at(i), height};
    }
    const double least = kLeastFeature * size_near(level.at(begin));
    for (const Feature& feature : {highest, lowest}) {
      if (std::abs(feature.height) > least) features_.push_back(feature);
    }
  }

  std::vector<double> features() {
    std::sort(features_.begin(), features_.end(), [](const Feature& a, const Feature& b) {
      return std::abs(a.height) > std::abs(b.height);
    });
    features_.resize(std::min(features_.size(), kMostFeatures));
    std::vector<double> places;
    for (const Feature& feature : features_) places.push_back(feature.z);
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    return places;
  }

  static double greatest_in(const std::vector<double>& values, std::size_t first,
                            std::size_t last) {
    double greatest = 0;
    for (std::size_t i = first; i <= last && i < values.size(); ++i) {
      greatest = std::max(greatest, values[i]);
    }
    return greatest;
  }

  /// The median residual of each block of points: breaks are few among them, noise is everywhere.
  /// 0 where it is too large for noise.
  std::vector<double> quiet_blocks(const Level& level) const {
    std::vector<double> quiet(level.value.size() / kQuietBlock + 1, 0.);
    for (std::size_t b = 0; b < quiet.size(); ++b) {
      // The last block may be short: it is filled up from the one before.
      const std::size_t last = std::min((b + 1) * kQuietBlock, level.residual.size());
      const std::size_t first = last - std::min(last, kQuietBlock);
      std::vector<double> block(level.residual.begin() + std::ptrdiff_t(first),
                                level.residual.begin() + std::ptrdiff_t(last));
      const auto middle = block.begin() + std::ptrdiff_t(block.size() / 2);
      std::nth_element(block.begin(), middle, block.end());
      if (*middle < kQuiet * size_near(level.at(first))) quiet[b] = *middle;
    }
    return quiet;
  }

  /// Brackets that touch or nearly touch are one break seen by several stencils: the strongest.
  std::vector<double> located() {
    std::sort(accepted_.begin(), accepted_.end(),
              [](const Bracket& a, const Bracket& b) { return a.left < b.left; });
    std::vector<Bracket> merged;
    for (const Bracket& bracket : accepted_) {
      if (!merged.empty()) {
        Bracket& last = merged.back();
        const double width = std::max(last.right - last.left, bracket.right - bracket.left);
        if (bracket.left - last.right < 4 * width) {
          if (bracket.strength > last.strength) last = bracket;
          continue;
        }
      }
      merged.push_back(bracket);
    }
    std::vector<double> breaks;
    for (const Bracket& bracket : merged) {
      if (const auto place = place_of(bracket)) breaks.push_back(*place);
    }
    breaks.erase(std::unique(breaks.begin(), breaks.end()), breaks.end());
    if (breaks.size() > kMostBreaks) throw TooWild{breaks[kMostBreaks]};
    return breaks;
  }

  double checked(double z) {
    const double value = f_.value(z);
    if (overflowed(value)) throw NotFinite{z, value};
    return value;
  }

  /// None for a jump that is rounding.
  std::optional<double> place_of(const Bracket& bracket) {
    // Stencils reach further than their middle points: the break may lie a few steps outside.
    const double width = bracket.right - bracket.left;
    const double left = std::max(bracket.left - width, -kExamined);
    const double right = std::min(bracket.right + width, kExamined);
    double low = left;
    double high = right;
    double value_low = checked(low);
    double value_high = checked(high);
    const double spread = spread_over(low, high);
    while (true) {
      const double middle = low + (high - low) / 2;
      if (!(middle > low && middle < high)) break;
      const double value = checked(middle);
      if (std::abs(value - value_low) >= std::abs(value_high - value)) {
        high = middle;
        value_high = value;
      } else {
        low = middle;
        value_low = value;
      }
    }
    const double height = std::max(std::abs(value_low), std::abs(value_high));
    if (height > kPoleGrowth * std::max(size_near(low), 1e-100)) throw Pole{low};
    const double jump = std::abs(value_high - value_low);
    const bool jumps = jump > 0.25 * spread && jump > 0;
    if (jumps && jump < kLeastJump * size_near(low)) return std::nullopt;
    const double place = jumps ? shortest_between(low, high) : shortest_between(left, right);
    checked(place);
    return place;
  }

  double spread_over(double low, double high) {
    double least = kInfinity;
    double most = -kInfinity;
    for (int i = 0; i <= 16; ++i) {
      const double value = checked(low + (high - low) * i / 16);
      least = std::min(least, value);
      most = std::max(most, value);
    }
    return most - least;
  }

  /// The number of fewest decimal digits in [low, high]: people put breaks at round numbers.
  static double shortest_between(double low, double high) {
    if (low <= 0 && high >= 0) return 0;
    const double middle = low + (high - low) / 2;
    for (int digits = 0; digits < 17; ++digits) {
      std::array<char, 40> text;
      const auto end = std::to_chars(text.data(), text.data() + text.size(), middle,
                                     std::chars_format::scientific, digits);
      double rounded = middle;
      std::from_chars(text.data(), end.ptr, rounded);
      if (rounded >= low && rounded <= high) return rounded;
    }
    return middle;
  }

  const LinkFunction& f_;
  std::size_t values_used_ = 0;
  double centre_ = 0;
  std::vector<double> size_;
  std::vector<Bracket> accepted_;
  std::vector<Feature> features_;
};

}  // namespace

BreaksFound find_breaks(const LinkFunction& f) { return Search(f).run(); }

void require_finite(const LinkFunction& f, const std::vector<double>& breaks) {
  std::vector<double> z;
  for (std::size_t i = 0; i <= kCells; i += 8) {
    z.push_back(-kExamined + static_cast<double>(i) * kStep);
  }
  for (const double b : breaks) {
    if (std::abs(b) > kExamined) continue;
    z.insert(z.end(), {b, std::nextafter(b, -kInfinity), std::nextafter(b, kInfinity)});
  }
  std::vector<double> value(z.size());
  f.values(z, value);
  for (std::size_t i = 0; i < z.size(); ++i) {
    if (overflowed(value[i])) throw NotFinite{z[i], value[i]};
  }
}

}  // namespace esscher::internal
