#pragma once

/// \file
/// Names of entries, as Python's text.

#include <nanobind/nanobind.h>

#include <unordered_map>

namespace esscher::python {

namespace nb = nanobind;

/// \p name as Python's text. Made once a process, since a record has dozens and a brief call no
/// time: names are literals, told apart by where they lie. They are never freed, as the interpreter
/// may end before static objects do.
inline PyObject* key_of(const char* name) {
  static auto& keys = *new std::unordered_map<const char*, PyObject*>();
  const auto [at, added] = keys.try_emplace(name, nullptr);
  if (added) {
    at->second = PyUnicode_InternFromString(name);
    if (at->second == nullptr) {
      keys.erase(at);
      throw nb::python_error();
    }
  }
  return at->second;
}

}  // namespace esscher::python
