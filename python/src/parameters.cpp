#include "parameters.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher::python {
namespace {

/// What needs no reading: a plain int of Python within bounds.
std::optional<std::int64_t> small_integer(nb::handle value, std::int64_t least, std::int64_t most) {
  if (PyLong_CheckExact(value.ptr()) == 0) return std::nullopt;
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
  if (overflow != 0 || number < least || number > most) return std::nullopt;
  return number;
}

std::string class_name(nb::handle value) {
  return nb::cast<std::string>(nb::str(nb::handle(Py_TYPE(value.ptr())).attr("__name__")));
}

[[noreturn]] void refuse_type(const char* name, nb::handle value, const char* wanted) {
  const std::string message =
      rejection(name, nb::repr(value).c_str(),
                "must be " + std::string(wanted) + ", not " + class_name(value));
  throw nb::type_error(message.c_str());
}

bool is_text(nb::handle value) { return PyUnicode_Check(value.ptr()) != 0; }

/// bool counts as a number to Python; as a parameter it is a slip.
std::optional<double> as_number(nb::handle value) {
  if (PyBool_Check(value.ptr()) != 0 || is_text(value)) return std::nullopt;
  const double number = PyFloat_AsDouble(value.ptr());
  if (number == -1.0 && PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    return std::nullopt;
  }
  return number;
}

}  // namespace

bool Parameters::is(const char* name, std::string_view word) const {
  const nb::object value = (*this)[name];
  return is_text(value) && nb::cast<std::string>(nb::str(value)) == word;
}

bool Parameters::flag(const char* name) const {
  const nb::object value = (*this)[name];
  const int truth = PyObject_IsTrue(value.ptr());
  // NumPy's booleans are no Python bool.
  if (truth < 0 || (PyBool_Check(value.ptr()) == 0 && class_name(value).substr(0, 4) != "bool")) {
    PyErr_Clear();
    refuse_type(name, value, "True or False");
  }
  return truth == 1;
}

std::string Parameters::text(const char* name) const {
  const nb::object value = (*this)[name];
  if (!is_text(value)) refuse_type(name, value, "text");
  return nb::cast<std::string>(nb::str(value));
}

double Parameters::number(const char* name) const {
  const nb::object value = (*this)[name];
  if (is_text(value)) return parse_number(text(name), name);
  const std::optional<double> number = as_number(value);
  if (!number) refuse_type(name, value, "a number");
  return *number;
}

std::uint64_t Parameters::count(const char* name, std::uint64_t least, std::uint64_t most) const {
  const nb::object value = (*this)[name];
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  const std::optional<std::int64_t> small =
      small_integer(value, static_cast<std::int64_t>(std::min(least, kMost)),
                    static_cast<std::int64_t>(std::min(most, kMost)));
  if (small) return static_cast<std::uint64_t>(*small);
  if (is_text(value)) return parse_count(text(name), name, least, most);
  const std::optional<double> number = as_number(value);
  if (!number) refuse_type(name, value, "a whole number");
  const std::string written = PyIndex_Check(value.ptr()) == 0
                                  ? number_text(*number)
                                  : nb::cast<std::string>(nb::str(value));
  try {
    return parse_count(written, name, least, most);
  } catch (const UsageError&) {
    throw UsageError(rejection(name, written,
                               "must be a whole number from " + std::to_string(least) + " to " +
                                   number_text(static_cast<double>(most))));
  }
}

int Parameters::integer(const char* name, int least, int most) const {
  const nb::object value = (*this)[name];
  if (const auto small = small_integer(value, least, most)) return static_cast<int>(*small);
  if (!is_text(value) && PyIndex_Check(value.ptr()) == 0)
    refuse_type(name, value, "a whole number");
  if (PyBool_Check(value.ptr()) != 0) refuse_type(name, value, "a whole number");
  const std::string written = nb::cast<std::string>(nb::str(value));
  try {
    return static_cast<int>(parse_integer(written, name, least, most));
  } catch (const UsageError&) {
    throw UsageError(rejection(
        name, written,
        "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most)));
  }
}

std::vector<double> Parameters::numbers(const char* name) const {
  const nb::object value = (*this)[name];
  if (is_text(value)) return parse_number_list(text(name), name);
  if (const std::optional<double> one = as_number(value)) return {*one};
  if (PySequence_Check(value.ptr()) == 0) refuse_type(name, value, "a number or several");
  std::vector<double> list;
  for (nb::handle item : value) {
    const std::optional<double> number = as_number(item);
    if (!number) refuse_type(name, value, "a number or several");
    list.push_back(*number);
  }
  return list;
}

std::vector<std::string> Parameters::words(const char* name) const {
  const nb::object value = (*this)[name];
  std::vector<std::string> list;
  if (is_text(value)) {
    std::string rest = text(name);
    for (std::size_t comma = 0; comma != std::string::npos; rest = rest.substr(comma + 1)) {
      comma = rest.find(',');
      list.push_back(rest.substr(0, comma));
      if (comma == std::string::npos) break;
    }
    return list;
  }
  if (PySequence_Check(value.ptr()) == 0) refuse_type(name, value, "a name or several");
  for (nb::handle item : value) {
    if (!is_text(item)) refuse_type(name, value, "a name or several");
    list.push_back(nb::cast<std::string>(nb::str(item)));
  }
  return list;
}

std::string Parameters::shown(const char* name) const {
  const nb::object value = (*this)[name];
  return nb::cast<std::string>(nb::str(value));
}

}  // namespace esscher::python
