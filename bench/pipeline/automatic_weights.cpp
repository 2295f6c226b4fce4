/// Automatic weights over the catalogue of links. Prints Markdown:
///     automatic_weights [SEEDS]
/// Simulations with all defaults in d = 100, for every link of the catalogue (those without an
/// optimal policy clipped), widths, noises and temperatures, over seeds (default 2): whether `auto`
/// is as good as the best of uniform, label and surrogate weights. Apart are cells whose report
/// says that held-out rows do not see the whole tilt: what lies beyond them nobody can tell.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "esscher/model/link_catalogue.h"
#include "esscher/pipeline/simulation.h"

namespace esscher {
namespace {

constexpr std::array kKinds{ReadoutWeights::automatic, ReadoutWeights::uniform,
                            ReadoutWeights::label, ReadoutWeights::surrogate};
const std::vector<double> kBetas{1, 0.5, 0.25, 0.1};

/// Means over seeds at one temperature.
struct Cell {
  std::string name;
  std::array<double, kKinds.size()> efficiency{};
  double reach = 1;  ///< the least of the seeds

  double best() const { return *std::max_element(efficiency.begin() + 1, efficiency.end()); }
  double shortfall() const { return best() - efficiency[0]; }
};

std::vector<Cell> measure(const std::string& link, std::size_t width, double noise, int seeds) {
  std::vector<Cell> cells;
  for (const double beta : kBetas) {
    char name[200];
    std::snprintf(name, sizeof name, "%s | %zu | %g | %g", link.c_str(), width, noise, beta);
    cells.push_back({.name = name});
  }
  for (int seed = 1; seed <= seeds; ++seed) {
    SimulationOptions options{.model = {parse_link(link), Noise(NoiseKind::gaussian, noise)}};
    options.dim = 100;
    options.width = width;
    options.deployment_temperatures = kBetas;
    options.weights.assign(kKinds.begin(), kKinds.end());
    options.seed = static_cast<std::uint64_t>(seed);
    const SimulationResult result = simulate(options);
    for (std::size_t k = 0; k < kKinds.size(); ++k) {
      for (std::size_t b = 0; b < kBetas.size(); ++b) {
        const PolicyRow& row = result.rows[k * kBetas.size() + b];
        const bool valued = row.policy && row.policy->efficiency;
        cells[b].efficiency[k] += (valued ? row.policy->efficiency->value : std::nan("")) / seeds;
        if (row.calibration) cells[b].reach = std::min(cells[b].reach, row.calibration->reach);
      }
    }
  }
  return cells;
}

/// Links whose policies exist at all temperatures.
std::vector<std::string> links() {
  std::vector<std::string> names;
  for (const CatalogueEntry& entry : link_catalogue()) {
    if (entry.name == "hermite") {
      names.push_back(entry.example + "@clip:-2,2");
    } else if (entry.name == "hermite_series") {
      names.push_back(entry.example + "@clip:-3,3");
    } else {
      names.push_back(entry.example);
    }
  }
  names.emplace_back("damped_hermite:2");
  return names;
}

void print_count(const char* what, const std::vector<Cell>& cells) {
  std::array<double, kKinds.size()> mean{};
  int short_of = 0;
  int far = 0;
  int ahead = 0;
  double most = 0;
  for (const Cell& cell : cells) {
    for (std::size_t k = 0; k < kKinds.size(); ++k) {
      mean[k] += cell.efficiency[k] / static_cast<double>(cells.size());
    }
    short_of += cell.shortfall() > 0.005 ? 1 : 0;
    far += cell.shortfall() > 0.02 ? 1 : 0;
    ahead += cell.shortfall() < -0.005 ? 1 : 0;
    most = std::max(most, cell.shortfall());
  }
  std::printf("| %s | %zu | %d | %d | %d | %.3f | %.3f | %.3f | %.3f | %.3f |\n", what,
              cells.size(), ahead, short_of, far, most, mean[0], mean[1], mean[2], mean[3]);
}

}  // namespace
}  // namespace esscher

int main(int arguments, char** values) {
  using namespace esscher;
  const int seeds = arguments > 1 ? std::max(1, std::atoi(values[1])) : 2;
  std::vector<Cell> seen;
  std::vector<Cell> unseen;
  int without = 0;
  for (const std::string& link : links()) {
    for (const std::size_t width : {16U, 64U, 256U}) {
      for (const double noise : {0.1, 0.3, 1.0}) {
        for (Cell& cell : measure(link, width, noise, seeds)) {
          if (std::isnan(cell.efficiency[0] + cell.best())) {
            ++without;
          } else {
            (cell.reach < 1 ? unseen : seen).push_back(std::move(cell));
          }
        }
      }
    }
    std::fprintf(stderr, "%s\n", link.c_str());
  }
  std::printf(
      "| held-out rows see | cells | auto ahead by 0.005 | short by 0.005 | by 0.02 | most it "
      "lacks "
      "| mean of auto | uniform | label | surrogate "
      "|\n|---|---|---|---|---|---|---|---|---|---|\n");
  print_count("the whole tilt", seen);
  print_count("a part of it", unseen);
  std::printf("\n%d cells have no policy. Cells in which `auto` lacks more than 0.02:\n\n",
              without);
  std::printf("| link | width | noise | beta2 | sees | auto | uniform | label | surrogate |\n");
  std::printf("|---|---|---|---|---|---|---|---|---|\n");
  for (const std::vector<Cell>* part : {&seen, &unseen}) {
    for (const Cell& cell : *part) {
      if (!(cell.shortfall() > 0.02)) continue;
      std::printf("| %s | %.0f %% |", cell.name.c_str(), 100 * cell.reach);
      for (const double efficiency : cell.efficiency) std::printf(" %.3f |", efficiency);
      std::printf("\n");
    }
  }
}
