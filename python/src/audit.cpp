#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "advice.h"
#include "arrays.h"
#include "errors.h"
#include "esscher/base/error.h"
#include "esscher/pipeline/table_audit.h"
#include "esscher/pipeline/table_training.h"
#include "long_call.h"
#include "module.h"
#include "parameters.h"
#include "record.h"

namespace esscher::python {
namespace {

template <class T>
std::vector<T> vector_of(std::span<const T> values) {
  return {values.begin(), values.end()};
}

/// {"name": array, ...}
std::vector<NamedScores> scores_of(const nb::dict& arrays) {
  std::vector<NamedScores> scores;
  for (const auto& [name, values] : arrays) {
    scores.push_back({nb::cast<std::string>(name), vector_of(span_of(nb::cast<Numbers>(values)))});
  }
  return scores;
}

AuditTable table_of(const nb::dict& proxies, const nb::dict& log_ratios,
                    const std::optional<Labels>& groups,
                    const std::optional<Numbers>& log_weights) {
  AuditTable table;
  table.proxies = scores_of(proxies);
  table.log_ratios = scores_of(log_ratios);
  table.groups = vector_of(span_of(groups));
  table.log_weights = vector_of(span_of(log_weights));
  return table;
}

AuditOptions options_of(const Parameters& parameters) {
  AuditOptions options;
  const bool open = parameters.is("beta", "auto");
  options.in_sd = in_sd(parameters) || open;
  options.temperatures = open ? automatic_temperatures() : parameters.numbers("beta");
  options.best_of = best_of(parameters);
  options.enumerated = parameters.flag("enumerated");
  options.bootstrap = bootstrap_of(parameters);
  options.alpha = alpha_of(parameters);
  options.target = target_of(parameters);
  options.seed = parameters.count("seed", 0);
  options.threads = parameters.integer("threads", 0, 1024);
  return options;
}

Record calibration_record(const ProxyCalibration& calibration) {
  std::vector<double> proxy;
  std::vector<double> gold;
  std::vector<double> gold_se;
  std::vector<double> isotonic;
  std::vector<std::uint64_t> rows;
  for (const CalibrationPoint& point : calibration.curve) {
    proxy.push_back(point.proxy);
    gold.push_back(point.gold.value);
    gold_se.push_back(point.gold.standard_error);
    isotonic.push_back(point.isotonic);
    rows.push_back(point.rows);
  }
  return Record()
      .add("slope", record_of(calibration.slope))
      .add("tied", calibration.tied)
      .add("proxy", owning_array(std::move(proxy)))
      .add("gold", owning_array(std::move(gold)))
      .add("gold_se", owning_array(std::move(gold_se)))
      .add("isotonic", owning_array(std::move(isotonic)))
      .add("rows", owning_array(std::move(rows)));
}

Record proxy_record(const ProxyAudit& proxy, double gold_sd) {
  nb::list policies;
  for (std::size_t b = 0; b < proxy.policies.size(); ++b) {
    const TablePolicyValue& policy = proxy.policies[b];
    Record record = record_of(policy);
    record.add("beta_sd", policy.beta / (gold_sd / proxy.unit))
        .add("price", policy.beta * proxy.unit)
        .add("coverage", policy.coverage);
    add_simultaneous(record, proxy.gains[b]);
    policies.append(record.dict());
  }
  return Record()
      .add("name", proxy.name)
      .add("unit", proxy.unit)
      .add("sd", proxy.sd)
      .add("correlation", proxy.calibration.correlation)
      .add("calibration", calibration_record(proxy.calibration))
      .add("policies", nb::object(policies))
      .add("best_of_n", nb::object(choices_of(proxy.best_of_n, proxy.best_of_n_gains)))
      .add("advice", record_of(proxy.advice))
      .add("best_of_n_advice", record_of(proxy.best_of_n_advice))
      .add("best_of_n_forecast", proxy.best_of_n_forecast,
           [](const Forecast& forecast) { return record_of(forecast); });
}

Record trained_record(const PolicyAudit& policy) {
  const TablePolicyValue& value = policy.value;
  Record rise = record_of(value.rise);
  add_simultaneous(rise, policy.rise);
  return Record()
      .add("name", policy.name)
      .add("gold", record_of(value.value))
      .add("rise", rise)
      .add("kl", record_of(value.kl))
      .add("worth", policy.worth)
      .add("mean_ratio", record_of(policy.mean_ratio))
      .add("ess", value.ess)
      .add("pareto_k", finite(value.weights.pareto_k))
      .add("reliable", value.reliable)
      .add("remark", value.remark);
}

std::optional<std::string> name_of(const TableAudit& audit, std::optional<std::size_t> proxy) {
  return proxy ? std::optional(audit.proxies[*proxy].name) : std::nullopt;
}

nb::dict audit(const nb::dict& proxies, const nb::dict& log_ratios, const Numbers& gold,
               const std::optional<Labels>& groups, const std::optional<Numbers>& log_weights,
               const std::optional<Labels>& clusters,
               const std::optional<nb::dict>& reference_proxies,
               const std::optional<nb::dict>& reference_log_ratios,
               const std::optional<Labels>& reference_groups,
               const std::optional<Numbers>& reference_log_weights,
               const std::optional<Labels>& reference_clusters, const nb::dict& values,
               const nb::object& progress) {
  AuditOptions options = options_of(Parameters(values));
  AuditTable table = table_of(proxies, log_ratios, groups, log_weights);
  table.gold = vector_of(span_of(gold));
  table.clusters = vector_of(span_of(clusters));
  if (reference_proxies && reference_log_ratios) {
    AuditTable more = table_of(*reference_proxies, *reference_log_ratios, reference_groups,
                               reference_log_weights);
    more.clusters = vector_of(span_of(reference_clusters));
    append_reference(table, more);
  }
  const TableAudit found = long_call(progress, [&](const Callbacks& callbacks) {
    options.callbacks = callbacks;
    return audit_table(table, options);
  });
  const auto record_of_proxy = [&](const ProxyAudit& proxy) {
    return proxy_record(proxy, found.gold_sd);
  };
  return Record()
      .add("proxies", list_of(found.proxies, record_of_proxy))
      .add("recommended", name_of(found, found.recommended))
      .add("recommended_best_of_n", name_of(found, found.recommended_best_of_n))
      .add("target", found.target, [](const TargetAnswer& answer) { return record_of(answer); })
      .add("policies", list_of(found.policies, trained_record))
      .add("gold_sd", found.gold_sd)
      .add("rows", found.rows)
      .add("known", found.known)
      .add("remarks", in_python_words(found.remarks))
      .dict();
}

}  // namespace

void bind_audit(nb::module_& module) {
  module.def("audit", &audit, nb::arg("proxies"), nb::arg("log_ratios"), nb::arg("gold"),
             nb::arg("groups").none(), nb::arg("log_weights").none(), nb::arg("clusters").none(),
             nb::arg("reference_proxies").none(), nb::arg("reference_log_ratios").none(),
             nb::arg("reference_groups").none(), nb::arg("reference_log_weights").none(),
             nb::arg("reference_clusters").none(), nb::arg("parameters"),
             nb::arg("progress").none());
}

}  // namespace esscher::python
