#pragma once

/// \file
/// Long computations from Python: other threads run meanwhile, Ctrl-C stops them, and they tell how
/// far they are.

#include <nanobind/nanobind.h>

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

}  // namespace esscher::python
