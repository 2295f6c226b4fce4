#include "module.h"

#include <nanobind/stl/string.h>

#include "esscher/base/build_info.h"

namespace esscher::python {

NB_MODULE(_core, module) {
  // A link of a function at the top of a script lives until the interpreter ends, and no later.
  nb::set_leak_warnings(false);
  bind_errors(module);
  bind_reading(module);
  bind_tables(module);
  bind_evaluation(module);
  bind_audit(module);
  bind_policies(module);
  bind_ridge(module);
  bind_links(module);
  bind_theory(module);
  bind_simulation(module);
  bind_report(module);
  module.def("build_info", [] {
    const BuildInfo& build = build_info();
    nb::dict facts;
    facts["version"] = build.version;
    facts["commit"] = build.commit;
    facts["compiler"] = build.compiler;
    facts["build_type"] = build.build_type;
    facts["instruction_set"] = build.instruction_set;
    return facts;
  });
}

}  // namespace esscher::python
