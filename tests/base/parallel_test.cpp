#include "esscher/base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "esscher/base/error.h"

namespace esscher {
namespace {

constexpr int kTeams[] = {1, 2, 3, 7};

ParallelOptions team_of(int threads) {
  ParallelOptions options;
  options.threads = threads;
  return options;
}

// Terms of both signs and of sizes from 1e-8 to 1e8 whose sum nearly cancels: its last bits change
// with every change in the order of summation.
double ill_conditioned_term(std::uint64_t i) {
  const double x = std::sin(static_cast<double>(i) * 1.37);
  return (i % 2 == 0 ? 1 : -1) * std::exp(18 * x);
}

TEST(ChunkGrid, CoversEveryItemOnceInOrder) {
  for (const std::uint64_t items : {0u, 1u, 7u, 8u, 9u, 64u, 65u}) {
    const ChunkGrid grid(items, 8);
    std::uint64_t expected_begin = 0;
    for (std::uint64_t i = 0; i < grid.chunks(); ++i) {
      const Chunk chunk = grid.chunk(i);
      EXPECT_EQ(chunk.index, i);
      EXPECT_EQ(chunk.begin, expected_begin);
      EXPECT_GT(chunk.size(), 0u);
      EXPECT_LE(chunk.size(), 8u);
      expected_begin = chunk.end;
    }
    EXPECT_EQ(expected_begin, items);
  }
}

TEST(ChunkGrid, IsExactForHugeSizes) {
  const ChunkGrid peta(1'000'000'000'000'000, 65536);
  EXPECT_EQ(peta.chunks(), 15258789063u);
  EXPECT_EQ(peta.chunk(peta.chunks() - 1).end, 1'000'000'000'000'000u);
  EXPECT_EQ(peta.chunk(peta.chunks() - 1).begin, 15258789062u * 65536u);

  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  const ChunkGrid most(kMost, 1000);
  const Chunk last = most.chunk(most.chunks() - 1);
  EXPECT_EQ(last.end, kMost);
  EXPECT_EQ(last.size(), kMost % 1000);
  EXPECT_EQ(ChunkGrid(kMost, kMost).chunks(), 1u);
  EXPECT_EQ(ChunkGrid(kMost, 1).chunks(), kMost);
}

TEST(ChunkGrid, RejectsChunksOfNothingAndChunksThatAreNot) {
  EXPECT_THROW(ChunkGrid(10, 0), UsageError);
  EXPECT_THROW(ChunkGrid(10, 5).chunk(2), InternalError);
  EXPECT_THROW(ChunkGrid(0, 5).chunk(0), InternalError);
}

TEST(ParallelFor, RunsEveryChunkOnce) {
  const ChunkGrid grid(10'007, 10);
  for (const int threads : kTeams) {
    std::vector<std::atomic<int>> visits(grid.items());
    const LoopStatus status = parallel_for_chunks(grid, team_of(threads), [&](const Chunk& chunk) {
      for (std::uint64_t i = chunk.begin; i < chunk.end; ++i) ++visits[i];
    });
    EXPECT_EQ(status, LoopStatus::completed);
    for (const auto& count : visits) ASSERT_EQ(count.load(), 1);
  }
}

TEST(ParallelFor, ZeroThreadsMeansAllAndOddCountsAreRejected) {
  EXPECT_EQ(parallel_for_chunks(ChunkGrid(100, 1), team_of(0), [](const Chunk&) {}),
            LoopStatus::completed);
  EXPECT_THROW(parallel_for_chunks(ChunkGrid(1, 1), team_of(-1), [](const Chunk&) {}), UsageError);
  EXPECT_THROW(parallel_for_chunks(ChunkGrid(1, 1), team_of(1025), [](const Chunk&) {}),
               UsageError);
}

TEST(ParallelFor, NoItemsNoCalls) {
  ParallelOptions options = team_of(3);
  int calls = 0;
  options.callbacks.progress = [&](const Progress&) { ++calls; };
  const auto count = [&](const Chunk&) { ++calls; };
  EXPECT_EQ(parallel_for_chunks(ChunkGrid(0, 16), options, count), LoopStatus::completed);
  EXPECT_EQ(calls, 0);
}

TEST(ParallelFor, ThrowsTheExceptionOfTheLowestFailingChunk) {
  // Chunks 40, 41, ... fail; 40 takes longest, so with several threads others fail before it.
  const auto body = [](const Chunk& chunk) {
    if (chunk.index < 40) return;
    if (chunk.index == 40) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    throw std::out_of_range(std::to_string(chunk.index));
  };
  for (const int threads : kTeams) {
    try {
      parallel_for_chunks(ChunkGrid(1000, 1), team_of(threads), body);
      FAIL() << "no exception with " << threads << " threads";
    } catch (const std::out_of_range& error) {
      EXPECT_STREQ(error.what(), "40") << threads << " threads";
    }
  }
}

TEST(ParallelFor, StartsNoChunkAfterAFailure) {
  std::atomic<std::uint64_t> started{0};
  const auto body = [&](const Chunk&) {
    ++started;
    throw std::runtime_error("at once");
  };
  EXPECT_THROW(parallel_for_chunks(ChunkGrid(1'000'000, 1), team_of(3), body), std::runtime_error);
  EXPECT_LE(started.load(), 3u);
}

TEST(ParallelFor, CancellationStopsSoonEvenInAnEndlessGrid) {
  CancellationToken token;
  for (const int threads : kTeams) {
    token.reset();
    ParallelOptions options = team_of(threads);
    options.callbacks.cancellation = &token;
    std::atomic<std::uint64_t> run{0};
    // Each thread asks for itself, lest one be held up between counting and asking.
    const auto body = [&](const Chunk&) {
      if (++run >= 50) token.request();
    };
    const ChunkGrid grid(std::numeric_limits<std::uint64_t>::max(), 1);
    EXPECT_EQ(parallel_for_chunks(grid, options, body), LoopStatus::cancelled);
    EXPECT_GE(run.load(), 50u);
    // Each other thread may have taken a chunk just before the request.
    EXPECT_LE(run.load(), 50u + static_cast<unsigned>(threads) - 1);
  }
}

TEST(ParallelFor, ARequestBeforeTheStartRunsNothingAndAfterTheLastChunkChangesNothing) {
  CancellationToken token;
  ParallelOptions options = team_of(2);
  options.callbacks.cancellation = &token;
  std::atomic<int> run{0};
  const auto request_at_10 = [&](const Chunk&) {
    if (++run == 10) token.request();
  };
  EXPECT_EQ(parallel_for_chunks(ChunkGrid(10, 1), options, request_at_10), LoopStatus::completed);
  run = 0;
  EXPECT_EQ(parallel_for_chunks(ChunkGrid(10, 1), options, request_at_10), LoopStatus::cancelled);
  EXPECT_EQ(run.load(), 0);
}

TEST(ParallelFor, ProgressGrowsFromNothingToAllOneCallAtATime) {
  for (const int threads : kTeams) {
    ParallelOptions options = team_of(threads);
    options.stage = "counting";
    options.callbacks.progress_interval = std::chrono::milliseconds(0);
    std::vector<std::uint64_t> seen;
    std::atomic<int> inside{0};
    options.callbacks.progress = [&](const Progress& progress) {
      EXPECT_EQ(++inside, 1);
      EXPECT_EQ(progress.stage, "counting");
      EXPECT_EQ(progress.total, 500u);
      seen.push_back(progress.done);
      --inside;
    };
    parallel_for_chunks(ChunkGrid(5000, 10), options, [](const Chunk&) {});
    ASSERT_GE(seen.size(), 2u);
    EXPECT_EQ(seen.front(), 0u);
    EXPECT_EQ(seen.back(), 500u);
    for (std::size_t i = 1; i < seen.size(); ++i) EXPECT_LT(seen[i - 1], seen[i]);
    if (threads == 1) {
      EXPECT_EQ(seen.size(), 501u);
    }
  }
}

TEST(ParallelFor, ProgressKeepsItsInterval) {
  ParallelOptions options = team_of(2);
  options.callbacks.progress_interval = std::chrono::hours(1);
  int calls = 0;
  options.callbacks.progress = [&](const Progress&) { ++calls; };
  parallel_for_chunks(ChunkGrid(1000, 1), options, [](const Chunk&) {});
  EXPECT_EQ(calls, 2);  // the first and the last
}

TEST(ParallelFor, AnExceptionFromProgressComesOutButAChunksComesFirst) {
  for (const int threads : kTeams) {
    ParallelOptions options = team_of(threads);
    options.callbacks.progress_interval = std::chrono::milliseconds(0);
    options.callbacks.progress = [](const Progress& progress) {
      if (progress.done > 0) throw std::domain_error("progress");
    };
    const ChunkGrid grid(100, 1);
    EXPECT_THROW(parallel_for_chunks(grid, options, [](const Chunk&) {}), std::domain_error);
    const auto fail = [](const Chunk&) { throw std::out_of_range("chunk"); };
    EXPECT_THROW(parallel_for_chunks(grid, options, fail), std::out_of_range);
  }
}

double sum_in_chunks(const ChunkGrid& grid, const ParallelOptions& options) {
  const auto partial_sum = [](const Chunk& chunk) {
    double sum = 0;
    for (std::uint64_t i = chunk.begin; i < chunk.end; ++i) sum += ill_conditioned_term(i);
    return sum;
  };
  const auto add = [](double& total, double partial) { total += partial; };
  return parallel_reduce_chunks(grid, options, 0.0, partial_sum, add).value;
}

TEST(ParallelReduce, HasTheSameBitsForAnyNumberOfThreads) {
  const ChunkGrid grid(200'000, 37);
  const double serial = sum_in_chunks(grid, team_of(1));
  // The data do tell orders apart: another grid gives other bits.
  ASSERT_NE(std::bit_cast<std::uint64_t>(serial),
            std::bit_cast<std::uint64_t>(sum_in_chunks(ChunkGrid(200'000, 38), team_of(1))));
  for (const int threads : kTeams) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(sum_in_chunks(grid, team_of(threads))),
              std::bit_cast<std::uint64_t>(serial))
        << threads << " threads";
  }
}

TEST(ParallelReduce, CombinesInChunkOrderOneAtATimeThoughLateChunksFinishFirst) {
  for (const int threads : kTeams) {
    std::atomic<int> inside{0};
    const auto map = [](const Chunk& chunk) {
      if (chunk.index % 16 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return chunk.index;
    };
    const auto append = [&](std::vector<std::uint64_t>& order, std::uint64_t index) {
      EXPECT_EQ(++inside, 1);
      order.push_back(index);
      --inside;
    };
    const auto result = parallel_reduce_chunks(ChunkGrid(300, 1), team_of(threads),
                                               std::vector<std::uint64_t>{}, map, append);
    EXPECT_EQ(result.status, LoopStatus::completed);
    EXPECT_EQ(result.chunks, 300u);
    ASSERT_EQ(result.value.size(), 300u);
    for (std::uint64_t i = 0; i < 300; ++i) EXPECT_EQ(result.value[i], i);
  }
}

// Counts its live instances: what a reduction holds at a time.
struct Counted {
  static inline std::atomic<int> alive{0};
  static inline std::atomic<int> most{0};
  Counted() { rise(); }
  Counted(Counted&&) noexcept { rise(); }
  Counted& operator=(Counted&&) = delete;
  ~Counted() { --alive; }

 private:
  static void rise() {
    const int now = ++alive;
    int seen = most.load();
    while (seen < now && !most.compare_exchange_weak(seen, now)) {
    }
  }
};

TEST(ParallelReduce, HoldsAFewPartialsPerThreadHoweverSlowTheFirstChunkIs) {
  Counted::most = 0;
  const auto map = [](const Chunk& chunk) {
    if (chunk.index == 0) std::this_thread::sleep_for(std::chrono::milliseconds(30));
    return Counted();
  };
  const auto drop = [](int& count, Counted&&) { ++count; };
  const auto result = parallel_reduce_chunks(ChunkGrid(5000, 1), team_of(3), 0, map, drop);
  EXPECT_EQ(result.value, 5000);
  EXPECT_EQ(Counted::alive.load(), 0);
  EXPECT_LE(Counted::most.load(), 3 * 4 + 3);
}

TEST(ParallelReduce, ThrowsTheExceptionOfTheLowestFailingChunkFromMapOrCombine) {
  for (const int map_fails_from : {30, 50}) {
    const auto map = [&](const Chunk& chunk) {
      if (chunk.index >= static_cast<std::uint64_t>(map_fails_from)) {
        throw std::out_of_range(std::to_string(chunk.index));
      }
      return static_cast<int>(chunk.index);
    };
    const auto combine = [](int&, int index) {
      if (index >= 40) throw std::domain_error(std::to_string(index));
    };
    for (const int threads : kTeams) {
      try {
        parallel_reduce_chunks(ChunkGrid(1000, 1), team_of(threads), 0, map, combine);
        FAIL() << "no exception with " << threads << " threads";
      } catch (const std::logic_error& error) {
        EXPECT_STREQ(error.what(), map_fails_from == 30 ? "30" : "40") << threads << " threads";
      }
    }
  }
}

TEST(ParallelReduce, CancelledItReturnsAPrefix) {
  for (const int threads : kTeams) {
    CancellationToken token;
    ParallelOptions options = team_of(threads);
    options.callbacks.cancellation = &token;
    const auto map = [&](const Chunk& chunk) {
      if (chunk.index == 100) token.request();
      return chunk.index + 1;
    };
    const auto add = [](std::uint64_t& total, std::uint64_t partial) { total += partial; };
    const auto result =
        parallel_reduce_chunks(ChunkGrid(1u << 30, 1), options, std::uint64_t{0}, map, add);
    EXPECT_EQ(result.status, LoopStatus::cancelled);
    EXPECT_GE(result.chunks, 101u);
    EXPECT_LT(result.chunks, 101u + 64u);
    EXPECT_EQ(result.value, result.chunks * (result.chunks + 1) / 2);
  }
}

TEST(ParallelReduce, NothingToReduceGivesTheInitialValue) {
  const auto map = [](const Chunk&) { return 1; };
  const auto add = [](int& total, int partial) { total += partial; };
  const auto result = parallel_reduce_chunks(ChunkGrid(0, 5), team_of(2), 42, map, add);
  EXPECT_EQ(result.value, 42);
  EXPECT_EQ(result.chunks, 0u);
  EXPECT_EQ(result.status, LoopStatus::completed);
}

TEST(ParallelReduce, NestedInAChunkItRunsSeriallyWithTheSameBits) {
  const ChunkGrid inner(5'000, 37);
  const double expected = sum_in_chunks(inner, team_of(1));
  std::vector<double> sums(24);
  std::atomic<bool> left_its_thread{false};
  parallel_for_chunks(ChunkGrid(sums.size(), 1), team_of(3), [&](const Chunk& outer) {
    const auto home = std::this_thread::get_id();
    parallel_for_chunks(inner, team_of(3), [&](const Chunk&) {
      if (std::this_thread::get_id() != home) left_its_thread = true;
    });
    sums[outer.index] = sum_in_chunks(inner, team_of(3));
  });
  EXPECT_FALSE(left_its_thread.load());
  for (const double sum : sums) EXPECT_EQ(sum, expected);
}

}  // namespace
}  // namespace esscher
