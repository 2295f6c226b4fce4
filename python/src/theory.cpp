#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "arrays.h"
#include "call.h"
#include "errors.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/model/multi_link.h"
#include "esscher/record/theory_record.h"
#include "esscher/theory/analysis.h"
#include "long_call.h"
#include "module.h"
#include "parameters.h"
#include "record.h"

namespace esscher::python {
namespace {

/// \throws UsageError for a link of several variables, which only simulations know
Link one_variable(const MultiLink& link, const char* field) {
  if (link.single() != nullptr) return *link.single();
  throw UsageError(rejection(field, link.name(),
                             "has " + std::to_string(link.directions()) +
                                 " variables, and theory speaks of one hidden direction",
                             "simulate it: esscher.simulate"));
}

TheoryOptions theory_options(const Parameters& parameters) {
  TheoryOptions options{{one_variable(nb::cast<MultiLink&>(parameters["link"]), "link"),
                         parse_noise(parameters.text("noise"), "noise")},
                        {},
                        parameters.integer("max_order", 1, 64),
                        {},
                        parameters.number("overlap")};
  if (!(options.overlap >= -1 && options.overlap <= 1)) {
    throw UsageError(rejection("overlap", options.overlap, "must be in [-1, 1]",
                               "it is the cosine between the learned direction and theta*"));
  }
  if (!parameters.is_none("learned")) {
    options.learned = one_variable(nb::cast<MultiLink&>(parameters["learned"]), "learned");
  }
  if (!parameters.is_none("beta")) options.betas = parameters.numbers("beta");
  for (const double beta : options.betas) {
    require_temperature(beta, "beta");
    require_finite_tilt(options.model.link, beta, "beta");
    if (options.learned) require_finite_tilt(*options.learned, beta, "beta");
  }
  return options;
}

Record exponents_record(const Exponents& exponents) {
  return Record()
      .add("constant", exponents.constant)
      .add("information_exponent", exponents.information)
      .add("generative_exponent", exponents.generative)
      .add("hermite", owning_array(exponents.hermite))
      .add("hermite_errors", owning_array(exponents.hermite_errors))
      .add("second_moment", exponents.second_moment)
      .add("variance", exponents.variance)
      .add("lambda_squared", owning_array(exponents.lambda_squared))
      .add("lambda_squared_errors", owning_array(exponents.lambda_squared_errors))
      .add("spectral_threshold", exponents.spectral_threshold);
}

Record complexity_record(const SampleComplexity& complexity) {
  return Record()
      .add("samples", complexity.text())
      .add("exponent", complexity.exponent)
      .add("log_factor", complexity.log_factor);
}

Record temperature_record(const FeatureTemperature& of) {
  std::vector<double> dead;
  for (const DeadTemperature& zero : of.dead) dead.push_back(zero.beta);
  return Record()
      .add("transform", transform_name(of.transform))
      .add("order", of.order)
      .add("dead", owning_array(std::move(dead)))
      .add("threshold", of.threshold)
      .add("best_beta", of.best_beta)
      .add("best_efficiency", of.best_efficiency)
      .add("best_at_search_end", of.best_at_search_end)
      .add("searched_from", of.searched_from)
      .add("searched_to", of.searched_to);
}

nb::object temperatures_list(const std::array<FeatureTemperature, 3>& found) {
  return list_of(found, temperature_record);
}

Record signal_record(const TiltedSignal& signal) {
  Record record;
  record.add("log_scale", signal.log_scale);
  for (const LabelTransform transform : kLabelTransforms) {
    const TransformSignal& of = signal[transform];
    Record one;
    one.add("scaled", owning_array(of.scaled))
        .add("scaled_errors", owning_array(of.errors))
        .add("log_second_moment", of.log_second_moment)
        .add("signal_to_noise", owning_array(of.signal_to_noise));
    record.add(std::string(transform_name(transform)).c_str(), one);
  }
  return record;
}

Record best_point_record(const BestOfNPoint& best) {
  return Record()
      .add("n", best.n)
      .add("kl", best.kl)
      .add("mean_reward", best.mean_reward)
      .add("mean_reward_error", best.error);
}

Record learned_record(const LearnedPolicy& learned) {
  return Record()
      .add("gold_value", learned.gold_value)
      .add("proxy_value", learned.proxy_value)
      .add("kl", learned.kl)
      .add("value", learned.value)
      .add("value_gap", learned.value_gap)
      .add("efficiency", learned.efficiency)
      .add("ess_fraction", learned.ess_fraction);
}

Record theory_row(const TheoryRow& row) {
  const TiltedLaw& law = row.law;
  return Record()
      .add("beta", law.beta)
      .add("log_partition", law.log_partition)
      .add("optimal_value", law.optimal_value)
      .add("reference_value", law.reference_value)
      .add("gain", law.gain)
      .add("mean_reward", law.mean_reward)
      .add("reward_variance", law.reward_variance)
      .add("kl", law.kl)
      .add("ess_fraction", law.ess_fraction)
      .add("chi_square", law.chi_square)
      .add("mean_direction", law.mean_direction)
      .add("direction_variance", law.direction_variance)
      .add("relative_error", law.relative_error)
      .add("signal", signal_record(row.signal))
      .add("best_of_n", row.best_of_n, best_point_record)
      .add("learned", row.learned, learned_record);
}

/// As dictionaries, and the record.
std::pair<nb::dict, std::string> theory(const nb::dict& values, const Call& call) {
  const TheoryOptions options = theory_options(Parameters(values));
  const TheoryReport report =
      long_call(nb::none(), [&](const Callbacks&) { return analyse(options); });
  Record record;
  record.add("link", report.options.model.link.name())
      .add("noise", report.options.model.noise.name())
      .add("finiteness", report.finiteness.sentence)
      .add("exponents", exponents_record(report.exponents))
      .add("one_pass_unweighted", report.complexities.unweighted, complexity_record)
      .add("one_pass_weighted", report.complexities.weighted, complexity_record)
      .add("efficient_limit", report.complexities.efficient, complexity_record)
      .add("feature_temperatures", report.feature_temperatures, temperatures_list)
      .add("temperatures", list_of(report.rows, theory_row))
      .add("remarks", in_python_words(report.remarks));
  return {record.dict(), theory_record(report, run_of(call))};
}

}  // namespace

void bind_theory(nb::module_& module) {
  module.def("theory", &theory, nb::arg("parameters"), nb::arg("call"));
}

}  // namespace esscher::python
