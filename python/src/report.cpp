#include "esscher/report/report.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/string.h>

#include <map>
#include <string>

#include "esscher/io/atomic_file.h"
#include "module.h"

namespace esscher::python {
namespace {

/// \param words  what each option means
void write_page(const std::string& path, const std::string& record,
                const std::map<std::string, std::string>& words) {
  AtomicFile file(path, "path");
  file.write(report_page({path, record}, {words}));
  file.commit();
}

}  // namespace

void bind_report(nb::module_& module) {
  module.def("write_page", &write_page, nb::arg("path"), nb::arg("record"), nb::arg("words"));
}

}  // namespace esscher::python
