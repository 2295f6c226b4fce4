#include "links.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "arrays.h"
#include "esscher/base/callbacks.h"
#include "esscher/base/error.h"
#include "esscher/gaussian/hermite.h"
#include "esscher/model/link_catalogue.h"
#include "esscher/model/multi_link.h"
#include "esscher/model/numeric_link.h"
#include "esscher/theory/finiteness.h"
#include "long_call.h"
#include "module.h"
#include "record.h"

namespace esscher::python {
namespace {

class PythonFunction final : public LinkFunction {
 public:
  explicit PythonFunction(nb::object function)
      // The last copy of a link may go on a thread without the lock.
      : function_(new nb::object(std::move(function)), [](nb::object* held) {
          const nb::gil_scoped_acquire locked;
          delete held;
        }) {}

  double value(double z) const override {
    double out = 0;
    values({&z, 1}, {&out, 1});
    return out;
  }

  void values(std::span<const double> z, std::span<double> out) const override {
    checkpoint();
    const nb::gil_scoped_acquire locked;
    const nb::object result = (*function_)(owning_array(std::vector<double>(z.begin(), z.end())));
    Numbers numbers;
    if (!nb::try_cast(result, numbers) || numbers.shape(0) != z.size()) {
      const std::string message =
          "link: the function must give a float64 array of the shape of z, (" +
          std::to_string(z.size()) + ",)";
      throw nb::type_error(message.c_str());
    }
    std::ranges::copy(span_of(numbers), out.begin());
  }

 private:
  std::shared_ptr<nb::object> function_;
};

nb::object link_values(
    const MultiLink& link,
    const nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>& z) {
  std::vector<double> out(z.shape(0));
  if (z.shape(1) != link.directions()) {
    throw UsageError(rejection("z", std::to_string(z.shape(1)) + " variables",
                               "the link has " + std::to_string(link.directions())));
  }
  {
    const nb::gil_scoped_release unlocked;
    link.evaluate({z.data(), z.shape(0), z.shape(1), z.shape(1)}, out);
  }
  return owning_array(std::move(out));
}

nb::dict link_facts(const MultiLink& link) {
  const char* const parities[] = {"none", "even", "odd"};
  Record record;
  record.add("name", link.name())
      .add("formula", link.formula())
      .add("directions", link.directions());
  if (const Link* single = link.single()) {
    const Finiteness finiteness = tilt_finiteness(*single);
    record.add("breaks", std::vector(single->breaks().begin(), single->breaks().end()))
        .add("parity", parities[static_cast<int>(single->parity())])
        .add("least_beta",
             finiteness.limit == 0 ? std::numeric_limits<double>::infinity() : 1 / finiteness.limit)
        .add("finiteness", finiteness.sentence);
  } else {
    const double rate = link.upper_quadratic_rate();
    record.add("breaks", std::vector<double>())
        .add("parity", "none")
        .add("least_beta", 2 * std::max(rate, 0.0))
        .add("finiteness", "");
  }
  return record.dict();
}

nb::object catalogue() {
  return list_of(link_catalogue(), [](const CatalogueEntry& entry) {
    return Record()
        .add("name", entry.name)
        .add("parameters", entry.parameters)
        .add("formula", entry.formula)
        .add("remark", entry.remark)
        .add("example", entry.example);
  });
}

nb::object hermite_values(int order, const Numbers& z) {
  std::vector<double> out;
  for (const double at : span_of(z)) out.push_back(hermite(order, at));
  return owning_array(std::move(out));
}

}  // namespace

Link python_link(nb::object function, const std::string& name,
                 const std::optional<std::vector<double>>& breaks) {
  const auto held = std::make_shared<const PythonFunction>(std::move(function));
  return long_call(nb::none(), [&](const Callbacks&) {
    try {
      Link link = numeric_link(name, name, held, breaks);
      require_computable(link);
      return panelled(link);
    } catch (const UsageError& error) {
      throw UsageError(rejection("link", name, error.what()));
    }
  });
}

void bind_links(nb::module_& module) {
  nb::class_<MultiLink>(module, "Link")
      .def("evaluate", &link_values)
      .def("facts", &link_facts)
      .def_prop_ro("name", [](const MultiLink& link) { return link.name(); })
      .def_prop_ro("directions", &MultiLink::directions);
  module.def("parse_link", [](const std::string& text, const std::string& field) {
    const nb::gil_scoped_release unlocked;
    return parse_multi_link(text, field);
  });
  module.def(
      "python_link",
      [](nb::object function, const std::string& name, std::optional<std::vector<double>> breaks) {
        if (breaks) std::ranges::sort(*breaks);
        return MultiLink(python_link(std::move(function), name, breaks));
      },
      nb::arg("function"), nb::arg("name"), nb::arg("breaks").none());
  module.def("link_catalogue", &catalogue);
  module.def("hermite", &hermite_values);
}

}  // namespace esscher::python
