#pragma once

/// \file
/// NumPy arrays in and out.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "esscher/base/matrix.h"

namespace esscher::python {

namespace nb = nanobind;

/// Numbers that the package has brought to float64 and one dimension; the array must outlive spans.
using Numbers = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Labels = nb::ndarray<const std::uint32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

inline std::span<const double> span_of(const Numbers& array) {
  return {array.data(), array.shape(0)};
}
inline std::span<const double> span_of(const std::optional<Numbers>& array) {
  return array ? span_of(*array) : std::span<const double>();
}
inline std::span<const std::uint32_t> span_of(const std::optional<Labels>& array) {
  return array ? std::span<const std::uint32_t>(array->data(), array->shape(0))
               : std::span<const std::uint32_t>();
}

/// How many different labels there are; they are dense numbers.
inline std::uint64_t distinct(std::span<const std::uint32_t> labels) {
  std::vector<bool> seen;
  std::uint64_t count = 0;
  for (const std::uint32_t label : labels) {
    if (label >= seen.size()) seen.resize(label + std::size_t{1});
    count += seen[label] ? 0 : 1;
    seen[label] = true;
  }
  return count;
}

/// An array that owns what it is given.
template <class T>
nb::object owning_array(std::vector<T> values, std::vector<std::size_t> shape) {
  auto held = std::make_unique<std::vector<T>>(std::move(values));
  T* const data = held->data();
  const nb::capsule owner(held.get(),
                          [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  held.release();
  return nb::cast(
      nb::ndarray<nb::numpy, T, nb::device::cpu>(data, shape.size(), shape.data(), owner));
}

template <class T>
nb::object owning_array(std::vector<T> values) {
  const std::size_t size = values.size();
  return owning_array(std::move(values), {size});
}

inline nb::object owning_array(const Matrix<double>& matrix) {
  return owning_array(std::vector<double>(matrix.values().begin(), matrix.values().end()),
                      {matrix.rows(), matrix.columns()});
}

}  // namespace esscher::python
