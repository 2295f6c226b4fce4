/// Policies named against a target: which of 101 published design policies of GB1 (../shared,
/// data/gb1_menu) have a true mean of at least tau, told from labelled draws of pi_0 and a
/// prediction of all 160,000 sequences, with a nominal chance of 0.1 that any is named wrongly.
/// True means are exact sums. Then the same with tilts of the prediction beside the menu. Prints
/// Markdown:
///     real_menu [TRIALS [LABELS...]]

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "esscher/base/error.h"
#include "esscher/base/random.h"
#include "esscher/io/npz.h"
#include "esscher/policy/steady_error.h"
#include "esscher/temperature/reached_target.h"
#include "esscher/temperature/simultaneous_gains.h"
#include "real_data.h"

namespace esscher {
namespace {

constexpr double kAlpha = 0.1;
constexpr std::size_t kSites = 4;
constexpr std::size_t kBases = 4;  ///< A, T, C, G
const std::string kLetters = "ACDEFGHIKLMNPQRSTVWY";
const std::vector<double> kTargets{0.5,  0.6, 0.7,  0.75, 0.8,  0.9, 1,  1.1,
                                   1.15, 1.2, 1.25, 1.3,  1.35, 1.4, 1.5};
const std::vector<double> kShown{0.5, 0.75, 1, 1.25, 1.5};
/// Temperatures of the prediction's tilts.
const std::vector<double> kTilts{0.5, 0.4, 0.35, 0.3, 0.25, 0.2, 0.15, 0.125, 0.1};

std::vector<double> array_of(const std::string& path, const std::string& key) {
  const MappedArray array = map_npz(path, key);
  std::vector<std::uint64_t> rows(array.rows());
  std::iota(rows.begin(), rows.end(), std::uint64_t{0});
  Matrix<double> matrix(rows.size(), array.columns());
  array.gather(rows, matrix.view());
  return {matrix.values().begin(), matrix.values().end()};
}

/// Amino acids of the codons in the order T, C, A, G of their bases; * stops.
constexpr const char* kCode = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG";

/// log of the law of the sequences AAAA, AAAC, ..., YYYY, conditioned on no stop codon.
/// \param bases  laws of the nucleotides at 12 places, in the order A, T, C, G
std::vector<double> log_law(const std::vector<double>& bases) {
  constexpr std::size_t kOrder[] = {1, 2, 0, 3};  // T, C, A, G among A, T, C, G
  std::vector<double> acids(kSites * kLetters.size());
  for (std::size_t codon = 0; codon < 64; ++codon) {
    const std::size_t acid = kLetters.find(kCode[codon]);
    if (acid == std::string::npos) continue;
    for (std::size_t site = 0; site < kSites; ++site) {
      double chance = 1;
      for (std::size_t place = 0; place < 3; ++place) {
        const std::size_t base = codon >> (4 - 2 * place) & 3;
        chance *= bases[(3 * site + place) * kBases + kOrder[base]];
      }
      acids[site * kLetters.size() + acid] += chance;
    }
  }
  double log_total = 0;
  for (std::size_t site = 0; site < kSites; ++site) {
    double total = 0;
    for (std::size_t a = 0; a < kLetters.size(); ++a) total += acids[site * kLetters.size() + a];
    log_total += std::log(total);
  }
  std::vector<double> law;
  const auto log_acid = [&](std::size_t site, std::size_t a) {
    return std::log(acids[site * kLetters.size() + a]);
  };
  for (std::size_t i = 0; i < 160000; ++i) {
    law.push_back(log_acid(0, i / 8000) + log_acid(1, i / 400 % 20) + log_acid(2, i / 20 % 20) +
                  log_acid(3, i % 20) - log_total);
  }
  return law;
}

double mean_under(std::span<const double> law, std::span<const double> values) {
  double sum = 0;
  for (std::size_t i = 0; i < law.size(); ++i) sum += law[i] * values[i];
  return sum;
}

struct Policy {
  std::string name;
  std::vector<double> log_ratio;  ///< log pi/pi_0 of each sequence
  double truth = 0;
  double claimed = 0;        ///< mean of the prediction
  double concentration = 0;  ///< mean of pi/pi_0 under pi: 1/ESS of one draw
  double kl = 0;
};

struct Landscape {
  std::vector<double> label;
  std::vector<double> prediction;
  std::vector<double> prior;
  std::vector<double> cumulative;
  std::vector<Policy> menu;
  std::vector<Policy> tilts;
};

Policy policy_of(std::string name, std::vector<double> log_ratio, const Landscape& landscape) {
  Policy policy{std::move(name), std::move(log_ratio)};
  for (std::size_t i = 0; i < landscape.prior.size(); ++i) {
    const double ratio = std::exp(policy.log_ratio[i]);
    const double chance = landscape.prior[i] * ratio;
    policy.truth += chance * landscape.label[i];
    policy.claimed += chance * landscape.prediction[i];
    policy.concentration += chance * ratio;
    policy.kl += chance * policy.log_ratio[i];
  }
  return policy;
}

Landscape read_landscape(const std::filesystem::path& folder) {
  const std::string path = (folder / "gb1_menu" / "menu.npz").string();
  Landscape result;
  result.label = array_of(path, "label");
  result.prediction = array_of(path, "prediction_5k");
  std::vector<double> nnk;
  for (std::size_t place = 0; place < 12; ++place) {
    const std::vector<double> law = place % 3 < 2 ? std::vector<double>{0.25, 0.25, 0.25, 0.25}
                                                  : std::vector<double>{0, 0.5, 0, 0.5};
    nnk.insert(nnk.end(), law.begin(), law.end());
  }
  const std::vector<double> log_prior = log_law(nnk);
  double sum = 0;
  for (const double value : log_prior) {
    result.prior.push_back(std::exp(value));
    result.cumulative.push_back(sum += result.prior.back());
  }
  std::vector<double> logits = array_of(path, "logits");
  const std::vector<double> temperatures = array_of(path, "temperature");
  for (std::size_t k = 0; k < temperatures.size(); ++k) {
    std::vector<double> bases(12 * kBases);
    for (std::size_t place = 0; place < 12; ++place) {
      const double* row = logits.data() + (k * 12 + place) * kBases;
      double total = 0;
      for (std::size_t b = 0; b < kBases; ++b) total += std::exp(row[b]);
      for (std::size_t b = 0; b < kBases; ++b) {
        bases[place * kBases + b] = std::exp(row[b]) / total;
      }
    }
    std::vector<double> ratio = log_law(bases);
    for (std::size_t i = 0; i < ratio.size(); ++i) ratio[i] -= log_prior[i];
    char name[32];
    std::snprintf(name, sizeof name, "%.3f", temperatures[k]);
    result.menu.push_back(policy_of(name, std::move(ratio), result));
  }
  for (const double beta : kTilts) {
    std::vector<double> tilted;
    for (const double r : result.prediction) tilted.push_back(r / beta);
    std::vector<double> weights;
    for (const double x : tilted) weights.push_back(std::exp(x));
    const double log_mean = std::log(mean_under(result.prior, weights));
    for (double& x : tilted) x -= log_mean;
    char name[32];
    std::snprintf(name, sizeof name, "%g", beta);
    result.tilts.push_back(policy_of(name, std::move(tilted), result));
  }
  return result;
}

/// A policy as labelled draws tell it.
struct Told {
  TablePolicyValue found;  ///< of the residuals
  Estimate value;          ///< with Student's errors of the draws alone
  Estimate steady;
};

Told tell(const Policy& policy, std::span<const std::uint64_t> rows,
          std::span<const double> residuals) {
  TableReference reference;
  reference.rows = rows.size();
  TablePolicyOptions options;
  options.bootstrap = 0;
  options.influence = true;
  options.threads = 1;
  const std::vector<double> ratios = at_rows(policy.log_ratio, rows);
  Told told{table_policy_value(ratios, residuals, reference, options), {}, {}};
  told.value = static_cast<const Estimate&>(told.found.value);
  told.value.value += policy.claimed;
  std::vector<double> weights;
  for (const double x : ratios) weights.push_back(std::exp(x));
  told.steady = {
      told.value.value,
      steady_error(weights, residuals, policy.concentration / static_cast<double>(rows.size()))};
  return told;
}

/// Over trials.
struct Count {
  double named = 0;
  double wrong = 0;
};

enum Procedure { kEach, kStudent, kSteady, kForeseen, kWithTilts, kProcedures };
const char* const kNames[kProcedures] = {
    "each by its own normal law, Bonferroni", "simultaneous, Student's quantiles",
    "against the target, steady errors", "the same, policies weighed by their predictions",
    "the same, with tilts beside the menu"};

void count(const std::vector<double>& ends, const std::vector<const Policy*>& policies,
           double target, Count& count) {
  bool named = false;
  bool wrong = false;
  for (std::size_t k = 0; k < ends.size(); ++k) {
    if (!(ends[k] >= target)) continue;
    named = true;
    wrong |= policies[k]->truth < target;
  }
  count.named += named ? 1 : 0;
  count.wrong += wrong ? 1 : 0;
}

void run(const Landscape& landscape, std::size_t labels, int trials) {
  std::vector<const Policy*> menu;
  for (const Policy& policy : landscape.menu) menu.push_back(&policy);
  std::vector<const Policy*> all = menu;
  for (const Policy& policy : landscape.tilts) all.push_back(&policy);
  double best = menu.front()->truth;
  for (const Policy* policy : menu) best = std::max(best, policy->truth);
  std::vector counts(kProcedures, std::vector<Count>(kTargets.size()));
  Count beyond;
  Mean ess;
  for (int trial = 0; trial < trials; ++trial) {
    const RandomStream stream(static_cast<std::uint64_t>(labels), "bench/menu",
                              static_cast<std::uint64_t>(trial));
    std::vector<double> uniforms(labels);
    stream.fill_uniform(0, uniforms);
    std::vector<std::uint64_t> rows;
    std::vector<double> residuals;
    for (const double u : uniforms) {
      const auto at =
          std::ranges::lower_bound(landscape.cumulative, u * landscape.cumulative.back());
      const auto row = static_cast<std::uint64_t>(at - landscape.cumulative.begin());
      rows.push_back(row);
      residuals.push_back(landscape.label[row] - landscape.prediction[row]);
    }
    std::vector<Told> told;
    for (const Policy* policy : all) told.push_back(tell(*policy, rows, residuals));
    std::vector<MeasuredGain> gains;
    std::vector<MeasuredValue> values;
    std::vector<MeasuredValue> foreseen;
    for (std::size_t k = 0; k < all.size(); ++k) {
      if (k < menu.size()) {
        gains.push_back({told[k].value, told[k].found.value_influence});
        values.push_back({told[k].steady, told[k].found.value_influence});
      }
      foreseen.push_back({told[k].steady, told[k].found.value_influence, all[k]->claimed});
    }
    const std::span<const MeasuredValue> of_menu = std::span(foreseen).first(menu.size());
    const SimultaneousGains student = simultaneous_gains(gains, 2 * kAlpha);
    const TargetTest steady(values, kAlpha);
    const TargetTest weighed(of_menu, kAlpha);
    const TargetTest with_tilts(foreseen, kAlpha);
    std::vector<double> each;
    std::vector<double> joint;
    for (std::size_t k = 0; k < menu.size(); ++k) {
      double square = 0;
      for (const double d : told[k].found.value_influence) square += d * d;
      const Estimate normal{told[k].value.value, std::sqrt(square)};
      each.push_back(normal.lower(1 - 2 * kAlpha / static_cast<double>(menu.size())));
      joint.push_back(student.intervals[k].low);
    }
    for (std::size_t t = 0; t < kTargets.size(); ++t) {
      const double target = kTargets[t];
      count(each, menu, target, counts[kEach][t]);
      count(joint, menu, target, counts[kStudent][t]);
      count(steady.lower_ends(target), menu, target, counts[kSteady][t]);
      count(weighed.lower_ends(target), menu, target, counts[kForeseen][t]);
      count(with_tilts.lower_ends(target), all, target, counts[kWithTilts][t]);
    }
    count(with_tilts.lower_ends(best), all, best, beyond);
  }
  std::printf("\n### %zu labels, %d trials\n\n| named |", labels, trials);
  for (const double target : kShown) std::printf(" tau %g |", target);
  std::printf(" largest error (tau) |\n|---|");
  for (std::size_t k = 0; k <= kShown.size(); ++k) std::printf("---|");
  std::printf("\n");
  for (std::size_t p = 0; p < kProcedures; ++p) {
    std::printf("| %s |", kNames[p]);
    std::size_t worst = 0;
    for (std::size_t t = 0; t < kTargets.size(); ++t) {
      if (counts[p][t].wrong > counts[p][worst].wrong) worst = t;
      if (std::ranges::find(kShown, kTargets[t]) == kShown.end()) continue;
      std::printf(" %.3f (%.3f) |", counts[p][t].named / trials, counts[p][t].wrong / trials);
    }
    std::printf(" %.3f (%g) |\n", counts[p][worst].wrong / trials, kTargets[worst]);
  }
  std::printf(
      "\nBeyond the menu: a policy was named against the menu's best, %.4f, in %.3f of the trials, "
      "wrongly in %.3f.\n",
      best, beyond.named / trials, beyond.wrong / trials);
  std::fflush(stdout);
}

void print_landscape(const Landscape& landscape) {
  const auto best = std::ranges::max_element(landscape.menu, {}, &Policy::truth);
  std::printf(
      "\n%zu policies; reference mean %.4f; best of the menu %.4f, at temperature %s, KL %.2f, "
      "%.1f "
      "effective rows of 5000 draws.\n\n| tilt of the prediction, beta | true mean | predicted | "
      "KL "
      "| effective rows of 5000 |\n|---|---|---|---|---|\n",
      landscape.menu.size(), mean_under(landscape.prior, landscape.label), best->truth,
      best->name.c_str(), best->kl, 5000 / best->concentration);
  for (const Policy& tilt : landscape.tilts) {
    std::printf("| %s | %.4f | %.4f | %.2f | %.1f |\n", tilt.name.c_str(), tilt.truth, tilt.claimed,
                tilt.kl, 5000 / tilt.concentration);
  }
  std::fflush(stdout);
}

}  // namespace
}  // namespace esscher

int main(int argc, char** argv) {
  return esscher::run_on_real_data([&](const std::filesystem::path& folder) {
    const int trials = argc > 1 ? std::atoi(argv[1]) : 500;
    std::vector<std::size_t> labels;
    for (int k = 2; k < argc; ++k) labels.push_back(static_cast<std::size_t>(std::atoi(argv[k])));
    if (labels.empty()) labels = {5000, 10000};
    std::printf(
        "Share of trials in which any policy was named, in brackets in which one was named that "
        "lies below tau (nominally at most %g).\n",
        esscher::kAlpha);
    const esscher::Landscape landscape = esscher::read_landscape(folder);
    esscher::print_landscape(landscape);
    for (const std::size_t count : labels) esscher::run(landscape, count, trials);
  });
}
