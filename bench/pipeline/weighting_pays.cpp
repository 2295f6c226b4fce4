/// Where weights in stage 2 pay. Prints Markdown:
///     weighting_pays [SEEDS]
/// For rows of one overlap with theta*, the rest of each a direction of its own, as stage 1 leaves
/// them: efficiencies of readouts with uniform, label, surrogate and automatic weights over widths,
/// overlaps, noises and temperatures, as means over seeds (default 4), and a count of the cells in
/// which weights beat plain regression by two standard errors of the paired difference.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "esscher/base/random.h"
#include "esscher/policy/policy_value.h"
#include "pipeline/simulated_readouts.h"

namespace esscher {
namespace {

constexpr std::size_t kDim = 1000;
constexpr std::array kKinds{ReadoutWeights::uniform, ReadoutWeights::label,
                            ReadoutWeights::surrogate, ReadoutWeights::automatic};
constexpr std::array kBetas{1.0, 0.25, 0.1};
constexpr std::array<std::size_t, 3> kWidths{16, 64, 256};

FirstLayer layer_of_overlap(std::size_t width, double overlap, std::uint64_t seed) {
  FirstLayer layer;
  layer.dim = kDim;
  layer.weights = Matrix<double>(width, kDim);
  RandomStream(seed, "rows").fill_normal(0, layer.weights.values());
  for (std::size_t j = 0; j < width; ++j) {
    const std::span<double> row = layer.weights.row(j);
    double square = 0;
    for (std::size_t k = 1; k < kDim; ++k) square += row[k] * row[k];
    row[0] = row[0] < 0 ? -overlap : overlap;
    const double rest = std::sqrt((1 - overlap * overlap) / square);
    for (std::size_t k = 1; k < kDim; ++k) row[k] *= rest;
  }
  layer.biases.resize(width);
  RandomStream(seed, "biases").fill_uniform(0, layer.biases);
  for (double& bias : layer.biases) bias = 3 * (2 * bias - 1);
  return reduced(layer);
}

struct Mean {
  double value = 0;
  double error = 0;
};

Mean mean(const std::vector<double>& values) {
  Mean result;
  const auto n = static_cast<double>(values.size());
  for (const double v : values) result.value += v / n;
  double square = 0;
  for (const double v : values) square += (v - result.value) * (v - result.value);
  result.error = std::sqrt(square / (n * (n - 1)));
  return result;
}

/// Efficiencies [temperature][kind][seed].
using Cell = std::array<std::array<std::vector<double>, kKinds.size()>, kBetas.size()>;

Cell measure(const char* link, std::size_t width, double overlap, double noise, int seeds) {
  Cell cell;
  for (int seed = 1; seed <= seeds; ++seed) {
    const auto key = static_cast<std::uint64_t>(seed);
    const FirstLayer layer = layer_of_overlap(width, overlap, key);
    SimulationOptions options{.model = {parse_link(link), Noise(NoiseKind::gaussian, noise)}};
    options.seed = key;
    internal::SimulatedReadouts readouts(layer, options);
    std::vector<RidgeFit> fits;
    for (const double beta : kBetas) {
      for (const ReadoutWeights kind : kKinds) fits.push_back(readouts.fit(kind, beta).fit);
    }
    std::vector<PolicyCase> cases;
    for (std::size_t i = 0; i < fits.size(); ++i) {
      cases.push_back({fits[i].coefficients, fits[i].intercept, kBetas[i / kKinds.size()]});
    }
    PolicyOptions policy;
    policy.samples = 1 << 14;
    policy.seed = key;
    const auto values = evaluate_policies(layer, cases, options.model.link, policy);
    for (std::size_t i = 0; i < values.size(); ++i) {
      cell[i / kKinds.size()][i % kKinds.size()].push_back(values[i].efficiency->value);
    }
  }
  return cell;
}

/// How many cells of one width and temperature there are, and in how many weights pay.
struct Count {
  int cells = 0;
  int paying = 0;        ///< label or surrogate beats uniform by two standard errors
  int losing = 0;        ///< both lose to uniform by as much
  int automatic = 0;     ///< auto within one standard error of the best of the three, or above
  double shortfall = 0;  ///< the most that auto lacks to it
};

void count(const std::array<std::vector<double>, kKinds.size()>& kinds, Count& into) {
  const auto against = [&](std::size_t a, std::size_t b) {
    std::vector<double> difference = kinds[a];
    for (std::size_t i = 0; i < difference.size(); ++i) difference[i] -= kinds[b][i];
    return mean(difference);
  };
  ++into.cells;
  const Mean label = against(1, 0);
  const Mean surrogate = against(2, 0);
  const auto pays = [](const Mean& gain) { return gain.value > 2 * gain.error; };
  const auto loses = [](const Mean& gain) { return gain.value < -2 * gain.error; };
  into.paying += static_cast<int>(pays(label) || pays(surrogate));
  into.losing += static_cast<int>(loses(label) && loses(surrogate));
  std::size_t best = 0;
  for (const std::size_t k : {1, 2}) {
    if (mean(kinds[k]).value > mean(kinds[best]).value) best = k;
  }
  const Mean automatic = against(3, best);
  into.automatic += static_cast<int>(automatic.value > -automatic.error);
  into.shortfall = std::max(into.shortfall, -automatic.value);
}

}  // namespace
}  // namespace esscher

int main(int arguments, char** values) {
  using namespace esscher;
  const int seeds = arguments > 1 ? std::max(2, std::atoi(values[1])) : 4;
  std::printf("| link | width | overlap | noise |");
  for (const double beta : kBetas) {
    std::printf(" uniform at %g | label | surrogate | auto |", beta);
  }
  std::printf("\n|---|---|---|---|");
  for (std::size_t i = 0; i < kBetas.size() * kKinds.size(); ++i) std::printf("---|");
  std::printf("\n");
  std::array<std::array<Count, kBetas.size()>, kWidths.size()> counts{};
  for (const char* link : {"damped_hermite:3", "tanh"}) {
    for (std::size_t w = 0; w < kWidths.size(); ++w) {
      for (const double overlap : {0.7, 0.9, 0.97, 0.99, 0.999}) {
        for (const double noise : {0.3, 1.0}) {
          const Cell cell = measure(link, kWidths[w], overlap, noise, seeds);
          std::printf("| %s | %zu | %g | %g |", link, kWidths[w], overlap, noise);
          for (std::size_t b = 0; b < kBetas.size(); ++b) {
            for (const std::vector<double>& kind : cell[b])
              std::printf(" %.2f |", mean(kind).value);
            count(cell[b], counts[w][b]);
          }
          std::printf("\n");
          std::fflush(stdout);
        }
      }
    }
  }
  std::printf(
      "\n| width | beta2 | cells | weights pay | weights lose | auto as good as the best | most it "
      "lacks |\n|---|---|---|---|---|---|---|\n");
  for (std::size_t w = 0; w < kWidths.size(); ++w) {
    for (std::size_t b = 0; b < kBetas.size(); ++b) {
      const Count& each = counts[w][b];
      std::printf("| %zu | %g | %d | %d | %d | %d | %.3f |\n", kWidths[w], kBetas[b], each.cells,
                  each.paying, each.losing, each.automatic, each.shortfall);
    }
  }
}
