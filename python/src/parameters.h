#pragma once

/// \file
/// Named parameters of a Python call. A wrong type is a TypeError, a wrong value a ValueError, both
/// in the library's form: "beta = -1: must be finite and positive".

#include <nanobind/nanobind.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "keys.h"

namespace esscher::python {

namespace nb = nanobind;

class Parameters {
 public:
  explicit Parameters(nb::dict values) : values_(std::move(values)) {}

  /// \param name  a literal, here and below
  nb::object operator[](const char* name) const {
    PyObject* const value = PyDict_GetItemWithError(values_.ptr(), key_of(name));
    // Where there is none, this says so.
    return value != nullptr ? nb::borrow(value) : nb::object(values_[name]);
  }
  /// Whether it is this word.
  bool is(const char* name, std::string_view word) const;
  bool is_none(const char* name) const { return (*this)[name].is_none(); }
  bool flag(const char* name) const;
  std::string text(const char* name) const;
  double number(const char* name) const;
  std::uint64_t count(const char* name, std::uint64_t least,
                      std::uint64_t most = 1'000'000'000'000'000'000) const;
  int integer(const char* name, int least, int most) const;
  /// A number, a sequence or array of them, or text as the program reads it ("0.1:2:log9").
  std::vector<double> numbers(const char* name) const;
  /// A word, words separated by commas, or a sequence of words.
  std::vector<std::string> words(const char* name) const;
  /// How messages show it.
  std::string shown(const char* name) const;

 private:
  nb::dict values_;
};

}  // namespace esscher::python
