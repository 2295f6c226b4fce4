#pragma once

/// \file
/// Loops over a fixed grid of chunks, on several threads, with results that do not depend on how
/// many. Two rules make it so: the grid is fixed by the caller and never by the thread count, and
/// partial results are combined in chunk order.
///
/// Failures and cancellation:
/// - Chunks start in ascending order, and a chunk that has started is finished.
/// - When a chunk throws, no further chunk starts; once the running ones have ended, the exception
///   of the lowest-numbered failing chunk is thrown. Since all lower chunks had started before it,
///   this is the exception that one thread would have met, whatever the number of threads.
/// - An exception from the progress callback stops the loop in the same way, and is thrown unless a
///   chunk threw as well. Its moment, unlike a chunk's, depends on timing.
/// - After a request to cancel no further chunk starts; the status then says so.
///
/// A loop inside a chunk of another loop runs serially on that chunk's thread, with the same
/// results. Callbacks belong to the outer loop only: inner loops run side by side.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "esscher/base/callbacks.h"
#include "esscher/base/function_ref.h"

namespace esscher {

/// The items [begin, end) of a grid's chunk number `index`.
struct Chunk {
  std::uint64_t index = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  std::uint64_t size() const noexcept { return end - begin; }
};

/// n items cut into chunks of one size; the last may be shorter. Exact for every n below 2^64.
class ChunkGrid {
 public:
  /// \param chunk_size  a constant of the algorithm, or the caller's; never a function of the
  ///                    thread count, on which results would then depend.
  /// \throws UsageError where chunk_size is 0.
  ChunkGrid(std::uint64_t items, std::uint64_t chunk_size);

  std::uint64_t items() const noexcept { return items_; }
  std::uint64_t chunk_size() const noexcept { return chunk_size_; }
  /// Number of chunks: ceil(items / chunk_size).
  std::uint64_t chunks() const noexcept { return chunks_; }
  /// \throws InternalError unless index < chunks().
  Chunk chunk(std::uint64_t index) const;

 private:
  std::uint64_t items_;
  std::uint64_t chunk_size_;
  std::uint64_t chunks_;
};

struct ParallelOptions {
  /// At most so many threads; 0 takes what OpenMP offers (all cores, or OMP_NUM_THREADS).
  int threads = 0;
  /// What Progress::stage says.
  std::string stage;
  /// Progress counts chunks.
  Callbacks callbacks;
};

enum class LoopStatus {
  completed,  ///< every chunk was run
  cancelled,  ///< a request to cancel came before the last chunk had started
};

/// Calls body(chunk) once for every chunk of the grid, possibly several at a time.
/// Costs one region of threads and one atomic increment a chunk: a chunk should be worth some tens
/// of microseconds.
/// \throws UsageError unless 0 <= options.threads <= 1024; else what body or progress throws.
LoopStatus parallel_for_chunks(const ChunkGrid& grid, const ParallelOptions& options,
                               internal::FunctionRef<void(const Chunk&)> body);

template <class Value>
struct Reduction {
  /// The first `chunks` chunks' partial results, combined in chunk order.
  Value value;
  LoopStatus status = LoopStatus::completed;
  std::uint64_t chunks = 0;
};

namespace internal {

/// Partial results that may be held at a time: enough that a slow chunk does not stop the others
/// at once, and independent of the size of the grid.
std::size_t reduction_slots(const ChunkGrid& grid, const ParallelOptions& options);

/// prepare(chunk, slot) for every chunk, as parallel_for_chunks would; and after it commit(slot),
/// in ascending chunk order, one at a time. A slot is not given out again before its commit.
LoopStatus parallel_for_chunks_in_order(const ChunkGrid& grid, const ParallelOptions& options,
                                        std::size_t slots,
                                        FunctionRef<void(const Chunk&, std::size_t)> prepare,
                                        FunctionRef<void(std::size_t)> commit);

}  // namespace internal

/// Folds map(chunk) over the grid: combine(value, partial) in ascending chunk order, starting from
/// \p initial, so the result has the same bits for any number of threads. `combine` is called as
/// combine(Value&, Partial&&), never twice at a time. Holds a few partial results per thread.
/// \throws as parallel_for_chunks; what combine throws counts as thrown by that chunk.
template <class Value, class Map, class Combine>
Reduction<Value> parallel_reduce_chunks(const ChunkGrid& grid, const ParallelOptions& options,
                                        Value initial, Map&& map, Combine&& combine) {
  using Partial = std::remove_cvref_t<std::invoke_result_t<Map&, const Chunk&>>;
  Reduction<Value> result{std::move(initial)};
  std::vector<std::optional<Partial>> partials(internal::reduction_slots(grid, options));
  const auto prepare = [&](const Chunk& chunk, std::size_t slot) {
    partials[slot].emplace(map(chunk));
  };
  const auto commit = [&](std::size_t slot) {
    combine(result.value, std::move(*partials[slot]));
    partials[slot].reset();
    ++result.chunks;
  };
  result.status =
      internal::parallel_for_chunks_in_order(grid, options, partials.size(), prepare, commit);
  return result;
}

}  // namespace esscher
