#include "readout/moments.h"

#include <algorithm>
#include <cmath>

#include "esscher/base/error.h"
#include "esscher/base/parallel.h"
#include "esscher/linalg/gemm.h"

namespace esscher::internal {
namespace {

constexpr std::uint64_t kMomentChunkRows = 1024;
/// From so many columns on threads share the sums, strip by strip: sums of their own would cost
/// more to clear and to add than to fill.
constexpr std::size_t kStripColumns = 192;
/// Rows that are then read at a time: so many bytes' worth.
constexpr std::size_t kBlockBytes = std::size_t{1} << 25;
constexpr std::size_t kFilledRows = 256;

/// All but the second moments, merged as merge() says. \param step  from one mean to the other
/// \return what the square of the step adds to the second moments
double merge_means(Moments& into, const Moments& other, std::span<double> step, double scale = 1) {
  const double added = other.weight * scale;
  const double weight = into.weight + added;
  const double share = added / weight;
  const double between = into.weight * share;
  for (std::size_t j = 0; j < step.size(); ++j) {
    step[j] = other.mean[j] - into.mean[j];
    into.mean[j] += share * step[j];
  }
  into.weight = weight;
  into.square_weight += other.square_weight * (scale * scale);
  into.lost += other.lost * scale;
  return between;
}

/// To rows [begin, end) of the lower triangle.
void add_between(double between, std::span<const double> step, std::size_t begin, std::size_t end,
                 Matrix<double>& scatter) {
  if (between == 0) return;
  for (std::size_t i = begin; i < end; ++i) {
    double* row = scatter.row(i).data();
    const double scaled = between * step[i];
    for (std::size_t j = 0; j <= i; ++j) row[j] += scaled * step[j];
  }
}

Moments no_moments(std::size_t columns) {
  return {0, 0, 0, std::vector<double>(columns), Matrix<double>(columns, columns)};
}

/// \p x becomes x - mean.
Moments moments_of(MatrixView<double> x, std::span<const double> weights) {
  Moments moments = no_moments(x.columns);
  std::vector<double>& mean = moments.mean;
  for (std::size_t i = 0; i < x.rows; ++i) {
    const double w = weights[i];
    const double* row = x.row(i).data();
    moments.weight += w;
    moments.square_weight += w * w;
    for (std::size_t j = 0; j < x.columns; ++j) mean[j] += w * row[j];
  }
  if (moments.weight == 0) return moments;
  for (double& value : mean) value /= moments.weight;
  for (std::size_t i = 0; i < x.rows; ++i) {
    double* row = x.row(i).data();
    for (std::size_t j = 0; j < x.columns; ++j) row[j] -= mean[j];
  }
  add_weighted_gram(x, weights, moments.scatter.view());
  return moments;
}

/// (phi, y) of the heaviest row.
std::vector<double> heaviest_row(const DesignRows& rows, std::span<const double> targets,
                                 std::span<const double> weights) {
  const auto at =
      static_cast<std::size_t>(std::max_element(weights.begin(), weights.end()) - weights.begin());
  std::vector<double> row(rows.columns() + 1);
  rows.fill(at, {row.data(), 1, rows.columns(), row.size()});
  row.back() = targets[at];
  return row;
}

/// The moments of each fold's rows of one chunk. \param x  the chunk's (phi, y)
std::vector<Moments> chunk_moments(const Matrix<double>& x, const Chunk& chunk,
                                   const RowWeights& given, std::span<const double> origin,
                                   const FoldPlan& folds) {
  // The chunk's rows fold by fold, each fold's in their order; without those of no weight.
  Matrix<double> sorted(x.rows(), x.columns());
  std::vector<double> sorted_weights(x.rows(), 1.0);
  std::vector<Moments> moments;
  std::size_t end = 0;
  for (std::size_t fold = 0; fold < folds.count; ++fold) {
    const std::size_t begin = end;
    double lost = 0;
    for (std::size_t i = 0; i < x.rows(); ++i) {
      const std::uint64_t row = chunk.begin + i;
      if (folds.fold(row) != fold || given.weight(row) == 0) continue;
      const std::span<const double> from = given.groups ? given.groups->of_row(row) : origin;
      if (given.groups) lost += given.groups->lost(row);
      for (std::size_t j = 0; j < x.columns(); ++j) sorted(end, j) = x(i, j) - from[j];
      sorted_weights[end] = given.weight(row);
      ++end;
    }
    moments.push_back(end == begin
                          ? no_moments(x.columns())
                          : moments_of(sorted.view().rows_from(begin, end - begin),
                                       std::span(sorted_weights).subspan(begin, end - begin)));
    moments.back().lost = lost;
  }
  return moments;
}

/// Moments of many columns: each strip of the sums belongs to one thread.
class StripMoments {
 public:
  /// \param single  whether products of features may be in single precision
  StripMoments(std::size_t columns, std::size_t block_rows, bool single, int threads)
      : columns_(columns),
        single_(single),
        centred_(single ? 0 : block_rows, columns),
        centred_single_(single ? block_rows : 0, columns),
        parallel_{threads, "", {}} {}

  /// The moments of some rows, merged into those there are. \param x  rows first, first + 1, ...
  void add(const Matrix<double>& x, std::uint64_t first, std::span<const std::size_t> members,
           const RowWeights& given, std::span<const double> origin, Moments& into) {
    if (members.empty()) return;
    std::vector<double> weights;
    Moments added{0, 0, 0, std::vector<double>(columns_), {}};
    for (const std::size_t i : members) {
      weights.push_back(given.weight(first + i));
      added.weight += weights.back();
      added.square_weight += weights.back() * weights.back();
      if (given.groups) added.lost += given.groups->lost(first + i);
    }
    const auto from = [&](std::size_t i) {
      return given.groups ? given.groups->of_row(first + members[i]).data() : origin.data();
    };
    if (!single_) {
      const MatrixView<const double> rows = centre(x, members, weights, from, added, centred_);
      add_products(added, into, [&](std::size_t begin, std::size_t end) {
        add_weighted_gram_strip(rows, weights, begin, end - begin, into.scatter.view());
      });
      return;
    }
    const MatrixView<const float> rows = centre(x, members, weights, from, added, centred_single_);
    // The target's products keep all digits, at next to no cost.
    const std::size_t target = columns_ - 1;
    std::vector<double> moved(members.size());
    for (std::size_t i = 0; i < moved.size(); ++i) {
      moved[i] = x(members[i], target) - from(i)[target] - added.mean[target];
    }
    add_products(added, into, [&](std::size_t begin, std::size_t end) {
      // The target's row is the last strip's, whatever the column.
      double* const last = into.scatter.row(target).data();
      for (std::size_t i = 0; end > target && i < moved.size(); ++i) {
        const double scaled = weights[i] * moved[i];
        const float* const row = rows.row(i).data();
        for (std::size_t j = 0; j < target; ++j) last[j] += scaled * row[j];
        last[target] += scaled * moved[i];
      }
      const std::size_t features = std::min(end, target);
      add_weighted_gram_strip({rows.data, rows.rows, target, rows.stride}, weights, begin,
                              features - begin,
                              {into.scatter.data(), target, target, into.scatter.columns()});
    });
  }

 private:
  /// Rows less what is to be taken off and less their mean, which goes to \p added.
  template <class T, class From>
  MatrixView<const T> centre(const Matrix<double>& x, std::span<const std::size_t> members,
                             std::span<const double> weights, const From& from, Moments& added,
                             Matrix<T>& to) const {
    const MatrixView<T> rows = to.view().rows_from(0, members.size());
    for_each_strip([&](std::size_t begin, std::size_t end) {
      double* const mean = added.mean.data();
      for (std::size_t i = 0; i < members.size(); ++i) {
        const double* const off = from(i);
        const double* const row = x.row(members[i]).data();
        T* const out = rows.row(i).data();
        for (std::size_t j = begin; j < end; ++j) {
          const double value = row[j] - off[j];
          out[j] = static_cast<T>(value);
          mean[j] += weights[i] * value;
        }
      }
      for (std::size_t j = begin; j < end; ++j) mean[j] /= added.weight;
      for (std::size_t i = 0; i < members.size(); ++i) {
        T* const out = rows.row(i).data();
        for (std::size_t j = begin; j < end; ++j) out[j] = static_cast<T>(out[j] - mean[j]);
      }
    });
    return rows;
  }

  /// \param products  adds those of the centred rows to rows [begin, end) of the second moments
  template <class Products>
  void add_products(const Moments& added, Moments& into, const Products& products) const {
    std::vector<double> step(columns_);
    const double between = merge_means(into, added, step);
    for_each_strip([&](std::size_t begin, std::size_t end) {
      add_between(between, step, begin, end, into.scatter);
      products(begin, end);
    });
  }

  /// The last strips, which have most of the triangle, first.
  template <class Body>
  void for_each_strip(const Body& body) const {
    const ChunkGrid strips(columns_, kStripColumns);
    parallel_for_chunks(strips, parallel_, [&](const Chunk& chunk) {
      const Chunk strip = strips.chunk(strips.chunks() - 1 - chunk.index);
      body(static_cast<std::size_t>(strip.begin), static_cast<std::size_t>(strip.end));
    });
  }

  std::size_t columns_;
  bool single_;
  Matrix<double> centred_;
  Matrix<float> centred_single_;
  ParallelOptions parallel_;
};

/// \throws DataError where a sum has overflowed or met what is no number.
void require_finite(const std::vector<Moments>& folds) {
  for (const Moments& moments : folds) {
    for (std::size_t j = 0; j < moments.mean.size(); ++j) {
      if (std::isfinite(moments.mean[j]) && std::isfinite(moments.scatter(j, j))) continue;
      throw DataError(rejection("features and targets", moments.scatter(j, j),
                                "must be finite, and their squares within the range of doubles"));
    }
  }
}

/// fold_moments() of many columns, block by block; false where cancelled.
bool add_by_strips(const DesignRows& rows, std::span<const double> targets,
                   std::span<const RowWeights> each, const FoldPlan& folds, int threads,
                   const Callbacks& callbacks, std::vector<FoldMoments>& results) {
  const std::size_t columns = rows.columns() + 1;
  for (FoldMoments& result : results) result.folds.assign(folds.count, no_moments(columns));
  const ChunkGrid blocks(
      rows.rows(), std::max<std::size_t>(kFilledRows, kBlockBytes / (columns * sizeof(double))));
  const auto most = static_cast<std::size_t>(std::min(blocks.items(), blocks.chunk_size()));
  Matrix<double> x(most, columns);
  StripMoments strips(columns, most, rows.single_precision(), threads);
  std::vector<std::vector<std::size_t>> members(folds.count);
  // One thread for the blocks, which are shared out inside.
  const LoopStatus status = parallel_for_chunks(
      blocks, ParallelOptions{1, "readout: moments", callbacks}, [&](const Chunk& block) {
        parallel_for_chunks(
            ChunkGrid(block.size(), kFilledRows), {threads, "", {}}, [&](const Chunk& part) {
              std::vector<std::uint8_t> wanted(static_cast<std::size_t>(part.size()));
              for (std::size_t i = 0; i < wanted.size(); ++i) {
                const std::uint64_t row = block.begin + part.begin + i;
                wanted[i] = std::ranges::any_of(
                    each, [&](const RowWeights& given) { return given.weight(row) != 0; });
              }
              rows.fill_wanted(block.begin + part.begin, wanted,
                               {x.row(part.begin).data(), wanted.size(), columns - 1, columns});
              for (std::uint64_t i = part.begin; i < part.end; ++i) {
                x(i, columns - 1) = targets[block.begin + i];
              }
            });
        for (std::size_t k = 0; k < each.size(); ++k) {
          for (std::vector<std::size_t>& of_fold : members) of_fold.clear();
          for (std::size_t i = 0; i < block.size(); ++i) {
            if (each[k].weight(block.begin + i) == 0) continue;
            members[folds.fold(block.begin + i)].push_back(i);
          }
          for (std::size_t fold = 0; fold < folds.count; ++fold) {
            strips.add(x, block.begin, members[fold], each[k], results[k].origin,
                       results[k].folds[fold]);
          }
        }
      });
  if (status == LoopStatus::cancelled) return false;
  for (const FoldMoments& result : results) require_finite(result.folds);
  return true;
}

}  // namespace

double Moments::mean_eigenvalue() const {
  double trace = 0;
  for (std::size_t j = 0; j < features(); ++j) trace += scatter(j, j);
  return features() == 0 ? 0 : trace / weight / static_cast<double>(features());
}

void merge(Moments& into, const Moments& other, double scale) {
  if (other.weight * scale == 0) return;
  if (into.weight == 0) into = no_moments(other.mean.size());
  const std::size_t columns = into.mean.size();
  std::vector<double> step(columns);
  const double between = merge_means(into, other, step, scale);
  add_between(between, step, 0, columns, into.scatter);
  for (std::size_t i = 0; i < columns; ++i) {
    double* row = into.scatter.row(i).data();
    const double* added = other.scatter.row(i).data();
    for (std::size_t j = 0; j <= i; ++j) row[j] += scale * added[j];
  }
}

Moments merged(std::span<const Moments* const> parts) {
  Moments all = *parts.front();
  for (const Moments* part : parts.subspan(1)) merge(all, *part);
  return all;
}

double FoldMoments::intercept(std::span<const double> coefficients, double of_differences) const {
  double value = of_differences + origin.back();
  for (std::size_t j = 0; j < coefficients.size(); ++j) value -= coefficients[j] * origin[j];
  return value;
}

std::optional<std::vector<FoldMoments>> fold_moments(const DesignRows& rows,
                                                     std::span<const double> targets,
                                                     std::span<const RowWeights> each,
                                                     const FoldPlan& folds, int threads,
                                                     const Callbacks& callbacks) {
  const std::size_t columns = rows.columns() + 1;
  std::vector<FoldMoments> results;
  for (const RowWeights& weights : each) {
    results.push_back(
        {weights.groups ? weights.groups->overall() : heaviest_row(rows, targets, weights.weights),
         {}});
  }
  if (columns > kStripColumns) {
    if (!add_by_strips(rows, targets, each, folds, threads, callbacks, results)) {
      return std::nullopt;
    }
    return results;
  }
  const auto map = [&](const Chunk& chunk) {
    Matrix<double> x(static_cast<std::size_t>(chunk.size()), columns);
    rows.fill(chunk.begin, {x.data(), x.rows(), columns - 1, columns});
    for (std::size_t i = 0; i < x.rows(); ++i) x(i, columns - 1) = targets[chunk.begin + i];
    std::vector<std::vector<Moments>> partial;
    for (std::size_t k = 0; k < each.size(); ++k) {
      partial.push_back(chunk_moments(x, chunk, each[k], results[k].origin, folds));
    }
    return partial;
  };
  const auto combine = [](std::vector<std::vector<Moments>>& total,
                          std::vector<std::vector<Moments>>&& partial) {
    for (std::size_t k = 0; k < total.size(); ++k) {
      for (std::size_t fold = 0; fold < total[k].size(); ++fold) {
        merge(total[k][fold], partial[k][fold]);
      }
    }
  };
  auto reduction = parallel_reduce_chunks(
      ChunkGrid(rows.rows(), kMomentChunkRows),
      ParallelOptions{threads, "readout: moments", callbacks},
      std::vector(each.size(), std::vector<Moments>(folds.count, no_moments(columns))), map,
      combine);
  if (reduction.status == LoopStatus::cancelled) return std::nullopt;
  for (std::size_t k = 0; k < results.size(); ++k) {
    require_finite(reduction.value[k]);
    results[k].folds = std::move(reduction.value[k]);
  }
  return results;
}

}  // namespace esscher::internal
