#include "long_call.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <thread>

#include "esscher/base/error.h"

namespace esscher::python {
namespace {

struct Report {
  std::string stage;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
};

/// What the working thread has to tell the waiting one.
class Inbox {
 public:
  void report(const Progress& progress) {
    {
      const std::lock_guard lock(mutex_);
      reports_.push_back({std::string(progress.stage), progress.done, progress.total});
    }
    changed_.notify_one();
  }
  void end() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_one();
  }
  /// Waits for news, but not long. Returns whether the work has ended.
  bool wait(std::deque<Report>& reports) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(50),
                      [&] { return ended_ || !reports_.empty(); });
    reports.swap(reports_);
    return ended_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Report> reports_;
  bool ended_ = false;
};

}  // namespace

void run_long(const nb::object& progress, const std::function<void(const Callbacks&)>& work) {
  if (!progress.is_none() && PyCallable_Check(progress.ptr()) == 0) {
    const std::string message =
        rejection("progress", nb::repr(progress).c_str(), "must be a function, or None");
    throw nb::type_error(message.c_str());
  }
  CancellationToken token;
  Inbox inbox;
  Callbacks callbacks;
  callbacks.cancellation = &token;
  if (!progress.is_none()) {
    callbacks.progress = [&](const Progress& state) { inbox.report(state); };
  }
  std::exception_ptr failure;
  std::thread worker([&] {
    // For work that takes no callbacks; what its checkpoints throw is not told, as the stop is.
    const CancellationScope scope(&token);
    try {
      work(callbacks);
    } catch (...) {
      failure = std::current_exception();
    }
    inbox.end();
  });
  std::exception_ptr stop;
  for (bool ended = false; !ended;) {
    std::deque<Report> reports;
    {
      const nb::gil_scoped_release unlocked;
      ended = inbox.wait(reports);
    }
    if (stop) continue;
    try {
      for (const Report& report : reports)
        progress(report.stage.c_str(), report.done, report.total);
      if (PyErr_CheckSignals() != 0) throw nb::python_error();
    } catch (...) {
      stop = std::current_exception();
      token.request();
    }
  }
  {
    const nb::gil_scoped_release unlocked;
    worker.join();
  }
  if (stop) std::rethrow_exception(stop);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace esscher::python
