/// How far may each automatic metric be optimised before human ratings fall? Audits of all metrics
/// and judges of a data set against the humans' scores, as they stand and upside down, in one call,
/// so that all gains of tilted policies hold at once, and all of best-of-n. Prints Markdown:
///     real_audits [NAME]
/// The data lie in the folder that ESSCHER_SHARED names (default ../shared), under data/.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "esscher/data/column_selection.h"
#include "esscher/data/dataset.h"
#include "esscher/pipeline/table_audit.h"
#include "real_data.h"

namespace esscher {
namespace {

/// A file whose columns are proxies, beside the table of ratings.
struct Metrics {
  const char* data;
  const char* columns;
  std::vector<std::string> names;  ///< what to call those; empty: as they are called
};

struct Source {
  const char* name;
  const char* what;
  const char* table;
  std::vector<Metrics> metrics;
  const char* exclude;  ///< no candidates: the references that metrics compare with
  const char* cluster;
};

const std::vector<Source> kSources{
    {"hanna",
     "10 stories a prompt, mean human rating 1 to 5; 72 automatic metrics, and the overall scores "
     "of five judging language models under four prompts each",
     "hanna/human.csv",
     {{"hanna/metrics.csv", "*", {}}, {"hanna/llm_judges.csv", "*_AVG_*", {}}},
     "system=Human",
     ""},
    {"wmt_ted_zhen, errors of draws of sentences",
     "14 translations a sentence, -MQM penalty of a professional translator; comparisons with a "
     "second translator's, and lengths",
     "wmt_ted_zhen/data.csv",
     {{"wmt_ted_zhen/features.npy", kTranslationColumns, kTranslationMetrics}},
     "system=refB",
     ""},
    {"wmt_ted_zhen, errors of draws of talks",
     "the same, where sentences of one talk stand and fall together",
     "wmt_ted_zhen/data.csv",
     {{"wmt_ted_zhen/features.npy", kTranslationColumns, kTranslationMetrics}},
     "system=refB",
     "doc"},
};
/// In standard deviations of the ratings within prompts.
const std::vector<double> kBetas{8, 4, 2, 1, 0.5, 0.25, 0.125, 0.0625};
/// Of 64 draws with replacement from 10 candidates all but one in 800 have met the best.
const std::vector<double> kDraws{2, 4, 8, 16, 32, 64};
constexpr double kAlpha = 0.05;
constexpr const char* kUpsideDown = "-";

/// Whether some group holds two values.
bool varies(std::span<const double> values, std::span<const std::uint32_t> groups) {
  std::map<std::uint32_t, double> first;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto [at, added] = first.emplace(groups[i], values[i]);
    if (!added && at->second != values[i]) return true;
  }
  return false;
}

/// A table to audit, and what was left out of it.
struct Proxies {
  AuditTable table;  ///< each proxy, and behind it itself upside down
  std::size_t prompts = 0;
  std::vector<std::string> constant;
};

Proxies load(const Source& source, const std::filesystem::path& folder) {
  Proxies result;
  AuditTable& table = result.table;
  for (const Metrics& metrics : source.metrics) {
    DatasetOptions options;
    options.data = (folder / metrics.data).string();
    options.table = (folder / source.table).string();
    options.features = "all";
    options.reward = "y";
    options.group = "prompt_id";
    options.cluster = source.cluster;
    options.exclude = {source.exclude};
    const Dataset data = load_dataset(options);
    table.gold = data.rewards;
    table.groups = data.groups;
    table.clusters = data.clusters;
    result.prompts = data.group_names.size();
    std::vector<std::uint64_t> all(data.rewards.size());
    std::iota(all.begin(), all.end(), std::uint64_t{0});
    Matrix<double> values(all.size(), data.features->columns());
    data.features->gather(all, values.view());
    const auto chosen = select_columns(metrics.columns, data.feature_names, "columns");
    for (std::size_t k = 0; k < chosen.size(); ++k) {
      const std::string name =
          metrics.names.empty() ? data.feature_names[chosen[k]] : metrics.names[k];
      const std::vector<double> upright = column(values, chosen[k]);
      if (!varies(upright, table.groups)) {
        result.constant.push_back(name);
        continue;
      }
      std::vector<double> negated;
      for (const double value : upright) negated.push_back(-value);
      table.proxies.push_back({name, upright});
      table.proxies.push_back({kUpsideDown + name, std::move(negated)});
    }
  }
  return result;
}

/// One line of the table: a proxy the way round that it is shown.
struct Line {
  const ProxyAudit* audit = nullptr;
  bool upside_down = false;
  std::optional<std::size_t> best;  ///< place of the largest safe n

  bool tilts() const { return audit->advice.recommended.has_value(); }
  double best_low() const { return audit->best_of_n_gains[*best].low; }
};

Line line_of(const ProxyAudit& audit, bool upside_down) {
  Line line{&audit, upside_down, std::nullopt};
  for (std::size_t k = 0; k < audit.best_of_n.size(); ++k) {
    if (audit.best_of_n[k].n == audit.best_of_n_advice.largest) line.best = k;
  }
  return line;
}

/// Best first: by what is sure at the largest safe n, the others by their correlation.
bool comes_before(const Line& a, const Line& b) {
  if (a.best.has_value() != b.best.has_value()) return a.best.has_value();
  if (a.best) return a.best_low() > b.best_low();
  return a.audit->calibration.correlation > b.audit->calibration.correlation;
}

void print_line(const Line& line, double gold_sd) {
  const ProxyAudit& audit = *line.audit;
  const Estimate& slope = audit.calibration.slope;
  std::printf("| %s | %+.3f | %.3g +- %.2g |", audit.name.c_str(), audit.calibration.correlation,
              slope.value, slope.standard_error);
  if (line.tilts()) {
    // Temperatures are those of the proxy as it is; a nat is priced `unit` times as much in gold.
    const double price = audit.unit / gold_sd;
    const bool grid_end = audit.advice.limit == AdviceLimit::grid_end;
    std::printf(" %s%.4g | %.3g: %+.4f |", grid_end ? "<= " : "",
                audit.advice.admissible->low * price, *audit.advice.recommended * price,
                audit.advice.gain->interval->low);
  } else {
    std::printf(" - | - |");
  }
  if (line.best) {
    const Interval& gain = audit.best_of_n_gains[*line.best];
    const bool grid_end = !audit.best_of_n_advice.largest_excluded;
    std::printf(" %s%g | %+.4f [%+.4f, %+.4f] |\n", grid_end ? ">= " : "",
                audit.best_of_n[*line.best].n, audit.best_of_n[*line.best].gain.value, gain.low,
                gain.high);
  } else {
    std::printf(" - | - |\n");
  }
}

std::string counts_text(const std::map<double, std::size_t>& counts, const char* by, double end,
                        const char* beyond) {
  std::string text;
  for (const auto& [at, count] : counts) {
    char part[96];
    std::snprintf(part, sizeof part, "%s%zu %s %g%s", text.empty() ? "" : ", ", count, by, at,
                  at == end ? beyond : "");
    text += part;
  }
  return text;
}

/// How many of how many may be optimised, and how far.
void print_summary(const std::vector<Line>& lines, std::size_t count, double gold_sd) {
  std::map<double, std::size_t> by_draws;
  std::map<double, std::size_t> by_beta;
  std::size_t turned = 0;
  std::size_t best = 0;
  std::size_t tilts = 0;
  std::size_t turned_tilts = 0;
  for (const Line& line : lines) {
    if (line.best) {
      ++best;
      turned += line.upside_down ? 1 : 0;
      ++by_draws[line.audit->best_of_n[*line.best].n];
    }
    if (!line.tilts()) continue;
    ++tilts;
    turned_tilts += line.upside_down ? 1 : 0;
    const double low = line.audit->advice.admissible->low * line.audit->unit / gold_sd;
    // The grid's own number, without the rounding of units.
    ++by_beta[*std::ranges::min_element(
        kBetas, {}, [&](double beta) { return std::abs(std::log(beta / low)); })];
  }
  std::printf(
      "\n**%zu of %zu proxies survive being optimised by best-of-n (%zu of them upside down)", best,
      count, turned);
  if (best > 0) {
    std::printf(": %s",
                counts_text(by_draws, "up to n =", kDraws.back(), ", where the grid ends").c_str());
  }
  std::printf(". %zu survive a tilt (%zu upside down), KL counted", tilts, turned_tilts);
  if (tilts > 0) {
    std::printf(
        ": %s",
        counts_text(by_beta, "down to beta/sd =", kBetas.back(), ", where the grid ends").c_str());
  }
  std::printf(".**\n");
}

void run(const Source& source, const std::filesystem::path& folder) {
  const Proxies proxies = load(source, folder);
  AuditOptions options;
  options.temperatures = kBetas;
  options.best_of = kDraws;
  options.alpha = kAlpha;
  options.bootstrap = 0;            // intervals of gains go by influences
  options.mean_of_proxies = false;  // of each with itself upside down it is nothing
  const TableAudit audit = audit_table(proxies.table, options);

  std::vector<Line> lines;
  for (std::size_t k = 0; k < audit.proxies.size(); k += 2) {
    const Line upright = line_of(audit.proxies[k], false);
    const Line turned = line_of(audit.proxies[k + 1], true);
    const bool falls = audit.proxies[k].calibration.slope.upper() < 0;
    lines.push_back(falls ? turned : upright);
  }
  std::ranges::stable_sort(lines, comes_before);
  std::printf("\n### %s\n\n%s. %zu groups, %zu candidates, sd within groups %.4f. ", source.name,
              source.what, proxies.prompts, proxies.table.gold.size(), audit.gold_sd);
  std::printf("%zu proxies, and %zu that are constant within groups and are left out", lines.size(),
              proxies.constant.size());
  for (std::size_t k = 0; k < proxies.constant.size(); ++k) {
    std::printf("%s%s", k == 0 ? " (" : ", ", proxies.constant[k].c_str());
  }
  std::printf("%s. ", proxies.constant.empty() ? "" : ")");
  if (!proxies.table.clusters.empty()) {
    std::printf("%zu clusters. ",
                std::size_t{std::ranges::max(proxies.table.clusters)} + std::size_t{1});
  }
  std::printf(
      "One audit of %zu policies: %zu proxies both ways round at %zu temperatures, and as many "
      "choices at %zu n; a minus sign is of one that is shown upside down, since ratings clearly "
      "fall where it rises.\n",
      audit.proxies.size() * kBetas.size(), lines.size(), kBetas.size(), kDraws.size());
  print_summary(lines, lines.size(), audit.gold_sd);
  std::printf(
      "\n| proxy | correlation | slope | lowest safe beta/sd | recommended: its gain at least | "
      "largest safe n | gain there |\n|---|---|---|---|---|---|---|\n");
  for (const Line& line : lines) print_line(line, audit.gold_sd);
  std::fflush(stdout);
}

}  // namespace
}  // namespace esscher

int main(int argc, char** argv) {
  return esscher::run_on_real_data([&](const std::filesystem::path& folder) {
    std::printf(
        "Intervals of all gains of tilted policies of one data set hold at once with a nominal "
        "probability of %g %%, and likewise those of best-of-n. Correlation and slope are within "
        "groups, beta/sd is the price of a nat in standard deviations of the ratings there.\n",
        100 * (1 - esscher::kAlpha));
    const std::string only = argc > 1 ? argv[1] : "";
    for (const auto& source : esscher::kSources) {
      if (std::string(source.name).find(only) == std::string::npos) continue;
      esscher::run(source, folder);
    }
  });
}
