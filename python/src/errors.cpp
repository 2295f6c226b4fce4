#include "errors.h"

#include <array>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "esscher/base/error.h"
#include "module.h"

namespace esscher::python {
namespace {

/// Options whose parameters have other names, mostly as arrays take the place of columns.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kNames = {{
    {"group", "groups"},
    {"cluster", "clusters"},
    {"weight", "sample_weight"},
    {"reward", "y"},
    {"data", "path"},
    {"deployment-temperature", "beta"},
    {"no-ceiling", "ceiling=False"},
    // An estimator's transform is a method.
    {"transform", "feature_transform"},
}};

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::string parameter(std::string_view option) {
  for (const auto& [name, other] : kNames) {
    if (option == name) return std::string(other);
  }
  std::string name(option);
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
}

/// What a message on the rows of a table begins with, by the parameter that holds it.
std::string with_parameter(std::string message) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kSubjects = {
      {{"rewards: ", "y: "},
       {"rewards' ", "y: their "},
       {"features: ", "X: "},
       {"count = ", "size = "}}};
  for (const auto& [subject, other] : kSubjects) {
    if (message.starts_with(subject)) return std::string(other) + message.substr(subject.size());
  }
  constexpr std::string_view kFeature = "feature ";
  std::size_t end = kFeature.size();
  while (end < message.size() && message[end] >= '0' && message[end] <= '9') ++end;
  if (message.starts_with(kFeature) && end > kFeature.size() && end < kFeature.size() + 18 &&
      message.compare(end, 2, ": ") == 0) {
    const std::uint64_t number = std::stoull(message.substr(kFeature.size()));
    return "X[:, " + std::to_string(number - 1) + "]" + message.substr(end);
  }
  return message;
}

void translate(const std::exception_ptr& failure, void* /*unused*/) {
  try {
    std::rethrow_exception(failure);
  } catch (const IoError& error) {
    PyErr_SetString(PyExc_OSError, in_python_words(error.what()).c_str());
  } catch (const InternalError& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  } catch (const Error& error) {
    PyErr_SetString(PyExc_ValueError, in_python_words(with_parameter(error.what())).c_str());
  }
}

}  // namespace

std::string in_python_words(std::string_view message) {
  std::string text;
  // Rows are the caller's to leave out.
  constexpr std::string_view kByOption = " by --exclude";
  for (std::size_t i = 0; i < message.size();) {
    if (message.substr(i).starts_with(kByOption)) {
      i += kByOption.size();
      continue;
    }
    const bool option = message.substr(i).starts_with("--") && i + 2 < message.size() &&
                        is_word(message[i + 2]) && (i == 0 || !is_word(message[i - 1]));
    if (!option) {
      text += message[i++];
      continue;
    }
    std::size_t end = i + 2;
    while (end < message.size() &&
           (is_word(message[end]) ||
            (message[end] == '-' && end + 1 < message.size() && is_word(message[end + 1])))) {
      ++end;
    }
    text += parameter(message.substr(i + 2, end - i - 2));
    i = end;
  }
  return text;
}

std::vector<std::string> in_python_words(const std::vector<std::string>& sentences) {
  std::vector<std::string> list;
  for (const std::string& sentence : sentences) list.push_back(in_python_words(sentence));
  return list;
}

void bind_errors(nb::module_& module) {
  nb::register_exception_translator(translate, nullptr);
  module.def("in_python_words", [](const char* message) {
    const std::string text = in_python_words(message);
    return nb::str(text.c_str(), text.size());
  });
}

}  // namespace esscher::python
