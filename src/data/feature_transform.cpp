#include "esscher/data/feature_transform.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "data/far_values.h"
#include "data/feature_moments.h"
#include "data/relative_weights.h"
#include "esscher/base/error.h"
#include "esscher/base/number_text.h"
#include "esscher/linalg/factor.h"
#include "esscher/linalg/gemm.h"

namespace esscher {
namespace {

// Rows that apply() takes at a time: enough for a product's packing to be cheap.
constexpr std::size_t kApplyRows = 512;
// Deviations whose squares, and whose inverses' squares, are doubles.
constexpr double kLeastDeviation = 1e-140;
constexpr double kGreatestDeviation = 1e150;

constexpr std::array<std::pair<TransformKind, std::string_view>, 3> kTransformNames{{
    {TransformKind::none, "none"},
    {TransformKind::standardise, "standardise"},
    {TransformKind::whiten, "whiten"},
}};

std::vector<std::size_t> kept_columns(const std::vector<double>& scale) {
  std::vector<std::size_t> kept;
  for (std::size_t j = 0; j < scale.size(); ++j) {
    if (scale[j] > 0) kept.push_back(j);
  }
  return kept;
}

void require_valid(const TransformOptions& options) {
  if (options.shrinkage && !(*options.shrinkage >= 0 && *options.shrinkage <= 1)) {
    throw UsageError(rejection("--shrinkage", *options.shrinkage, "must lie in [0, 1]"));
  }
  if (!(options.null_tolerance >= 1e-12 && options.null_tolerance < 1)) {
    throw UsageError(rejection("null tolerance", options.null_tolerance, "must lie in [1e-12, 1)"));
  }
}

/// Standard deviations, 0 for what is constant but for rounding.
std::vector<double> deviations(const internal::ColumnMoments& moments) {
  std::vector<double> scale(moments.mean.size());
  for (std::size_t j = 0; j < scale.size(); ++j) {
    const double size = std::max(std::abs(moments.least[j]), std::abs(moments.greatest[j]));
    const double range = moments.greatest[j] - moments.least[j];
    if (range <= 16 * std::numeric_limits<double>::epsilon() * size) continue;
    scale[j] = std::sqrt(moments.scatter[j] / moments.weight);
    if (!(scale[j] >= kLeastDeviation && scale[j] <= kGreatestDeviation)) {
      throw DataError("feature " + std::to_string(j + 1) + ": ranges from " +
                      number_text(moments.least[j]) + " to " + number_text(moments.greatest[j]) +
                      ", a spread beyond what can be scaled; change its unit or leave it out");
    }
  }
  return scale;
}

/// OAS for a correlation matrix; see TransformOptions::shrinkage.
double oracle_shrinkage(const Matrix<double>& correlations, double rows) {
  const auto p = static_cast<double>(correlations.rows());
  double square = 0;
  for (const double value : correlations.values()) square += value * value;
  const double above = (1 - 2 / p) * square + p * p;
  const double below = (rows + 1 - 2 / p) * (square - p);
  return below > above ? std::max(above / below, 0.0) : 1;
}

/// +1 or -1 such that the vector's largest entry is positive: the first of those that tie but for
/// rounding.
double sign_of(const Matrix<double>& vectors, std::size_t column) {
  double largest = 0;
  for (std::size_t i = 0; i < vectors.rows(); ++i) {
    largest = std::max(largest, std::abs(vectors(i, column)));
  }
  for (std::size_t i = 0; i < vectors.rows(); ++i) {
    if (std::abs(vectors(i, column)) >= (1 - 1e-6) * largest) {
      return vectors(i, column) < 0 ? -1 : 1;
    }
  }
  return 1;
}

/// Directions of the kept columns' correlations, in rows of all columns.
Matrix<double> whitening_directions(const Matrix<double>& correlations, double shrinkage,
                                    double null_tolerance, std::span<const std::size_t> kept,
                                    std::size_t columns) {
  const SymmetricEigen eigen = symmetric_eigen(correlations.view());
  const std::size_t p = kept.size();
  const double least = null_tolerance * eigen.values.back();
  std::size_t outputs = 0;
  while (outputs < p && eigen.values[p - 1 - outputs] > least) ++outputs;
  Matrix<double> directions(columns, outputs);
  for (std::size_t j = 0; j < outputs; ++j) {
    const std::size_t column = p - 1 - j;
    const double factor = sign_of(eigen.vectors, column) /
                          std::sqrt((1 - shrinkage) * eigen.values[column] + shrinkage);
    for (std::size_t k = 0; k < p; ++k) directions(kept[k], j) = factor * eigen.vectors(k, column);
  }
  return directions;
}

/// Copies to out's precision.
template <class T>
void store(MatrixView<const double> from, MatrixView<T> out) {
  for (std::size_t i = 0; i < from.rows; ++i) {
    const double* const row = from.row(i).data();
    T* const to = out.row(i).data();
    bool finite = true;
    for (std::size_t j = 0; j < from.columns; ++j) {
      to[j] = static_cast<T>(row[j]);
      finite &= std::abs(to[j]) <= std::numeric_limits<T>::max();
    }
    if (finite) continue;
    for (std::size_t j = 0; j < from.columns; ++j) {
      if (std::isfinite(to[j])) continue;
      throw DataError(rejection("transformed feature " + std::to_string(j + 1), row[j],
                                "is not a finite number of its precision",
                                "look for a value far from those that were fitted"));
    }
  }
}

template <class T>
void apply_to(const FeatureTransform& transform, MatrixView<const double> x, MatrixView<T> out) {
  const std::size_t outputs = transform.outputs();
  if (x.columns != transform.inputs() || out.rows != x.rows || out.columns != outputs) {
    throw InternalError("transform of " + std::to_string(transform.inputs()) + " to " +
                        std::to_string(outputs) + " features given " + std::to_string(x.columns) +
                        " and " + std::to_string(out.columns));
  }
  if (transform.kind == TransformKind::none) return store(x, out);
  const std::vector<std::size_t> kept = kept_columns(transform.scale);
  const bool whiten = transform.kind == TransformKind::whiten;
  // Rows of the directions that are not kept are 0, but the product needs them gone.
  Matrix<double> compact;
  MatrixView<const double> directions = transform.directions.view();
  if (whiten && kept.size() < transform.inputs()) {
    compact = Matrix<double>(kept.size(), outputs);
    for (std::size_t k = 0; k < kept.size(); ++k) {
      std::ranges::copy(transform.directions.row(kept[k]), compact.row(k).begin());
    }
    directions = compact.view();
  }
  const std::size_t block = std::min(kApplyRows, x.rows);
  Matrix<double> standardised(block, kept.size());
  Matrix<double> rotated(whiten ? block : 0, outputs);
  for (std::size_t begin = 0; begin < x.rows; begin += block) {
    const std::size_t count = std::min(block, x.rows - begin);
    const MatrixView<double> z = standardised.view().rows_from(0, count);
    internal::standardise_rows(x.rows_from(begin, count), transform.mean, transform.scale, kept, z);
    for (std::size_t i = 0; i < count; ++i) {
      for (double& value : z.row(i)) value = std::clamp(value, -kMostDeviations, kMostDeviations);
    }
    const MatrixView<T> part = out.rows_from(begin, count);
    if (!whiten) {
      store<T>(z, part);
      continue;
    }
    const MatrixView<double> y = rotated.view().rows_from(0, count);
    gemm(Operand::plain, z, Operand::plain, directions, 0.0, y);
    store<T>(y, part);
  }
}

}  // namespace

std::string_view transform_name(TransformKind kind) {
  for (const auto& [known, name] : kTransformNames) {
    if (known == kind) return name;
  }
  throw InternalError("transform without a name");
}

TransformKind parse_transform(std::string_view text, std::string_view field) {
  std::vector<std::string> names;
  for (const auto& [kind, name] : kTransformNames) {
    if (text == name) return kind;
    names.emplace_back(name);
  }
  const std::string nearest = nearest_name(text, names);
  throw UsageError(rejection(field, text, "must be none, standardise or whiten",
                             nearest.empty() ? "" : "did you mean " + nearest + "?"));
}

std::size_t FeatureTransform::outputs() const {
  return kind == TransformKind::whiten ? directions.columns() : inputs() - constant_columns();
}

std::size_t FeatureTransform::constant_columns() const {
  return static_cast<std::size_t>(std::ranges::count(scale, 0.0));
}

std::size_t FeatureTransform::null_directions() const {
  return inputs() - constant_columns() - outputs();
}

void FeatureTransform::apply(MatrixView<const double> x, MatrixView<float> out) const {
  apply_to(*this, x, out);
}

void FeatureTransform::apply(MatrixView<const double> x, MatrixView<double> out) const {
  apply_to(*this, x, out);
}

std::string FeatureTransform::remark() const {
  if (kind == TransformKind::none) return counted(inputs(), "column") + " as they are";
  std::string text = kind == TransformKind::whiten ? "whitened: " : "standardised: ";
  text += counted(inputs(), "column") + " to " + counted(outputs(), "coordinate");
  std::vector<std::string> notes;
  if (constant_columns() > 0) {
    notes.push_back(counted(constant_columns(), "constant column") + " dropped");
  }
  if (null_directions() > 0) {
    notes.push_back(counted(null_directions(), "null direction") + " dropped");
  }
  if (kind == TransformKind::whiten) notes.push_back("shrinkage " + number_text(shrinkage, 3));
  for (std::size_t i = 0; i < notes.size(); ++i) text += (i == 0 ? " (" : ", ") + notes[i];
  return notes.empty() ? text : text + ")";
}

FeatureTransform fit_transform(const FeatureRows& features, std::span<const std::uint64_t> rows,
                               std::span<const double> log_weights,
                               const TransformOptions& options) {
  require_valid(options);
  const std::size_t d = features.columns();
  if (rows.size() < 2) {
    throw DataError(
        rejection("rows", std::to_string(rows.size()), "a transform is learned from at least 2"));
  }
  if (d == 0) throw DataError("features: there are no columns; choose some");
  const std::vector<double> weights = internal::relative_weights(log_weights, rows.size());
  FeatureTransform transform;
  transform.kind = options.kind;
  if (options.kind == TransformKind::none) {
    transform.mean.assign(d, 0.0);
    transform.scale.assign(d, 1.0);
    return transform;
  }
  internal::WeightedRows table{features, rows, weights, options.threads, options.callbacks};
  const auto cancelled = [&] {
    FeatureTransform nothing;
    nothing.kind = options.kind;
    nothing.cancelled = true;
    return nothing;
  };
  std::optional<internal::ColumnMoments> moments = internal::column_moments(table);
  if (!moments) return cancelled();
  if (moments->rows < 2) {
    throw DataError(rejection("rows of positive weight", std::to_string(moments->rows),
                              "a transform is learned from at least 2"));
  }
  transform.scale = deviations(*moments);
  const std::vector<internal::FarColumn> far = internal::far_columns(table, transform.scale);
  if (!far.empty()) {
    table.far = far;
    moments = internal::column_moments(table);
    if (!moments) return cancelled();
    transform.scale = deviations(*moments);
    for (const internal::FarColumn& column : far) transform.far_columns.push_back(column.column);
  }
  const std::vector<std::size_t> kept = kept_columns(transform.scale);
  if (kept.empty()) {
    throw DataError("features: all " + std::to_string(d) + " columns are constant over the " +
                    std::to_string(moments->rows) +
                    " training rows; nothing can be learned from them");
  }
  if (options.kind == TransformKind::whiten) {
    if (kept.size() > kGreatestWhitened) {
      throw UsageError(rejection("--transform", "whiten",
                                 std::to_string(kept.size()) + " columns exceed the " +
                                     std::to_string(kGreatestWhitened) + " that can be whitened",
                                 "take standardise, or fewer features"));
    }
    const std::optional<Matrix<double>> correlations =
        internal::column_correlations(table, *moments, transform.scale, kept);
    if (!correlations) return cancelled();
    transform.shrinkage = options.shrinkage
                              ? *options.shrinkage
                              : oracle_shrinkage(*correlations, moments->effective_rows());
    transform.directions =
        whitening_directions(*correlations, transform.shrinkage, options.null_tolerance, kept, d);
  }
  transform.mean = std::move(moments->mean);
  return transform;
}

}  // namespace esscher
