#include "buffer_rows.h"

#include <cmath>
#include <string>
#include <utility>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"

namespace esscher::python {
namespace {

/// Calls \p read with a number of the array's type. Returns false where there is none such.
template <class Read>
bool with_type_of(nb::dlpack::dtype type, Read read) {
  if (type == nb::dtype<float>()) return read(float{}), true;
  if (type == nb::dtype<double>()) return read(double{}), true;
  if (type == nb::dtype<std::int64_t>()) return read(std::int64_t{}), true;
  if (type == nb::dtype<std::int32_t>()) return read(std::int32_t{}), true;
  if (type == nb::dtype<std::int16_t>()) return read(std::int16_t{}), true;
  if (type == nb::dtype<std::int8_t>()) return read(std::int8_t{}), true;
  if (type == nb::dtype<std::uint32_t>()) return read(std::uint32_t{}), true;
  if (type == nb::dtype<std::uint16_t>()) return read(std::uint16_t{}), true;
  if (type == nb::dtype<std::uint8_t>()) return read(std::uint8_t{}), true;
  if (type == nb::dtype<bool>()) return read(bool{}), true;
  return false;
}

}  // namespace

BufferRows::BufferRows(Array array, std::string name)
    : array_(std::move(array)), name_(std::move(name)) {
  if (!with_type_of(array_.dtype(), [](auto) {})) {
    const std::string message = name_ + ": must hold float32, float64 or whole numbers; take " +
                                name_ + ".astype(numpy.float64)";
    throw nb::type_error(message.c_str());
  }
}

template <class T>
void BufferRows::gather_as(std::span<const std::uint64_t> rows, MatrixView<double> out) const {
  const T* const data = static_cast<const T*>(array_.data());
  const std::int64_t row_stride = array_.stride(0);
  const std::int64_t column_stride = array_.stride(1);
  const std::size_t d = columns();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const T* const row = data + static_cast<std::int64_t>(rows[i]) * row_stride;
    double* const to = out.row(i).data();
    for (std::size_t j = 0; j < d; ++j) {
      to[j] = static_cast<double>(row[static_cast<std::int64_t>(j) * column_stride]);
    }
    // The sum of what is finite may overflow, but then each is looked at, and found good.
    double sum = 0;
    for (std::size_t j = 0; j < d; ++j) sum += to[j];
    if (std::isfinite(sum)) continue;
    for (std::size_t j = 0; j < d; ++j) {
      if (std::isfinite(to[j])) continue;
      throw DataError(name_ + "[" + std::to_string(rows[i]) + ", " + std::to_string(j) +
                      "] = " + number_text(to[j]) + ": must be finite; drop the row, or impute it");
    }
  }
}

void BufferRows::gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const {
  with_type_of(array_.dtype(), [&](auto type) { gather_as<decltype(type)>(rows, out); });
}

}  // namespace esscher::python
