#pragma once

/// \file
/// Long computations from Python: other threads run meanwhile, Ctrl-C stops them, and they tell how
/// far they are.

#include <nanobind/nanobind.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "esscher/base/callbacks.h"

namespace esscher::python {

namespace nb = nanobind;

/// Runs \p work on a thread of its own while this one waits without the interpreter's lock, looks
/// for signals every 50 ms and hands progress on: progress(stage, done, total), always from the
/// thread that called. A signal's exception, or one from \p progress, asks the work to stop and
/// comes out once it has; what the work throws comes out as it is.
///
/// A thread of its own has a pool of OpenMP threads of its own, which ends with it: a process that
/// forks afterwards finds no pool half alive.
void run_long(const nb::object& progress, const std::function<void(const Callbacks&)>& work);

/// The same with a result.
template <class Work>
auto long_call(const nb::object& progress, Work&& work) {
  std::optional<decltype(work(std::declval<const Callbacks&>()))> result;
  run_long(progress, [&](const Callbacks& callbacks) { result.emplace(work(callbacks)); });
  return std::move(*result);
}

/// Steps of work up to which a thread of its own would cost more than it is good for. A step is a
/// row read, tilted or drawn, some 20 to 400 ns: one thread is done with so many in 10 ms.
inline constexpr std::uint64_t kBriefSteps = 20'000;

/// work(callbacks, threads), which opens no parallel region where threads is 1. Up to kBriefSteps
/// it is done here and now, by this thread alone and without the interpreter's lock; beyond, as a
/// long call by \p threads. Results do not depend on the number of threads, and so not on which.
template <class Work>
auto brief_or_long_call(std::uint64_t steps, int threads, Work&& work) {
  if (steps > kBriefSteps) {
    return long_call(nb::none(),
                     [&](const Callbacks& callbacks) { return work(callbacks, threads); });
  }
  const nb::gil_scoped_release unlocked;
  return work(Callbacks{}, 1);
}

}  // namespace esscher::python
