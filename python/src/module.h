#pragma once

/// \file
/// The parts of the module esscher._core. Each says what it adds; Python functions of the package
/// give names, defaults and documents to what is here, and nothing else.

#include <nanobind/nanobind.h>

namespace esscher::python {

namespace nb = nanobind;

void bind_errors(nb::module_& module);
/// Arrays from files of tables, and names chosen among theirs.
void bind_reading(nb::module_& module);
/// Rewards from tables: train, predict, save; evaluate.
void bind_tables(nb::module_& module);
void bind_evaluation(nb::module_& module);
/// Given rewards held against a gold one.
void bind_audit(nb::module_& module);
/// Given rewards: weights, draws, what policies are worth.
void bind_policies(nb::module_& module);
void bind_links(nb::module_& module);
void bind_theory(nb::module_& module);
void bind_simulation(nb::module_& module);
/// The readout's weighted ridge by itself, which tests and measurements hold against other
/// programs.
void bind_ridge(nb::module_& module);
/// Pages of results.
void bind_report(nb::module_& module);

}  // namespace esscher::python
