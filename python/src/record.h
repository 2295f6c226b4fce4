#pragma once

/// \file
/// Results as dictionaries with arrays, which some of the package's frozen classes are made of.
/// What does not exist is None, as it is null in the program's JSON.

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <cmath>
#include <optional>

#include "esscher/policy/estimate.h"
#include "keys.h"

namespace esscher::python {

namespace nb = nanobind;

class Record {
 public:
  /// \param name  a literal
  template <class T>
  Record& add(const char* name, const T& value) {
    if constexpr (requires { value.dict(); }) {
      return put(name, value.dict());
    } else {
      return put(name, nb::cast(value));
    }
  }
  template <class T>
  Record& add(const char* name, const std::optional<T>& value) {
    if (value) return add(name, *value);
    return put(name, nb::none());
  }
  /// What \p make makes of it, where there is one.
  template <class T, class Make>
  Record& add(const char* name, const std::optional<T>& value, const Make& make) {
    if (value) return add(name, make(*value));
    return add(name, std::optional<bool>());
  }
  const nb::dict& dict() const { return dict_; }

 private:
  Record& put(const char* name, nb::handle value) {
    if (PyDict_SetItem(dict_.ptr(), key_of(name), value.ptr()) != 0) throw nb::python_error();
    return *this;
  }

  nb::dict dict_;
};

/// Of each item the dictionary that \p make makes of it.
template <class Items, class Make>
nb::object list_of(const Items& items, const Make& make) {
  nb::list list;
  for (const auto& item : items) list.append(make(item).dict());
  return list;
}

/// Empty for what is no number.
inline std::optional<double> finite(double value) {
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

inline Record record_of(const Estimate& estimate) {
  return Record()
      .add("value", estimate.value)
      .add("standard_error", finite(estimate.standard_error))
      .add("low", finite(estimate.lower()))
      .add("high", finite(estimate.upper()));
}

}  // namespace esscher::python
