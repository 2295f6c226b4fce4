#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "arrays.h"
#include "esscher/base/error.h"
#include "esscher/base/memory.h"
#include "esscher/base/number_text.h"
#include "esscher/policy/best_of_n.h"
#include "esscher/policy/resample.h"
#include "esscher/policy/table_policy.h"
#include "esscher/temperature/admissible_set.h"
#include "esscher/weights/log_weights.h"
#include "esscher/weights/pareto.h"
#include "long_call.h"
#include "module.h"
#include "parameters.h"
#include "record.h"

namespace esscher::python {
namespace {

TableReference reference_of(const Numbers& r, const std::optional<Labels>& groups,
                            const std::optional<Numbers>& log_weights,
                            const std::optional<Labels>& clusters = std::nullopt) {
  TableReference reference;
  reference.rows = r.shape(0);
  reference.groups = span_of(groups);
  reference.log_weights = span_of(log_weights);
  reference.clusters = span_of(clusters);
  return reference;
}

/// Places of each group's rows, in ascending order; one group of all rows where there are none.
std::vector<std::vector<std::size_t>> members_of(std::size_t rows,
                                                 std::span<const std::uint32_t> groups) {
  const std::size_t count = groups.empty() ? 1 : std::ranges::max(groups) + std::size_t{1};
  std::vector<std::vector<std::size_t>> members(count);
  for (std::size_t i = 0; i < rows; ++i) members[groups.empty() ? 0 : groups[i]].push_back(i);
  return members;
}

/// log of p_i e^{r_i/beta} / Z, within groups.
std::vector<double> tilted(std::span<const double> r, double beta,
                           std::span<const std::uint32_t> groups,
                           std::span<const double> log_weights) {
  std::vector<double> out(r.size());
  if (r.empty()) return out;
  std::vector<double> part;
  for (const std::vector<std::size_t>& members : members_of(r.size(), groups)) {
    part.clear();
    for (const std::size_t i : members) {
      part.push_back(r[i] / beta + (log_weights.empty() ? 0 : log_weights[i]));
    }
    normalise_log_weights(part);
    for (std::size_t i = 0; i < members.size(); ++i) out[members[i]] = part[i];
  }
  return out;
}

nb::object tilt(const Numbers& r, const nb::dict& values, const std::optional<Labels>& groups,
                const std::optional<Numbers>& log_weights) {
  const double beta = Parameters(values).number("beta");
  require_temperature(beta, "beta");
  return owning_array(tilted(span_of(r), beta, span_of(groups), span_of(log_weights)));
}

/// Numbers of the rows drawn, those of a group one behind another.
nb::object draw(const Numbers& r, const nb::dict& values, const std::optional<Labels>& groups,
                const std::optional<Numbers>& log_weights) {
  const Parameters parameters(values);
  ResampleOptions options;
  options.kind = parse_resample_kind(parameters.text("kind"), "kind");
  if (options.kind == ResampleKind::best_of_n) {
    options.n = parameters.number("n");
    if (!(options.n >= 1 && options.n <= 1e15)) {
      throw UsageError(rejection("n", options.n, "must be from 1 to 1e15"));
    }
  } else {
    options.beta = parameters.number("beta");
    require_temperature(options.beta, "beta");
  }
  options.count = parameters.count("size", 1);
  options.seed = parameters.count("seed", 0);
  const auto work = [&](const Callbacks& callbacks, int threads) {
    options.threads = threads;
    options.cancellation = callbacks.cancellation;
    const std::vector<ResampledRow> rows =
        resample(span_of(r), reference_of(r, groups, log_weights), options);
    constexpr std::size_t kBlock = 1 << 20;  // between looks at what the caller wants
    std::vector<std::int64_t> drawn;
    drawn.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (i % kBlock == 0 && callbacks.cancelled()) break;
      drawn.push_back(static_cast<std::int64_t>(rows[i].row));
    }
    return drawn;
  };
  const std::span<const std::uint32_t> of = span_of(groups);
  const std::uint64_t urns = of.empty() ? 1 : std::ranges::max(of) + std::uint64_t{1};
  const std::uint64_t steps =
      std::max<std::uint64_t>(r.shape(0), saturating_product(urns, options.count));
  std::vector<std::int64_t> rows =
      brief_or_long_call(steps, parameters.integer("threads", 0, 1024), work);
  return owning_array(std::move(rows));
}

Record estimate_record(const Estimate& estimate) { return record_of(estimate); }

/// The bootstrapped interval, where there is one.
Record estimate_record(const TableEstimate& estimate) {
  Record record = record_of(estimate);
  if (estimate.interval) {
    record.add("low", estimate.interval->low).add("high", estimate.interval->high);
  }
  return record;
}

/// What tilted policies and best-of-n have in common.
template <class Value>
void add_value(Record& record, const Value& value) {
  record.add("gold", estimate_record(value.value))
      .add("proxy", estimate_record(value.proxy))
      .add("kl", estimate_record(value.kl))
      .add("reference", estimate_record(value.reference))
      .add("gain", estimate_record(value.gain))
      .add("ess", value.ess)
      .add("coverage", value.coverage)
      .add("beyond", value.beyond)
      .add("reliable", value.reliable)
      .add("remark", value.remark);
}

Record policy_record(const TablePolicyValue& policy) {
  Record record;
  record.add("beta", policy.beta);
  add_value(record, policy);
  return record.add("objective", estimate_record(policy.objective))
      .add("rise", estimate_record(policy.rise))
      .add("over_optimisation", estimate_record(policy.over_optimisation))
      .add("least_ess", policy.least_ess)
      .add("pareto_k", finite(policy.weights.pareto_k))
      .add("pareto_k_threshold", finite(policy.weights.pareto_k_threshold));
}

Record best_of_n_record(const BestOfNValue& best) {
  Record record;
  record.add("n", best.n);
  add_value(record, best);
  return record.add("kl_bound", best.kl_bound);
}

nb::dict policy_value(const Numbers& r, const Numbers& y, const nb::dict& values,
                      const std::optional<Labels>& groups,
                      const std::optional<Numbers>& log_weights,
                      const std::optional<Labels>& clusters) {
  const Parameters parameters(values);
  TablePolicyOptions options;
  options.beta = parameters.number("beta");
  options.level = parameters.number("level");
  options.bootstrap = parameters.integer("bootstrap", 0, 100'000);
  options.seed = parameters.count("seed", 0);
  options.enumerated = parameters.flag("enumerated");
  const std::uint64_t steps =
      r.shape(0) * (std::uint64_t{1} + static_cast<std::uint64_t>(options.bootstrap));
  const int wanted = parameters.integer("threads", 0, 1024);
  const TablePolicyValue value =
      brief_or_long_call(steps, wanted, [&](const Callbacks& callbacks, int threads) {
        options.cancellation = callbacks.cancellation;
        options.threads = threads;
        return table_policy_value(span_of(r), span_of(y),
                                  reference_of(r, groups, log_weights, clusters), options);
      });
  return policy_record(value).dict();
}

nb::object intervals_list(const std::vector<TemperatureInterval>& intervals) {
  nb::list list;
  for (const TemperatureInterval& interval : intervals) {
    list.append(nb::make_tuple(interval.low, interval.high));
  }
  return list;
}

/// The policies of each temperature, and the sets that they make. Of a table that is the whole
/// reference the reward y tilts best, and efficiencies are told.
nb::dict admissible(const Numbers& r, const Numbers& y, const nb::dict& values,
                    const std::optional<Labels>& groups, const std::optional<Numbers>& log_weights,
                    const std::optional<Labels>& clusters) {
  const Parameters parameters(values);
  const std::vector<double> betas = parameters.numbers("beta");
  if (betas.empty()) {
    throw UsageError(rejection("beta", "[]", "must hold at least one temperature"));
  }
  const double tolerance = parameters.number("tolerance");
  TablePolicyOptions options;
  options.bootstrap = 0;
  options.enumerated = parameters.flag("enumerated");
  const int wanted = parameters.integer("threads", 0, 1024);
  std::vector<TemperaturePoint> points;
  for (const double beta : betas) {
    require_temperature(beta, "beta");
    points.push_back({.beta = beta, .efficiency = {}, .gain = {}, .gold = {}});
  }
  admissible_sets(points, tolerance);  // looks at what was asked for before the work
  std::vector<TablePolicyValue> policies;
  const TableReference reference = reference_of(r, groups, log_weights, clusters);
  const std::uint64_t steps = 2 * saturating_product(r.shape(0), betas.size());
  brief_or_long_call(steps, wanted, [&](const Callbacks& callbacks, int threads) {
    options.threads = threads;
    for (TemperaturePoint& point : points) {
      if (callbacks.cancelled()) break;
      options.beta = point.beta;
      const TablePolicyValue& value =
          policies.emplace_back(table_policy_value(span_of(r), span_of(y), reference, options));
      point.gain = value.gain;
      point.gold = value.value;
      point.reliable = value.reliable;
      if (!options.enumerated) continue;
      const double most = table_policy_value(span_of(y), span_of(y), reference, options).gain.value;
      if (most > 0) point.efficiency = Estimate{.value = value.gain.value / most};
    }
    return 0;
  });
  const AdmissibleSets sets = admissible_sets(points, tolerance);
  Record record;
  record.add("policies", list_of(policies, policy_record))
      .add("gaining", intervals_list(sets.gaining))
      .add("efficient",
           options.enumerated ? intervals_list(sets.efficient) : nb::object(nb::none()))
      .add("gold_optimal_beta", sets.gold_optimal_beta)
      .add("gold_optimal_at_end", sets.gold_optimal_at_end);
  return record.dict();
}

nb::dict best_value(const Numbers& r, const Numbers& y, const nb::dict& values,
                    const std::optional<Labels>& groups, const std::optional<Numbers>& log_weights,
                    const std::optional<Labels>& clusters) {
  const Parameters parameters(values);
  const BestOfNOptions options{parameters.number("n"), parameters.flag("enumerated")};
  const std::uint64_t rows = r.shape(0);
  const BestOfNValue best = brief_or_long_call(rows, 1, [&](const Callbacks&, int /*threads*/) {
    return best_of_n_value(span_of(r), span_of(y), reference_of(r, groups, log_weights, clusters),
                           options);
  });
  return best_of_n_record(best).dict();
}

nb::dict smooth(const Numbers& log_weights) {
  double ess = 0;
  SmoothedWeights smoothed = [&] {
    const nb::gil_scoped_release unlocked;
    ess = effective_sample_size(span_of(log_weights));
    return pareto_smoothed(span_of(log_weights));
  }();
  return Record()
      .add("log_weights", owning_array(std::move(smoothed.log_weights)))
      .add("k", smoothed.k)
      .add("threshold", pareto_k_threshold(log_weights.shape(0)))
      .add("tail", smoothed.tail)
      .add("ess", ess)
      .dict();
}

/// The first place whose value is none that rewards may have, -1 where all are: within
/// [-greatest, greatest] or, where \p never, -inf.
std::int64_t first_unfit(const Numbers& values, double greatest, bool never) {
  const std::span<const double> all = span_of(values);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool fit = std::abs(all[i]) <= greatest || (never && std::isinf(all[i]) && all[i] < 0);
    if (!fit) return static_cast<std::int64_t>(i);
  }
  return -1;
}

}  // namespace

void bind_policies(nb::module_& module) {
  module.def("tilt", &tilt, nb::arg("r"), nb::arg("parameters"), nb::arg("groups").none(),
             nb::arg("log_weights").none());
  module.def("draw", &draw, nb::arg("r"), nb::arg("parameters"), nb::arg("groups").none(),
             nb::arg("log_weights").none());
  module.def("policy_value", &policy_value, nb::arg("r"), nb::arg("y"), nb::arg("parameters"),
             nb::arg("groups").none(), nb::arg("log_weights").none(), nb::arg("clusters").none());
  module.def("best_of_n_value", &best_value, nb::arg("r"), nb::arg("y"), nb::arg("parameters"),
             nb::arg("groups").none(), nb::arg("log_weights").none(), nb::arg("clusters").none());
  module.def("admissible", &admissible, nb::arg("r"), nb::arg("y"), nb::arg("parameters"),
             nb::arg("groups").none(), nb::arg("log_weights").none(), nb::arg("clusters").none());
  module.def("pareto_smooth", &smooth, nb::arg("log_weights"));
  module.def("first_unfit", &first_unfit);
  module.def("best_of_n_kl_bound", &best_of_n_kl_bound);
  module.def("equivalent_n", &equivalent_n);
}

}  // namespace esscher::python
