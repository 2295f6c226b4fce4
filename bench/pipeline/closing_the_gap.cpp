/// What refinement (stage 1b) makes of what stage 1 found, and what it costs. Prints Markdown:
///     closing_the_gap [DIMENSION...]
/// First, for each dimension (default 1e3, 1e5 and 1e6: an hour) and link, a simulation with all
/// defaults but noise gaussian:0.3: overlaps, samples, efficiencies. Second, at the first
/// dimension, 1 - overlap^2 against samples, held against d tau^2 / (n E f'^2), the variance of the
/// best estimate of theta* for a known link.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numbers>
#include <string>
#include <vector>

#include "esscher/features/learn_features.h"
#include "esscher/pipeline/simulation.h"
#include "esscher/refinement/refine.h"

namespace esscher {
namespace {

constexpr std::array kLinks{"damped_hermite:3", "damped_hermite:2", "tanh", "z2exp", "tanh(2*z-1)"};
const std::vector<double> kBetas{1, 0.5, 0.25, 0.1};
constexpr int kSeeds = 5;

SimulationOptions defaults(const char* link, double dim) {
  SimulationOptions options{.model = {parse_link(link), parse_noise("gaussian:0.3")}};
  options.dim = static_cast<std::uint64_t>(dim);
  options.deployment_temperatures = kBetas;
  return options;
}

double largest(const std::vector<double>& overlaps) {
  double most = 0;
  for (const double overlap : overlaps) most = std::max(most, std::abs(overlap));
  return most;
}

void print_gap(const char* link, double dim) {
  SimulationOptions options = defaults(link, dim);
  options.weights = {ReadoutWeights::uniform};
  const SimulationResult result = simulate(options);
  const auto stage1 = static_cast<double>(result.features.samples);
  const auto refined = static_cast<double>(result.refinement ? result.refinement->samples : 0);
  std::printf("| %.0e | %s | %.2g | %.3f | %.2g | %.5f |", dim, link, stage1,
              largest(result.features.overlaps), refined, largest(result.overlaps));
  for (const PolicyRow& row : result.rows) {
    std::printf(" %.3f |",
                row.policy && row.policy->efficiency ? row.policy->efficiency->value : NAN);
  }
  std::printf(" %.0f + %.0f s |\n", result.seconds.features, result.seconds.refinement);
  std::fflush(stdout);
}

/// E f'(Z)^2, by central differences.
double mean_square_slope(const Link& link) {
  constexpr double kStep = 1e-3;
  double sum = 0;
  for (double z = -10; z <= 10; z += kStep) {
    const double slope = (link(z + kStep) - link(z - kStep)) / (2 * kStep);
    sum += kStep * slope * slope * std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
  }
  return sum;
}

void print_cost(const char* link, double dim) {
  const SimulationOptions options = defaults(link, dim);
  const FeaturePlan plan = plan_features(options);
  const FirstLayer layer = learn_features(plan.features).layer;
  const double slope = mean_square_slope(*options.model.link.single());
  std::printf("| %s |", link);
  for (const double per_dimension : {25.0, 50.0, 100.0, 200.0, 400.0}) {
    RefineOptions refinement = *plan.refinement;
    refinement.samples = static_cast<std::uint64_t>(per_dimension * dim);
    std::vector<double> errors;
    for (int seed = 1; seed <= kSeeds; ++seed) {
      refinement.seed = static_cast<std::uint64_t>(seed);
      const RefineSummary summary = refine(layer, options.model, refinement).summary;
      const double cosine =
          summary.principal_cosines.empty() ? 0 : summary.principal_cosines.front();
      errors.push_back(1 - cosine * cosine);
    }
    double mean = 0;
    for (const double error : errors) mean += error / kSeeds;
    const double best = options.model.noise.variance() / (per_dimension * slope);
    std::printf(" %.5f (%.2f) |", mean, mean / best);
  }
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace
}  // namespace esscher

int main(int count, char** arguments) {
  std::vector<double> dimensions;
  for (int i = 1; i < count; ++i) dimensions.push_back(std::atof(arguments[i]));
  if (dimensions.empty()) dimensions = {1e3, 1e5, 1e6};
  std::printf(
      "| d | link | samples, stage 1 | largest overlap | samples, refinement | largest overlap |"
      " efficiency at 1 | 0.5 | 0.25 | 0.1 | time "
      "|\n|---|---|---|---|---|---|---|---|---|---|---|\n");
  for (const double dim : dimensions) {
    for (const char* link : esscher::kLinks) esscher::print_gap(link, dim);
  }
  std::printf(
      "\n| 1 - overlap^2, d = %.0e (times the best estimate's) | n = 25 d | 50 d | 100 d | 200 d |"
      " 400 d |\n|---|---|---|---|---|---|\n",
      dimensions.front());
  for (const char* link : esscher::kLinks) {
    if (std::string(link) != "z2exp") esscher::print_cost(link, dimensions.front());
  }
}
