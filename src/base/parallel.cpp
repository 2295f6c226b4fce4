#include "esscher/base/parallel.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <limits>
#include <mutex>
#include <string>

#include "esscher/base/error.h"

namespace esscher {
namespace {

// Far above any machine's use; below what makes OpenMP run times abort for want of threads.
constexpr int kMostThreads = 1024;
constexpr std::size_t kSlotsPerThread = 4;
constexpr std::uint64_t kNoChunk = std::numeric_limits<std::uint64_t>::max();

int team_size(const ChunkGrid& grid, const ParallelOptions& options) {
  if (options.threads < 0 || options.threads > kMostThreads) {
    throw UsageError(rejection("threads", std::to_string(options.threads),
                               "must lie from 0 to " + std::to_string(kMostThreads),
                               "0 takes all cores"));
  }
  if (omp_in_parallel() != 0) return 1;
  const int wanted =
      options.threads == 0 ? std::min(omp_get_max_threads(), kMostThreads) : options.threads;
  const std::uint64_t useful = std::max<std::uint64_t>(grid.chunks(), 1);
  return static_cast<int>(std::min<std::uint64_t>(static_cast<std::uint64_t>(wanted), useful));
}

// Tells the caller how far the loop has come, one call at a time and not too often.
class ProgressReporter {
 public:
  ProgressReporter(const ParallelOptions& options, std::uint64_t total)
      : options_(options), total_(total) {}

  bool wanted() const { return total_ > 0 && options_.callbacks.progress != nullptr; }

  void begin() {
    if (wanted()) call(0);
  }
  // From any thread. A thread that finds another one reporting leaves it at that.
  void step(const std::atomic<std::uint64_t>& done) {
    if (!wanted()) return;
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock() || Clock::now() < due_) return;
    const std::uint64_t now_done = done.load(std::memory_order_relaxed);
    // The last call is the calling thread's, made when the loop has ended.
    if (now_done > reported_ && now_done < total_) call(now_done);
  }
  void end() {
    if (wanted()) call(total_);
  }

 private:
  using Clock = std::chrono::steady_clock;

  void call(std::uint64_t done) {
    reported_ = done;
    options_.callbacks.progress({options_.stage, done, total_});
    due_ = Clock::now() + options_.callbacks.progress_interval;
  }

  const ParallelOptions& options_;
  const std::uint64_t total_;
  std::mutex mutex_;
  std::uint64_t reported_ = 0;
  Clock::time_point due_;
};

// One loop in flight. Chunk numbers come from a counter of our own and not from OpenMP's dynamic
// schedule: that one may hand chunks out in any order, which would make it a matter of luck which
// exception is seen, and it cannot be left before its last chunk.
class Loop {
 public:
  Loop(const ChunkGrid& grid, const ParallelOptions& options)
      : grid_(grid), options_(options), progress_(options, grid.chunks()) {}

  LoopStatus run(internal::FunctionRef<void(const Chunk&)> body) {
    const int team = team_size(grid_, options_);
    progress_.begin();
    if (team == 1) {
      work(body);
    } else {
#pragma omp parallel num_threads(team) default(none) shared(body)
      work(body);
    }
    if (failure_) std::rethrow_exception(failure_);
    if (done_.load() < grid_.chunks()) return LoopStatus::cancelled;
    progress_.end();
    return LoopStatus::completed;
  }

  // Keeps the exception being handled if it belongs to a lower chunk than the one kept so far.
  void record_failure(std::uint64_t chunk) noexcept {
    const std::lock_guard lock(failure_mutex_);
    stopped_.store(true, std::memory_order_relaxed);
    if (failure_ && chunk >= failed_chunk_) return;
    failed_chunk_ = chunk;
    failure_ = std::current_exception();
  }

 private:
  void work(internal::FunctionRef<void(const Chunk&)> body) noexcept {
    // Whether to go on is asked before a number is taken: a number taken is a chunk run, on which
    // the promise about the lowest failing chunk rests.
    while (!stopped_.load(std::memory_order_relaxed) && !options_.callbacks.cancelled()) {
      const std::uint64_t index = next_.fetch_add(1, std::memory_order_relaxed);
      if (index >= grid_.chunks()) return;
      try {
        body(grid_.chunk(index));
      } catch (...) {
        record_failure(index);
        return;
      }
      done_.fetch_add(1, std::memory_order_relaxed);
      try {
        progress_.step(done_);
      } catch (...) {
        record_failure(kNoChunk);
        return;
      }
    }
  }

  const ChunkGrid& grid_;
  const ParallelOptions& options_;
  ProgressReporter progress_;
  std::atomic<std::uint64_t> next_{0};
  std::atomic<std::uint64_t> done_{0};
  std::atomic<bool> stopped_{false};
  std::mutex failure_mutex_;
  std::uint64_t failed_chunk_ = kNoChunk;
  std::exception_ptr failure_;
};

// Commits in chunk order what threads prepare in any order. A chunk may be prepared when it lies
// less than `slots` behind the next commit; the chunk of that next commit therefore never waits,
// so the loop cannot lock up.
class OrderedCommits {
 public:
  OrderedCommits(Loop& loop, std::size_t slots, internal::FunctionRef<void(std::size_t)> commit)
      : loop_(loop), ready_(slots, 0), commit_(commit) {}

  std::size_t slot(std::uint64_t chunk) const {
    return static_cast<std::size_t>(chunk % ready_.size());
  }

  // False where the chunk is not wanted any more: a lower one has failed.
  bool wait_for_slot(std::uint64_t chunk) {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return failed_ || chunk < next_ + ready_.size(); });
    return chunk < next_ + ready_.size();
  }

  void fail() {
    {
      const std::lock_guard lock(mutex_);
      failed_ = true;
    }
    moved_.notify_all();
  }

  // Marks the chunk as prepared and commits whatever is due, unless another thread is at it: that
  // one will find this chunk too.
  void prepared(std::uint64_t chunk) {
    std::unique_lock lock(mutex_);
    ready_[slot(chunk)] = 1;
    if (committing_) return;
    committing_ = true;
    while (ready_[slot(next_)] != 0) {
      const std::uint64_t due = next_;
      lock.unlock();
      try {
        commit_(slot(due));
      } catch (...) {
        // committing_ stays set: nothing behind a failed commit may be committed.
        loop_.record_failure(due);
        fail();
        return;
      }
      lock.lock();
      ready_[slot(due)] = 0;
      ++next_;
      moved_.notify_all();
    }
    committing_ = false;
  }

 private:
  Loop& loop_;
  std::mutex mutex_;
  std::condition_variable moved_;
  std::vector<char> ready_;
  std::uint64_t next_ = 0;
  bool committing_ = false;
  bool failed_ = false;
  internal::FunctionRef<void(std::size_t)> commit_;
};

}  // namespace

ChunkGrid::ChunkGrid(std::uint64_t items, std::uint64_t chunk_size)
    : items_(items), chunk_size_(chunk_size), chunks_(0) {
  if (chunk_size == 0) throw UsageError(rejection("chunk_size", "0", "must be at least 1"));
  // Not (items + chunk_size - 1) / chunk_size: the sum may wrap round.
  chunks_ = items / chunk_size + (items % chunk_size != 0 ? 1 : 0);
}

Chunk ChunkGrid::chunk(std::uint64_t index) const {
  if (index >= chunks_) {
    throw InternalError(rejection("chunk", std::to_string(index),
                                  "a grid of " + std::to_string(chunks_) + " chunks has no such"));
  }
  const std::uint64_t begin = index * chunk_size_;
  return {index, begin, begin + std::min(chunk_size_, items_ - begin)};
}

LoopStatus parallel_for_chunks(const ChunkGrid& grid, const ParallelOptions& options,
                               internal::FunctionRef<void(const Chunk&)> body) {
  return Loop(grid, options).run(body);
}

namespace internal {

std::size_t reduction_slots(const ChunkGrid& grid, const ParallelOptions& options) {
  const int team = team_size(grid, options);
  return team == 1 ? 1 : kSlotsPerThread * static_cast<std::size_t>(team);
}

LoopStatus parallel_for_chunks_in_order(const ChunkGrid& grid, const ParallelOptions& options,
                                        std::size_t slots,
                                        FunctionRef<void(const Chunk&, std::size_t)> prepare,
                                        FunctionRef<void(std::size_t)> commit) {
  Loop loop(grid, options);
  OrderedCommits order(loop, slots, commit);
  return loop.run([&](const Chunk& chunk) {
    if (!order.wait_for_slot(chunk.index)) return;
    try {
      prepare(chunk, order.slot(chunk.index));
    } catch (...) {
      order.fail();
      throw;
    }
    order.prepared(chunk.index);
  });
}

}  // namespace internal
}  // namespace esscher
