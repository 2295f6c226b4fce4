#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "call.h"
#include "esscher/pipeline/table_audit.h"
#include "esscher/pipeline/table_training.h"
#include "esscher/record/audit_record.h"
#include "esscher/record/table_facts.h"
#include "evaluation_parameters.h"
#include "long_call.h"
#include "module.h"
#include "parameters.h"
#include "table_arguments.h"

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

TableFacts facts_of(const AuditTable& table) {
  TableFacts facts;
  facts.groups = distinct(table.groups);
  facts.reference_rows = table.reference_rows;
  return facts;
}

/// The record.
std::string audit(const nb::dict& proxies, const nb::dict& log_ratios, const Numbers& gold,
                  const std::optional<Labels>& groups, const std::optional<Numbers>& log_weights,
                  const std::optional<Labels>& clusters, const std::optional<RowNumbers>& kept,
                  const std::optional<nb::dict>& reference_proxies,
                  const std::optional<nb::dict>& reference_log_ratios,
                  const std::optional<Labels>& reference_groups,
                  const std::optional<Numbers>& reference_log_weights,
                  const std::optional<Labels>& reference_clusters, const nb::dict& values,
                  const Call& call, const nb::object& progress) {
  AuditOptions options = options_of(Parameters(values));
  AuditTable table = table_of(proxies, log_ratios, groups, log_weights);
  table.gold = vector_of(span_of(gold));
  table.clusters = vector_of(span_of(clusters));
  if (kept) table.source_rows.assign(kept->data(), kept->data() + kept->shape(0));
  table.first_row = 0;
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
  return audit_record(found, facts_of(table), run_of(call));
}

}  // namespace

void bind_audit(nb::module_& module) {
  module.def("audit", &audit, nb::arg("proxies"), nb::arg("log_ratios"), nb::arg("gold"),
             nb::arg("groups").none(), nb::arg("log_weights").none(), nb::arg("clusters").none(),
             nb::arg("kept").none(), nb::arg("reference_proxies").none(),
             nb::arg("reference_log_ratios").none(), nb::arg("reference_groups").none(),
             nb::arg("reference_log_weights").none(), nb::arg("reference_clusters").none(),
             nb::arg("parameters"), nb::arg("call"), nb::arg("progress").none());
}

}  // namespace esscher::python
