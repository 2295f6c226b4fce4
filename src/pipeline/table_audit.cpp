#include "esscher/pipeline/table_audit.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/parallel.h"
#include "esscher/base/shown_text.h"
#include "esscher/temperature/simultaneous_gains.h"
#include "esscher/weights/log_weights.h"
#include "pipeline/against_target.h"
#include "pipeline/audit_copies.h"
#include "pipeline/audit_remarks.h"
#include "pipeline/audited_table.h"
#include "pipeline/best_of_n_choices.h"
#include "pipeline/expected_gold.h"
#include "pipeline/held_out_spread.h"
#include "pipeline/lone_gold.h"
#include "pipeline/proxy_calibration.h"
#include "policy/shared_cells.h"

namespace esscher {
namespace {

using internal::AuditedTable;

std::vector<double> times(double factor, std::span<const double> values) {
  std::vector<double> result(values.begin(), values.end());
  for (double& value : result) value *= factor;
  return result;
}

NamedScores mean_of_proxies(const AuditedTable& table) {
  NamedScores mean{kMeanOfProxies, std::vector<double>(table.rows)};
  const auto count = static_cast<double>(table.table.proxies.size());
  for (const NamedScores& proxy : table.table.proxies) {
    const double sd = table.sd(proxy.values);
    for (std::size_t i = 0; i < table.rows; ++i) mean.values[i] += proxy.values[i] / sd / count;
  }
  return mean;
}

/// A proxy with what its policies are told from.
struct Proxy {
  ProxyAudit audit;
  std::vector<double> scaled;  ///< in the gold reward's unit
};

Proxy begin_proxy(const AuditedTable& table, const NamedScores& scores, bool is_mean) {
  Proxy proxy;
  ProxyAudit& audit = proxy.audit;
  audit.name = scores.name;
  audit.sd = table.sd(scores.values);
  if (audit.sd == 0) {
    throw DataError(
        rejection("proxy " + in_quotes(scores.name), scores.values.front(),
                  table.grouped() ? "is the same throughout each group" : "is the same in all rows",
                  "nobody can choose by it; leave it out"));
  }
  audit.calibration = internal::calibrate(table.at_known(scores.values), table.known_rows());
  const double ratio = table.gold_sd / audit.sd;
  const Estimate& slope = audit.calibration.slope;
  const bool same = !is_mean && ratio <= kSameUnit && ratio >= 1 / kSameUnit;
  // A slope that may be nothing would make any policy the reference.
  audit.unit = same ? 1 : slope.lower() > 0 ? slope.value : ratio;
  audit.calibration.tied = internal::tied_share(scores.values, table.cells);
  proxy.scaled = times(audit.unit, scores.values);
  if (!same && !table.grouped()) {
    // The level of another unit is nobody's: both have one mean under the reference.
    const double level = table.mean(table.table.gold) - table.mean(proxy.scaled);
    for (double& value : proxy.scaled) value += level;
  }
  return proxy;
}

/// Temperatures must be ones in the gold reward's unit, too.
void require_range(const ProxyAudit& proxy, double gold_sd, const AuditOptions& options) {
  for (const double temperature : options.temperatures) {
    const double beta = temperature * (options.in_sd ? gold_sd : proxy.unit);
    if (beta >= kLeastTemperature && beta <= kGreatestTemperature) continue;
    if (options.in_sd) {
      throw DataError(rejection("--beta", temperature,
                                "of the gold reward's standard deviation, " +
                                    number_text(gold_sd, 3) + ", it is " + number_text(beta, 3) +
                                    ", out of 1e-9 to 1e9",
                                "name another, or change the unit of the gold reward"));
    }
    throw DataError(rejection(
        "proxy " + in_quotes(proxy.name), "standard deviation " + number_text(proxy.sd, 3),
        "--beta = " + number_text(temperature) + " of it is " + number_text(beta, 3) +
            " in the gold reward's unit, out of 1e-9 to 1e9",
        "change the unit of the proxy, or take --beta-unit sd"));
  }
}

TablePolicyOptions policy_options(const AuditedTable& table, const AuditOptions& options) {
  TablePolicyOptions policy;
  policy.bootstrap = options.enumerated || table.partial() ? 0 : options.bootstrap;
  policy.enumerated = options.enumerated;
  policy.influence = true;
  policy.seed = options.seed;
  policy.threads = 1;
  policy.cancellation = options.callbacks.cancellation;
  return policy;
}

void check(const AuditOptions& options) {
  if (!(options.alpha > 0 && options.alpha < 1)) {
    throw UsageError(rejection("alpha", options.alpha, "must be between 0 and 1", "take 0.05"));
  }
  for (std::size_t b = 0; b < options.temperatures.size(); ++b) {
    const auto here = options.temperatures.begin() + static_cast<std::ptrdiff_t>(b);
    require_temperature(*here, "beta");
    if (std::find(options.temperatures.begin(), here, *here) != here) {
      throw UsageError(rejection("--beta", *here, "is there twice", "name it once"));
    }
  }
  internal::check_candidates(options.best_of);
}

RewardFacts facts(const ProxyAudit& proxy, double draws) {
  return {RewardOrigin::given, internal::surely_positive(proxy.calibration.correlation, draws)};
}

/// Gains that hold for all proxies at once, advice by them, and whom to take.
/// \param draws  of rows with a gold reward, by which correlations are judged
void advise(std::vector<Proxy>& proxies, const AuditOptions& options, double draws,
            TableAudit& audit) {
  std::vector<internal::GainSeries<TablePolicyValue>> tilted;
  std::vector<internal::ChoiceSeries> choices;
  for (Proxy& proxy : proxies) {
    ProxyAudit& each = proxy.audit;
    tilted.push_back(internal::gain_series(each.policies, each.gains, each.of_labelled));
    choices.push_back(
        {internal::gain_series(each.best_of_n, each.best_of_n_gains, each.of_labelled),
         each.best_of_n_advice, each.best_of_n_forecast, facts(each, draws)});
  }
  audit.recommended_best_of_n = internal::advise_choices(choices, options.alpha, options.seed);
  internal::tell_gains(tilted, options.alpha, options.seed);
  double most = 0;
  for (std::size_t k = 0; k < proxies.size(); ++k) {
    ProxyAudit& each = proxies[k].audit;
    each.advice =
        advise_deployment(each.policies, each.gains, facts(each, draws), tilted[k].of_labelled());
    if (each.advice.gain && cautious_gain(*each.advice.gain) > most) {
      most = cautious_gain(*each.advice.gain);
      audit.recommended = audit.proxies.size();
    }
    audit.proxies.push_back(std::move(each));
  }
}

/// Mean of e^{log-ratio} under pi_0, over groups where there are any.
/// \param enumerated  whether there is nothing to err by
Estimate mean_ratio(const AuditedTable& table, std::span<const double> log_ratios,
                    bool enumerated) {
  std::vector<double> log_weights = table.table.log_weights;
  log_weights.resize(table.rows);
  const std::size_t cells = std::size_t{std::ranges::max(table.cells)} + 1;
  std::vector<double> mass(cells);
  normalise_log_weights(log_weights);
  for (std::size_t i = 0; i < table.rows; ++i) mass[table.cells[i]] += std::exp(log_weights[i]);
  std::vector<double> ratios(table.rows);
  Estimate mean;
  const auto share = [&](std::size_t i) {
    const double all = mass[table.cells[i]];
    return all > 0 ? std::exp(log_weights[i]) / all / static_cast<double>(cells) : 0;
  };
  for (std::size_t i = 0; i < table.rows; ++i) {
    ratios[i] = std::exp(log_ratios[i]);
    if (share(i) > 0) mean.value += share(i) * ratios[i];
  }
  if (enumerated) return mean;
  if (!std::isfinite(mean.value)) {
    mean.standard_error = std::numeric_limits<double>::infinity();
    return mean;
  }
  std::vector<std::uint32_t> numbers(table.rows);
  std::iota(numbers.begin(), numbers.end(), 0U);
  if (table.grouped()) numbers = table.cells;
  if (!table.table.clusters.empty()) numbers = internal::dense(table.table.clusters);
  std::vector<double> moved(std::size_t{std::ranges::max(numbers)} + 1);
  for (std::size_t i = 0; i < table.rows; ++i) {
    if (share(i) > 0) moved[numbers[i]] += share(i) * (ratios[i] - mean.value);
  }
  double variance = 0;
  for (const double step : moved) variance += step * step;
  const auto count = static_cast<double>(moved.size());
  mean.standard_error = std::sqrt(variance * count / std::max(1.0, count - 1));
  mean.degrees_of_freedom = std::max(1.0, count - 1);
  return mean;
}

PolicyAudit audit_policy(const AuditedTable& table, const NamedScores& ratios,
                         const AuditOptions& options, std::vector<std::string>& remarks) {
  PolicyAudit audit;
  audit.name = ratios.name;
  TablePolicyOptions policy = policy_options(table, options);
  const std::vector<double> predicted =
      internal::expected_gold(table, ratios.values, ratios.values);
  policy.predicted = predicted;
  audit.value = table_policy_value(ratios.values, table.table.gold, table.reference, policy);
  fold_influences(audit.value);
  const double kl = audit.value.kl.value;
  if (kl > 0) audit.worth = audit.value.rise.value / kl;
  audit.mean_ratio = mean_ratio(table, ratios.values, options.enumerated);
  const double off = std::abs(audit.mean_ratio.value - 1);
  constexpr double kRounding = 0.01;
  if (!(off <= kRounding + 3 * audit.mean_ratio.standard_error) || std::isinf(off)) {
    remarks.push_back(
        "log-ratio " + in_quotes(ratios.name) + ": pi/pi_0 averages to " +
        number_text(audit.mean_ratio.value, 3) + " (standard error " +
        number_text(audit.mean_ratio.standard_error, 2) +
        ") over the reference instead of 1: its rows are no draws from pi_0, the logarithms are of "
        "another base or policy, or pi goes where there are no rows; weights are normalised.");
  }
  return audit;
}

/// Rises that hold for all trained policies at once.
void bound_rises(std::vector<PolicyAudit>& policies, const AuditOptions& options) {
  std::vector<MeasuredGain> rises;
  for (const PolicyAudit& policy : policies) {
    const TablePolicyValue& value = policy.value;
    rises.push_back(
        {static_cast<const Estimate&>(value.rise), value.rise_influence, is_tilted(value)});
  }
  const SimultaneousGains all = simultaneous_gains(rises, options.alpha, options.seed);
  for (std::size_t k = 0; k < policies.size(); ++k) {
    policies[k].rise = all.intervals[k];
    policies[k].value.clear_influences();
  }
}

TargetAnswer hold_against_target(const std::vector<Proxy>& proxies, const TableAudit& audit,
                                 double target, const AuditOptions& options) {
  internal::AgainstTarget against(target, false);
  for (const Proxy& proxy : proxies) against.add_tilts(proxy.audit.name, proxy.audit.policies);
  for (const Proxy& proxy : proxies) {
    against.add_best_of_n(proxy.audit.name, proxy.audit.best_of_n);
  }
  for (const PolicyAudit& policy : audit.policies) against.add_trained(policy.name, policy.value);
  return against.answer(options.alpha, options.seed);
}

TableAudit audit_distinct(const AuditTable& given, const AuditOptions& options) {
  check(options);
  if (options.temperatures.empty() && !given.proxies.empty()) {
    throw UsageError(rejection("--beta", "''", "names no temperature", "name one"));
  }
  if (given.proxies.empty() && given.log_ratios.empty()) {
    throw UsageError("proxies: missing; name a score to audit");
  }
  if (options.target) internal::AgainstTarget(*options.target, !given.groups.empty());
  const AuditedTable table(given);
  table.require_spread();
  if (options.enumerated && table.partial()) {
    throw UsageError(rejection(
        "--enumerated", std::to_string(table.known.size()) + " gold rewards",
        "values are exact only where all " + std::to_string(table.rows) + " rows have one",
        "leave it out"));
  }
  TableAudit audit;
  audit.gold_sd = table.gold_sd;
  audit.rows = table.rows;
  audit.known = table.known.size();

  std::vector<Proxy> proxies;
  const bool with_mean = options.mean_of_proxies && given.proxies.size() > 1;
  for (const NamedScores& scores : given.proxies) {
    if (scores.name == kMeanOfProxies && with_mean) {
      throw UsageError(rejection("proxy", in_quotes(scores.name),
                                 "is what the mean of several proxies is called",
                                 "give it another name"));
    }
    proxies.push_back(begin_proxy(table, scores, false));
  }
  if (with_mean) {
    const NamedScores mean = mean_of_proxies(table);
    constexpr double kRounding = 1e-9;  // of proxies of deviation 1
    if (table.sd(mean.values) > kRounding) {
      proxies.push_back(begin_proxy(table, mean, true));
    } else {
      audit.remarks.emplace_back(
          "The mean of the proxies is left out: they undo one another, so that it is the same in "
          "all rows.");
    }
  }
  for (const Proxy& proxy : proxies) require_range(proxy.audit, audit.gold_sd, options);
  const internal::TableCells cells = internal::table_cells(table.reference);
  const std::size_t betas = options.temperatures.size();
  const std::optional<internal::TableCells> labelled = table.labelled_cells(given.proxies);
  for (Proxy& proxy : proxies) {
    proxy.audit.policies.resize(betas);
    if (labelled) proxy.audit.of_labelled.policies.resize(betas);
  }
  // One task a policy, and one for best-of-n of each proxy.
  const std::size_t tasks = proxies.size() * (betas + 1);
  const LoopStatus status = parallel_for_chunks(
      ChunkGrid(tasks, 1), {options.threads, "policies", options.callbacks},
      [&](const Chunk& chunk) {
        for (std::uint64_t task = chunk.begin; task < chunk.end; ++task) {
          Proxy& proxy = proxies[task / (betas + 1)];
          const std::size_t b = task % (betas + 1);
          if (b == betas) {
            const std::vector<double> ranks = internal::log_ranks(table, proxy.scaled);
            const auto expected = [&](double n) {
              return internal::expected_gold(table, proxy.scaled, ranks, n - 1);
            };
            std::vector<double> numbers = options.best_of;
            if (labelled) {
              numbers =
                  internal::labelled_choices(table.at_known(proxy.scaled), table.gold, *labelled,
                                             numbers, proxy.audit.of_labelled.best_of_n);
            }
            proxy.audit.best_of_n =
                internal::best_of_n_choices(proxy.scaled, given.gold, cells,
                                            {.enumerated = options.enumerated}, expected, numbers);
            continue;
          }
          TablePolicyOptions policy = policy_options(table, options);
          policy.beta =
              options.temperatures[b] * (options.in_sd ? table.gold_sd : proxy.audit.unit);
          const std::vector<double> predicted =
              internal::expected_gold(table, proxy.scaled, proxy.scaled, 1 / policy.beta);
          policy.predicted = predicted;
          TablePolicyValue& value = proxy.audit.policies[b];
          value = internal::table_policy_value(proxy.scaled, given.gold, cells, policy);
          value.beta /= proxy.audit.unit;
          fold_influences(value);
          if (!options.target) value.value_influence = {};
          value.rise_influence = {};
          if (!labelled) continue;
          policy.predicted = {};
          TablePolicyValue& alone = proxy.audit.of_labelled.policies[b];
          alone = internal::table_policy_value(table.at_known(proxy.scaled), table.gold, *labelled,
                                               policy);
          alone.beta /= proxy.audit.unit;
          internal::price_by_all(value, alone);
          fold_influences(alone);
          alone.value_influence = {};
          alone.rise_influence = {};
        }
      });
  if (status == LoopStatus::cancelled) {
    audit.cancelled = true;
    return audit;
  }
  for (const NamedScores& ratios : given.log_ratios) {
    audit.policies.push_back(audit_policy(table, ratios, options, audit.remarks));
  }
  if (options.target) {
    audit.target = hold_against_target(proxies, audit, *options.target, options);
  }
  if (!proxies.empty()) advise(proxies, options, table.draws(), audit);
  bound_rises(audit.policies, options);
  internal::add_audit_remarks(table, options.enumerated, audit);
  return audit;
}

}  // namespace

TableAudit audit_table(const AuditTable& given, const AuditOptions& options) {
  std::optional<AuditTable> changed;
  std::vector<std::string> remarks;
  if (auto lone = internal::find_lone_gold(given)) {
    changed = given;
    changed->gold = std::move(lone->gold);
    remarks.push_back(std::move(lone->remark));
  }
  // All there is has no errors that copies could make too small.
  if (auto copies = options.enumerated ? std::nullopt : internal::find_copies(given)) {
    changed = given;
    changed->clusters = std::move(copies->clusters);
    remarks.push_back(std::move(copies->remark));
  }
  TableAudit audit = audit_distinct(changed ? *changed : given, options);
  audit.remarks.insert(audit.remarks.begin(), remarks.begin(), remarks.end());
  return audit;
}

}  // namespace esscher
