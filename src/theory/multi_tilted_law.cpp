#include "esscher/theory/multi_tilted_law.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "esscher/base/error.h"
#include "esscher/base/matrix.h"
#include "esscher/base/number_text.h"
#include "esscher/base/parallel.h"
#include "esscher/linalg/compensated_sum.h"
#include "esscher/theory/finiteness.h"

namespace esscher {
namespace {

/// Along each axis by q, odd, so that every other node is a lattice over the same box.
constexpr std::array<std::size_t, kMostDirections + 1> kNodes{0, 0, 401, 97, 37};
/// Half the side of the first box looked at, and how often it may be doubled.
constexpr double kFirstReach = 12;
constexpr int kDoublings = 4;
/// Nodes whose logarithm lies further below the largest are left out of the box.
constexpr double kLeastLog = 32;
/// A box that shrinks by less than this factor is small enough.
constexpr double kShrinks = 0.8;
constexpr int kMostBoxes = 6;

struct Box {
  std::vector<double> low;
  std::vector<double> high;
};

/// A box's nodes with f and the logarithm of e^{f/beta - |z|^2/2} at each.
struct Nodes {
  Box box;
  std::vector<double> step;
  std::size_t count = 0;  ///< along each axis
  std::vector<double> f;
  std::vector<double> logs;

  std::size_t axes() const { return step.size(); }
  /// Index of a node along each axis.
  void indices(std::size_t node, std::span<std::size_t> out) const {
    for (std::size_t axis = axes(); axis-- > 0;) {
      out[axis] = node % count;
      node /= count;
    }
  }
  double coordinate(std::size_t axis, std::size_t index) const {
    return box.low[axis] + static_cast<double>(index) * step[axis];
  }
};

/// \param inverse_temperature  1/beta; 0 is the reference policy
Nodes evaluate(const MultiLink& link, double inverse_temperature, Box box) {
  const std::size_t q = link.directions();
  Nodes nodes{std::move(box), std::vector<double>(q), kNodes[q], {}, {}};
  std::size_t total = 1;
  for (std::size_t axis = 0; axis < q; ++axis) {
    nodes.step[axis] =
        (nodes.box.high[axis] - nodes.box.low[axis]) / static_cast<double>(nodes.count - 1);
    total *= nodes.count;
  }
  nodes.f.resize(total);
  nodes.logs.resize(total);
  constexpr std::uint64_t kChunk = 4096;
  parallel_for_chunks(ChunkGrid(total, kChunk), {}, [&](const Chunk& chunk) {
    Matrix<double> z(static_cast<std::size_t>(chunk.size()), q);
    std::vector<std::size_t> at(q);
    for (std::size_t i = 0; i < z.rows(); ++i) {
      nodes.indices(static_cast<std::size_t>(chunk.begin) + i, at);
      for (std::size_t axis = 0; axis < q; ++axis) z(i, axis) = nodes.coordinate(axis, at[axis]);
    }
    const std::span<double> f = std::span(nodes.f).subspan(chunk.begin, chunk.size());
    link.evaluate(z.view(), f);
    for (std::size_t i = 0; i < z.rows(); ++i) {
      double square = 0;
      for (const double value : z.row(i)) square += value * value;
      nodes.logs[chunk.begin + i] = f[i] * inverse_temperature - square / 2;
    }
  });
  return nodes;
}

/// The box of the nodes that count, a step wider on each side; \p touches where it meets the edge.
Box support(const Nodes& nodes, bool& touches) {
  const std::size_t q = nodes.axes();
  const double least = *std::ranges::max_element(nodes.logs) - kLeastLog;
  std::vector<std::size_t> first(q, nodes.count);
  std::vector<std::size_t> last(q, 0);
  std::vector<std::size_t> at(q);
  for (std::size_t node = 0; node < nodes.logs.size(); ++node) {
    if (nodes.logs[node] < least) continue;
    nodes.indices(node, at);
    for (std::size_t axis = 0; axis < q; ++axis) {
      first[axis] = std::min(first[axis], at[axis]);
      last[axis] = std::max(last[axis], at[axis]);
    }
  }
  touches = false;
  Box box{std::vector<double>(q), std::vector<double>(q)};
  for (std::size_t axis = 0; axis < q; ++axis) {
    touches |= first[axis] == 0 || last[axis] + 1 == nodes.count;
    box.low[axis] = nodes.coordinate(axis, first[axis]) - nodes.step[axis];
    box.high[axis] = nodes.coordinate(axis, last[axis]) + nodes.step[axis];
  }
  return box;
}

Nodes fitted_nodes(const MultiLink& link, double inverse_temperature) {
  const std::size_t q = link.directions();
  double reach = kFirstReach;
  bool touches = true;
  Nodes nodes;
  Box box;
  for (int doubling = 0; touches; ++doubling, reach *= 2) {
    if (doubling > kDoublings) {
      throw UsageError(rejection("beta", 1 / inverse_temperature,
                                 "tilts " + link.name() + " to points further than " +
                                     number_text(reach / 2) + " standard deviations",
                                 "raise it, or clip the link with @clip:LO,HI"));
    }
    nodes = evaluate(link, inverse_temperature,
                     {std::vector<double>(q, -reach), std::vector<double>(q, reach)});
    box = support(nodes, touches);
  }
  for (int i = 0; i < kMostBoxes; ++i) {
    double before = 1;
    double after = 1;
    for (std::size_t axis = 0; axis < q; ++axis) {
      before *= nodes.box.high[axis] - nodes.box.low[axis];
      after *= box.high[axis] - box.low[axis];
    }
    if (i > 0 && !(after < kShrinks * before)) break;
    nodes = evaluate(link, inverse_temperature, box);
    box = support(nodes, touches);
  }
  return nodes;
}

/// log of sum e^{logs} times the volume of a cell, over (2 pi)^{q/2}; over every \p stride-th node.
double log_integral(const Nodes& nodes, std::size_t stride) {
  const double largest = *std::ranges::max_element(nodes.logs);
  std::vector<std::size_t> at(nodes.axes());
  CompensatedSum sum;
  for (std::size_t node = 0; node < nodes.logs.size(); ++node) {
    if (stride > 1) {
      nodes.indices(node, at);
      if (std::ranges::any_of(at, [&](std::size_t i) { return i % stride != 0; })) continue;
    }
    sum.add(std::exp(nodes.logs[node] - largest));
  }
  double log_volume = 0;
  for (const double step : nodes.step) {
    log_volume += std::log(step * static_cast<double>(stride) / std::sqrt(2 * std::numbers::pi));
  }
  return largest + std::log(sum.value()) + log_volume;
}

std::vector<double> masses(const Nodes& nodes) {
  const double largest = *std::ranges::max_element(nodes.logs);
  std::vector<double> mass(nodes.logs.size());
  CompensatedSum sum;
  for (std::size_t i = 0; i < mass.size(); ++i) {
    mass[i] = std::exp(nodes.logs[i] - largest);
    sum.add(mass[i]);
  }
  for (double& m : mass) m /= sum.value();
  return mass;
}

double mean(std::span<const double> mass, std::span<const double> values) {
  CompensatedSum sum;
  for (std::size_t i = 0; i < mass.size(); ++i) sum.add(mass[i] * values[i]);
  return sum.value();
}

double variance(std::span<const double> mass, std::span<const double> values, double centre) {
  CompensatedSum sum;
  for (std::size_t i = 0; i < mass.size(); ++i) {
    sum.add(mass[i] * (values[i] - centre) * (values[i] - centre));
  }
  return sum.value();
}

}  // namespace

TiltLattice tilt_lattice(const MultiLink& link, double beta) {
  require_finite_tilt(link, beta);
  if (link.directions() < 2) {
    throw UsageError(rejection("link", link.name(), "has one variable: take tilted_law()"));
  }
  const Nodes reference = fitted_nodes(link, 0);
  Nodes nodes = fitted_nodes(link, 1 / beta);
  TiltLattice lattice{nodes.box.low, nodes.step, nodes.count, masses(nodes), {}};
  TiltedLaw& law = lattice.law;
  law.beta = beta;
  law.log_partition = log_integral(nodes, 1);
  law.relative_error = std::abs(std::expm1(log_integral(nodes, 2) - law.log_partition));
  law.optimal_value = beta * law.log_partition;
  law.reference_value = mean(masses(reference), reference.f);
  law.mean_reward = mean(lattice.mass, nodes.f);
  law.reward_variance = variance(lattice.mass, nodes.f, law.mean_reward);
  law.gain = std::max(0.0, law.optimal_value - law.reference_value);
  law.kl = std::max(0.0, law.mean_reward / beta - law.log_partition);
  std::vector<double> first(nodes.logs.size());
  std::vector<std::size_t> at(nodes.axes());
  for (std::size_t node = 0; node < first.size(); ++node) {
    nodes.indices(node, at);
    first[node] = nodes.coordinate(0, at[0]);
  }
  law.mean_direction = mean(lattice.mass, first);
  law.direction_variance = variance(lattice.mass, first, law.mean_direction);
  return lattice;
}

TiltedLaw tilted_law(const MultiLink& link, double beta) {
  return link.single() != nullptr ? tilted_law(*link.single(), beta) : tilt_lattice(link, beta).law;
}

void require_finite_tilt(const MultiLink& link, double beta, const std::string& field) {
  if (link.single() != nullptr) return require_finite_tilt(*link.single(), beta, field);
  require_temperature(beta, field);
  const double rate = link.upper_quadratic_rate();
  if (rate / beta < 0.5) return;
  throw UsageError(
      rejection(field, beta,
                "E e^{f/beta} is infinite for " + link.name() +
                    (std::isfinite(rate)
                         ? ", which grows like " + number_text(rate, 6) +
                               " |z|^2: it is finite only for beta > " + number_text(2 * rate, 6)
                         : ", which grows faster than |z|^2"),
                "clip it, for example '" + link.name() + "@clip:-5,5'" +
                    (std::isfinite(rate) ? ", or raise beta" : "")));
}

}  // namespace esscher
