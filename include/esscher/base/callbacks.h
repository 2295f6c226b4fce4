#pragma once

/// \file
/// How a caller follows a long computation and stops it: progress, log lines and cancellation. The
/// library itself never prints and never installs a signal handler.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

namespace esscher {

/// A request to stop, made in one place and seen in many. Requests are cooperative: work that has
/// begun is finished in whole chunks, then the computation returns what it has, as "cancelled".
class CancellationToken {
 public:
  /// Safe from any thread and from a signal handler.
  void request() noexcept { requested_.store(true, std::memory_order_relaxed); }
  bool requested() const noexcept { return requested_.load(std::memory_order_relaxed); }
  /// Makes the token usable again, between computations.
  void reset() noexcept { requested_.store(false, std::memory_order_relaxed); }

 private:
  // A signal handler may touch nothing but lock-free atomics.
  static_assert(std::atomic<bool>::is_always_lock_free);
  std::atomic<bool> requested_{false};
};

/// What checkpoint() throws: no Error, as nothing is wrong.
struct Interrupted {};

/// For computations that take no Callbacks, such as analyse(): while it lives, a request to cancel
/// makes checkpoints on this thread throw Interrupted, out of the call that was made. Scopes nest;
/// the innermost counts. Other threads, those of a parallel loop among them, know nothing of it.
class CancellationScope {
 public:
  /// \param token  outlives this; nullptr: nothing interrupts
  explicit CancellationScope(const CancellationToken* token) noexcept : outer_(current()) {
    current() = token;
  }
  ~CancellationScope() { current() = outer_; }
  CancellationScope(const CancellationScope&) = delete;
  CancellationScope& operator=(const CancellationScope&) = delete;

  static bool cancelled() noexcept { return current() != nullptr && current()->requested(); }

 private:
  static const CancellationToken*& current() noexcept {
    thread_local const CancellationToken* token = nullptr;
    return token;
  }
  const CancellationToken* outer_;
};

/// Stands in loops that may take long; costs some nanoseconds.
/// \throws Interrupted
inline void checkpoint() {
  if (CancellationScope::cancelled()) throw Interrupted();
}

/// How far one stage of a computation has come, in units of that stage (chunks, steps, cases).
struct Progress {
  std::string_view stage;  ///< which stage; alive during the call only
  std::uint64_t done = 0;
  std::uint64_t total = 0;  ///< never 0
};

enum class LogLevel { debug, info, warning };

/// What a caller may ask to be told. Everything is optional; an exception thrown by a callback
/// stops the computation and comes out of the call that was made.
struct Callbacks {
  /// Called with done = 0 at the start of a stage, then with growing `done`, and with done = total
  /// when the stage is complete. One call at a time, but from any thread.
  std::function<void(const Progress&)> progress;
  /// Least time between two calls of `progress` within a stage; its first and last call always
  /// come.
  std::chrono::milliseconds progress_interval{100};
  /// Called on the thread that called the library, with one sentence, no line end.
  std::function<void(LogLevel, std::string_view)> log;
  /// Must outlive the call. nullptr: cannot be cancelled.
  const CancellationToken* cancellation = nullptr;

  bool cancelled() const noexcept { return cancellation != nullptr && cancellation->requested(); }
  void write(LogLevel level, std::string_view message) const {
    if (log) log(level, message);
  }
};

}  // namespace esscher
