#include "dataset_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/base/parallel.h"
#include "esscher/linalg/compensated_sum.h"

namespace esscher::internal {
namespace {

/// Rows written at a time: their cache lines stay near while the columns go by.
constexpr std::size_t kTileRows = 512;

bool all_finite(std::span<const double> values) {
  constexpr double kMost = std::numeric_limits<double>::max();
  unsigned bad = 0;
  for (const double value : values) bad |= std::abs(value) <= kMost ? 0U : 1U;
  return bad == 0;
}

[[noreturn]] void refuse_cell(const ArrayColumns& array, std::uint64_t file_row, std::size_t column,
                              double value) {
  std::string remedy = "features must be finite";
  if (std::isnan(value) && array.means.empty()) {
    remedy = array.advises_impute ? "remove the row, or fit with --impute mean" : "remove the row";
  }
  const bool is_rejected = array.rejected && file_row % 2 == 1;
  if (array.rejected) file_row /= 2;
  throw DataError((is_rejected ? *array.rejected : array.array).name() + ": row " +
                  std::to_string(file_row + 1) + ", column x" + std::to_string(column) + ": " +
                  number_text(value) + "; " + remedy);
}

/// The chosen columns of file rows [first, ...) of `array`, as they are.
void read_columns(const ArrayColumns& array, std::span<const std::uint64_t> file_rows,
                  Matrix<double>& scratch) {
  if (scratch.rows() != kTileRows) scratch = Matrix<double>(kTileRows, array.array.columns());
  array.gather(file_rows, scratch.view().rows_from(0, file_rows.size()));
}

struct Totals {
  std::vector<CompensatedSum> sums;
  std::vector<std::uint64_t> missing;
};

}  // namespace

void ArrayColumns::gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const {
  if (!rejected) {
    array.gather(rows, out);
    return;
  }
  for (const std::uint64_t side : {0, 1}) {
    std::vector<std::uint64_t> pairs;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] % 2 != side) continue;
      pairs.push_back(rows[i] / 2);
      places.push_back(i);
    }
    Matrix<double> read(pairs.size(), array.columns());
    (side == 0 ? array : *rejected).gather(pairs, read.view());
    for (std::size_t i = 0; i < places.size(); ++i) {
      std::ranges::copy(read.row(i), out.row(places[i]).begin());
    }
  }
}

void DatasetRows::set(ArrayColumns array) {
  whole_array_ = array.columns.size() == array.array.columns();
  for (std::size_t i = 0; i < array.features.size(); ++i) {
    whole_array_ =
        whole_array_ && array.columns[i] == i && array.features[i] == array.features[0] + i;
  }
  array_.emplace(std::move(array));
}

void DatasetRows::gather(std::span<const std::uint64_t> rows, MatrixView<double> out) const {
  if (out.rows != rows.size() || out.columns != columns_) {
    throw InternalError("features gathered into a matrix of another shape");
  }
  for (const std::uint64_t row : rows) {
    if (row >= rows_) throw InternalError("a row gathered that the dataset does not have");
  }
  for (std::size_t first = 0; first < rows.size(); first += kTileRows) {
    const std::size_t count = std::min(kTileRows, rows.size() - first);
    gather_held(rows.subspan(first, count), out.rows_from(first, count));
    if (array_) gather_array(rows.subspan(first, count), out.rows_from(first, count));
  }
}

void DatasetRows::gather_held(std::span<const std::uint64_t> rows, MatrixView<double> out) const {
  for (const HeldNumbers& column : numbers_) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      out(i, column.feature) = column.values[static_cast<std::size_t>(rows[i])];
    }
  }
  for (const HeldLevels& block : levels_) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::span<double> features = out.row(i).subspan(block.feature, block.width);
      std::ranges::fill(features, 0.0);
      features[block.levels[static_cast<std::size_t>(rows[i])]] = 1;
    }
  }
}

void DatasetRows::gather_array(std::span<const std::uint64_t> rows, MatrixView<double> out) const {
  const ArrayColumns& array = *array_;
  std::vector<std::uint64_t> file_rows(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    file_rows[i] = array.file_rows[static_cast<std::size_t>(rows[i])];
  }
  const std::size_t width = array.columns.size();
  const MatrixView<double> read{out.data + array.features[0], rows.size(), width, out.stride};
  Matrix<double> scratch;
  if (whole_array_) {
    array.gather(file_rows, read);
  } else {
    read_columns(array, file_rows, scratch);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t j = 0; j < width; ++j) {
        out(i, array.features[j]) = scratch(i, array.columns[j]);
      }
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    // Columns of the array that are no features may hold anything.
    if (whole_array_ && all_finite(read.row(i))) continue;
    for (std::size_t j = 0; j < width; ++j) {
      double& value = out(i, array.features[j]);
      if (std::isfinite(value)) continue;
      if (!std::isnan(value) || array.means.empty()) {
        refuse_cell(array, file_rows[i], array.columns[j], value);
      }
      value = array.means[j];
    }
  }
}

ArrayMeans array_means(const ArrayColumns& array) {
  const std::size_t width = array.columns.size();
  const auto map = [&](const Chunk& chunk) {
    Totals totals{std::vector<CompensatedSum>(width), std::vector<std::uint64_t>(width)};
    Matrix<double> scratch;
    const auto count = static_cast<std::size_t>(chunk.size());
    const auto rows =
        std::span(array.file_rows).subspan(static_cast<std::size_t>(chunk.begin), count);
    read_columns(array, rows, scratch);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < width; ++j) {
        const double value = scratch(i, array.columns[j]);
        if (std::isinf(value)) refuse_cell(array, rows[i], array.columns[j], value);
        if (std::isnan(value)) {
          ++totals.missing[j];
        } else {
          totals.sums[j].add(value);
        }
      }
    }
    return totals;
  };
  const auto combine = [&](Totals& all, const Totals& part) {
    for (std::size_t j = 0; j < width; ++j) {
      all.sums[j].add(part.sums[j].value());
      all.missing[j] += part.missing[j];
    }
  };
  const ChunkGrid grid(array.file_rows.size(), kTileRows);
  const auto totals =
      parallel_reduce_chunks(
          grid, {}, Totals{std::vector<CompensatedSum>(width), std::vector<std::uint64_t>(width)},
          map, combine)
          .value;
  ArrayMeans result{std::vector<double>(width), totals.missing};
  for (std::size_t j = 0; j < width; ++j) {
    const std::uint64_t present = array.file_rows.size() - totals.missing[j];
    if (present == 0) {
      throw DataError(array.array.name() + ": column x" + std::to_string(array.columns[j]) +
                      ": no row kept has a value; leave the column out with --features");
    }
    result.means[j] = totals.sums[j].value() / static_cast<double>(present);
    if (!std::isfinite(result.means[j])) {
      throw DataError(array.array.name() + ": column x" + std::to_string(array.columns[j]) +
                      ": its mean overflows");
    }
  }
  return result;
}

}  // namespace esscher::internal
