#pragma once

/// \file
/// A table of features as Python gives it: an array, or rows in a file.

#include <nanobind/nanobind.h>
#include <nanobind/stl/variant.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "buffer_rows.h"
#include "esscher/io/mapped_array.h"

namespace esscher::python {

/// Numbers of a file have been looked at when it was written: all are finite.
using FeaturesArgument = std::variant<BufferRows::Array, MappedArray>;

/// The rows of one, which it keeps alive.
class GivenRows {
 public:
  /// \param name  what messages call it \throws nb::type_error as BufferRows
  explicit GivenRows(FeaturesArgument features, std::string name = "X") {
    if (auto* array = std::get_if<BufferRows::Array>(&features)) {
      array_.emplace(std::move(*array), std::move(name));
    } else {
      stored_.emplace(std::get<MappedArray>(std::move(features)));
    }
  }
  const FeatureRows& rows() const {
    return array_ ? static_cast<const FeatureRows&>(*array_) : *stored_;
  }

 private:
  std::optional<BufferRows> array_;
  std::optional<MappedArray> stored_;
};

}  // namespace esscher::python
