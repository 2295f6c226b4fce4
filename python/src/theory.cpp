#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <string>

#include "call.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/model/multi_link.h"
#include "esscher/record/theory_record.h"
#include "esscher/theory/analysis.h"
#include "long_call.h"
#include "module.h"
#include "parameters.h"

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

/// The record.
std::string theory(const nb::dict& values, const Call& call) {
  const TheoryOptions options = theory_options(Parameters(values));
  const TheoryReport report =
      long_call(nb::none(), [&](const Callbacks&) { return analyse(options); });
  return theory_record(report, run_of(call));
}

}  // namespace

void bind_theory(nb::module_& module) {
  module.def("theory", &theory, nb::arg("parameters"), nb::arg("call"));
}

}  // namespace esscher::python
